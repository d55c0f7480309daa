/** Cases x rules -> what the rules decide and whether that was expected. */
import type { Decision, Ruleset } from '../index.js';
import type { Case } from './cases.js';
import { refuse } from './refusal.js';

/** How a case came out; the fields and their order are those of the printed line. */
export interface Result {
  readonly name: string;
  readonly allowed: boolean;
  readonly expected: boolean;
  readonly ok: boolean;
  readonly why: string;
}

/**
 * Asks the rules about every case, in order.
 * @throws InputError when a case is about a service that the rules don't speak of
 */
export async function evaluateCases(ruleset: Ruleset, cases: readonly Case[]): Promise<Result[]> {
  for (const { request, where } of cases) {
    // Whatever such a case expects, it tells nothing: the rules file is the wrong one.
    if (!ruleset.services.includes(request.service)) {
      refuse(`${where}: path`, `one of ${ruleset.services.join(' or ')}`, request.service);
    }
  }
  const results: Result[] = [];
  for (const each of cases) results.push(await evaluateCase(ruleset, each));
  return results;
}

/** Asks the rules about one case. */
export async function evaluateCase(ruleset: Ruleset, one: Case): Promise<Result> {
  const { name, expected } = one;
  const decision = await ruleset.evaluate(one.request);
  const { allowed } = decision;
  return { name, allowed, expected, ok: allowed === expected, why: reason(decision) };
}

/** The statement that allowed, or else why each one tried did not. */
function reason({ allowed, tried }: Decision): string {
  const told = allowed ? tried.slice(-1) : tried;
  if (told.length === 0) return 'no rule matches this path and method';
  return told.map(({ line, column, why }) => `${line}:${column} ${why}`).join('; ');
}
