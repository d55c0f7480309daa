/** Evaluates cases against rules and compares each decision with the expected one. */
import type { Decision, Ruleset, RulesRequest } from '../index.js';
import type { Case } from './cases.js';
import { Place } from './input.js';

/** The result of a case; fields and their order are those of the printed line. */
export interface Result {
  readonly name: string;
  readonly allowed: boolean;
  readonly expected: boolean;
  readonly ok: boolean;
  readonly why: string;
}

/**
 * Evaluates every case, in order.
 * @throws InputError when a case is for a service that the rules do not declare
 */
export async function evaluateCases(ruleset: Ruleset, cases: readonly Case[]): Promise<Result[]> {
  for (const { request, label } of cases) expectService(ruleset, request, label);
  const results: Result[] = [];
  for (const each of cases) results.push(await evaluateCase(ruleset, each));
  return results;
}

/**
 * Every request to a service without rules is denied, so tests that expect a denial would pass with the wrong file.
 * @throws InputError when the rules do not declare the service of the request
 */
export function expectService(ruleset: Ruleset, request: RulesRequest, label: string): void {
  if (ruleset.services.includes(request.service)) return;
  const expected = `one of ${ruleset.services.join(' or ')}`;
  new Place(label).at('path').fail(expected, request.service);
}

/** Evaluates one case. */
export async function evaluateCase(ruleset: Ruleset, one: Case): Promise<Result> {
  const { name, expected } = one;
  const decision = await ruleset.evaluate(one.request);
  const { allowed } = decision;
  return { name, allowed, expected, ok: allowed === expected, why: explainDecision(decision) };
}

/** The statement that allowed the request, or the reason of every statement that did not. */
function explainDecision({ allowed, tried }: Decision): string {
  const statements = allowed ? tried.slice(-1) : tried;
  if (statements.length === 0) return 'no rule matches this path and method';
  return statements.map(({ line, column, why }) => `${line}:${column} ${why}`).join('; ');
}
