import type { Expression, FunctionDeclaration } from './ast.js';
import type { Outcome } from './evaluator.js';
import type { Source } from './source.js';

/** Says which part of a condition made it false or fail, for a developer to read. */
export function explain(
  condition: Expression,
  outcomes: ReadonlyMap<Expression, Outcome>,
  functions: ReadonlyMap<string, FunctionDeclaration>,
  source: Source,
): string {
  let found = condition;
  for (;;) {
    const deeper = decider(found, outcomes, functions);
    if (!deeper) break;
    found = deeper;
  }
  const outcome = outcomes.get(found);
  const { line, column } = source.position(found.start);
  const text = source.excerpt(found.start, found.end);
  if (outcome instanceof Error) {
    const at = source.position(outcome.offset ?? found.start);
    return `error at ${at.line}:${at.column}: ${outcome.message}`;
  }
  if (outcome?.type === 'bool') return `${text} is ${outcome.value} (${line}:${column})`;
  return `${text} is ${outcome?.type ?? 'not evaluated'} and not bool (${line}:${column})`;
}

/** The part of this expression that its value came from, when one part alone decided it. */
function decider(
  expression: Expression,
  outcomes: ReadonlyMap<Expression, Outcome>,
  functions: ReadonlyMap<string, FunctionDeclaration>,
): Expression | undefined {
  if (expression.kind === 'call') {
    const result = functions.get(expression.name)?.result;
    const same = result && outcomes.get(result) === outcomes.get(expression);
    return same ? result : undefined;
  }
  if (expression.kind !== 'binary') return undefined;
  const { operator, left, right } = expression;
  if (operator !== '&&') return undefined;
  return [left, right].find((side) => isFalse(outcomes.get(side)));
}

function isFalse(outcome: Outcome | undefined): boolean {
  return !(outcome instanceof Error) && outcome?.type === 'bool' && !outcome.value;
}
