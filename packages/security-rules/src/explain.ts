import type { Expression, FunctionDeclaration } from './ast.js';
import type { Outcome } from './evaluator.js';
import type { Source } from './source.js';

/** A condition with many false operands of `||` is explained by the first of them. */
const MAX_PARTS = 3;

/** Explains which parts of a condition made it false or made it fail. */
export function explain(
  condition: Expression,
  outcomes: ReadonlyMap<Expression, Outcome>,
  functions: ReadonlyMap<string, FunctionDeclaration>,
  source: Source,
): string {
  const parts: Expression[] = [];
  // An explicit stack: operands of `||` in source order.
  const open = [condition];
  for (let part = open.pop(); part; part = open.pop()) {
    const inner = decidingParts(part, outcomes, functions);
    if (inner.length > 0) open.push(...inner.toReversed());
    else parts.push(part);
  }
  const reasons = parts.slice(0, MAX_PARTS).map((part) => reasonOf(part, outcomes, source));
  const more = parts.length - reasons.length;
  return [...new Set(reasons)].join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function reasonOf(
  part: Expression,
  outcomes: ReadonlyMap<Expression, Outcome>,
  source: Source,
): string {
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

/** The parts that determined the value of this expression; none if it has no such parts. */
function decidingParts(
  expression: Expression,
  outcomes: ReadonlyMap<Expression, Outcome>,
  functions: ReadonlyMap<string, FunctionDeclaration>,
): Expression[] {
  if (expression.kind === 'call') {
    const result = functions.get(expression.name)?.result;
    return result && outcomes.get(result) === outcomes.get(expression) ? [result] : [];
  }
  if (expression.kind === 'conditional') {
    const { condition, then, otherwise } = expression;
    const outcome = outcomes.get(condition);
    if (outcome instanceof Error || outcome?.type !== 'bool') return [];
    return [outcome.value ? then : otherwise];
  }
  if (expression.kind !== 'binary' || !isFalse(outcomes.get(expression))) return [];
  const { operator, left, right } = expression;
  if (operator === '||') return [left, right];
  if (operator !== '&&') return [];
  return [left, right].filter((operand) => isFalse(outcomes.get(operand))).slice(0, 1);
}

function isFalse(outcome: Outcome | undefined): boolean {
  return !(outcome instanceof Error) && outcome?.type === 'bool' && !outcome.value;
}
