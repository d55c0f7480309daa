import type { Expression, FunctionDeclaration } from './ast.js';
import type { Outcome } from './evaluator.js';
import type { Source } from './source.js';

/** Explains which part of a condition made it false or made it fail. */
export function explain(
  condition: Expression,
  outcomes: ReadonlyMap<Expression, Outcome>,
  functions: ReadonlyMap<string, FunctionDeclaration>,
  source: Source,
): string {
  let part = condition;
  for (;;) {
    const inner = decidingPart(part, outcomes, functions);
    if (!inner) break;
    part = inner;
  }
  const outcome = outcomes.get(part);
  const { line, column } = source.position(part.start);
  const text = source.excerpt(part.start, part.end);
  if (outcome instanceof Error) {
    const position = source.position(outcome.offset ?? part.start);
    return `error at ${position.line}:${position.column}: ${outcome.message}`;
  }
  if (outcome?.type === 'bool') return `${text} is ${outcome.value} (${line}:${column})`;
  return `${text} is ${outcome?.type ?? 'not evaluated'} and not bool (${line}:${column})`;
}

/** The part that alone determined the value of this expression, if there is one. */
function decidingPart(
  expression: Expression,
  outcomes: ReadonlyMap<Expression, Outcome>,
  functions: ReadonlyMap<string, FunctionDeclaration>,
): Expression | undefined {
  if (expression.kind === 'call') {
    const result = functions.get(expression.name)?.result;
    const isSource = result && outcomes.get(result) === outcomes.get(expression);
    return isSource ? result : undefined;
  }
  if (expression.kind !== 'binary') return undefined;
  const { operator, left, right } = expression;
  if (operator !== '&&') return undefined;
  return [left, right].find((operand) => isFalse(outcomes.get(operand)));
}

function isFalse(outcome: Outcome | undefined): boolean {
  return !(outcome instanceof Error) && outcome?.type === 'bool' && !outcome.value;
}
