/** Creates mutants of expressions. */
import type { BinaryOperator, Expression } from '../ast.js';
import { bool, float, int, string } from '../index.js';
import { patternMutants } from './patterns.js';
import { parseExpression } from './tree.js';

/** A part of an expression and its replacement. */
export interface Replacement {
  readonly from: Expression;
  readonly to: Expression;
}

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** Groups of operators that are easily confused. */
const OPERATOR_GROUPS: readonly (readonly BinaryOperator[])[] = [
  ['&&', '||'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['+', '-', '*', '/'],
  ['%', '*', '/'],
];

/** Members that are easily confused. */
const CONFUSED_MEMBERS: ReadonlyMap<string, string> = new Map([
  ['uid', 'token'],
  ['token', 'uid'],
  ['auth', 'resource'],
  ['size', 'generation'],
  ['contentType', 'name'],
  ['name', 'contentType'],
  ['id', '__name__'],
]);

/** Methods whose first argument is a regular expression. */
const PATTERN_METHODS: ReadonlySet<string> = new Set(['matches', 'replace', 'split']);

/**
 * Returns every change of one part of this expression.
 * @param variables the names of the variables in scope
 */
export function expressionMutants(
  expression: Expression,
  variables: readonly string[],
): Replacement[] {
  const changes = changesOf(expression, variables).map((to) => ({ from: expression, to }));
  const inner = partsOf(expression).flatMap((part) => expressionMutants(part, variables));
  return [...changes, ...inner, ...patternChanges(expression)];
}

function changesOf(expression: Expression, variables: readonly string[]): Expression[] {
  switch (expression.kind) {
    case 'binary':
      return binaryChanges(expression);
    case 'unary':
      return [expression.operand];
    case 'is':
      return [{ ...expression, kind: 'unary', operator: '!', operand: expression }];
    case 'conditional':
      return [expression.then, expression.otherwise];
    case 'literal':
      return literalChanges(expression);
    case 'list':
      return expression.items.map((_, index) => ({
        ...expression,
        items: expression.items.toSpliced(index, 1),
      }));
    case 'name':
      return nameChanges(expression, variables);
    case 'member': {
      const { object, property } = expression;
      const other = CONFUSED_MEMBERS.get(property);
      const changed = other === undefined ? [] : [{ ...expression, property: other }];
      // request.resource, the state after the request, is confused with resource, the state before.
      const isNew = property === 'resource' && object.kind === 'name' && object.name === 'request';
      return isNew ? [...changed, parseExpression('resource')] : changed;
    }
    default:
      return [];
  }
}

function binaryChanges(expression: Of<'binary'>): Expression[] {
  const { operator, left, right } = expression;
  const group = OPERATOR_GROUPS.find((operators) => operators.includes(operator)) ?? [];
  const others = group.filter((other) => other !== operator);
  const changed: Expression[] = others.map((other) => ({ ...expression, operator: other }));
  if (operator === '&&' || operator === '||') return [...changed, left, right];
  if (operator !== 'in') return changed;
  return [...changed, { ...expression, kind: 'unary', operator: '!', operand: expression }];
}

function literalChanges(expression: Of<'literal'>): Expression[] {
  const { value } = expression;
  switch (value.type) {
    case 'int':
      return [value.value + 1n, value.value - 1n]
        .filter((number) => BigInt.asIntN(64, number) === number)
        .map((number) => ({ ...expression, value: int(number) }));
    case 'float':
      return [value.value + 1, value.value - 1].map((number) => ({
        ...expression,
        value: float(number),
      }));
    case 'string':
      return [{ ...expression, value: string(`${value.value}x`) }];
    case 'bool':
      return [{ ...expression, value: bool(!value.value) }];
    case 'null':
      return [{ ...expression, value: bool(false) }];
    default:
      return [];
  }
}

function nameChanges(expression: Of<'name'>, variables: readonly string[]): Expression[] {
  if (expression.name === 'resource') return [parseExpression('request.resource')];
  if (!variables.includes(expression.name)) return [];
  return [...new Set(variables)]
    .filter((other) => other !== expression.name)
    .map((name) => ({ ...expression, name }));
}

/** Changes of a regular expression, instead of changes of it as a string. */
function patternChanges(expression: Expression): Replacement[] {
  const from = patternOf(expression);
  if (from?.value.type !== 'string') return [];
  return patternMutants(from.value.value).map((text) => ({
    from,
    to: { ...from, value: string(text) },
  }));
}

function patternOf(expression: Expression): Of<'literal'> | undefined {
  if (expression.kind !== 'method' || !PATTERN_METHODS.has(expression.name)) return undefined;
  const [pattern] = expression.args;
  return pattern?.kind === 'literal' ? pattern : undefined;
}

/** The direct subexpressions. */
function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'member':
      return [expression.object];
    case 'index':
      return [expression.object, expression.index];
    case 'range':
      return [expression.object, expression.from, expression.to];
    case 'call':
      return expression.args;
    case 'method': {
      const pattern = patternOf(expression);
      return [expression.receiver, ...expression.args.filter((arg) => arg !== pattern)];
    }
    case 'unary':
    case 'is':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'conditional':
      return [expression.condition, expression.then, expression.otherwise];
    case 'list':
      return expression.items;
    case 'map':
      return expression.entries.map(([, value]) => value);
    case 'path':
      return expression.segments.filter((part) => typeof part !== 'string');
  }
}
