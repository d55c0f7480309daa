import type { BinaryOperator, IsType, UnaryOperator } from './ast.js';
import {
  compareConstrained,
  differsConstrained,
  equalsConstrained,
  isInConstrained,
} from './constrained.js';
import { compare, equals, isNumber, keyOf } from './equality.js';
import { EvaluationError } from './errors.js';
import type { Work } from './limits.js';
import { bool, duration, float, int, list, string, timestamp, type RulesValue } from './values.js';

/** Operators that evaluate both operands. The evaluator implements `||` and `&&`. */
export type StrictOperator = Exclude<BinaryOperator, '||' | '&&'>;

/** The value of `left operator right`. */
export function applyBinary(
  operator: StrictOperator,
  left: RulesValue,
  right: RulesValue,
  work: Work,
): RulesValue {
  if (left.type === 'constrained' || right.type === 'constrained') {
    return applyToConstrained(operator, left, right, work);
  }
  switch (operator) {
    case '==':
      return bool(equals(left, right, work));
    case '!=':
      return bool(!equals(left, right, work));
    case '<':
      return bool(compare(left, right) < 0);
    case '<=':
      return bool(compare(left, right) <= 0);
    case '>':
      return bool(compare(left, right) > 0);
    case '>=':
      return bool(compare(left, right) >= 0);
    case 'in':
      return bool(isIn(left, right, work));
    case '+':
      return add(left, right, work);
    case '-':
      return subtract(left, right);
    case '*':
    case '/':
    case '%':
      return calculate(operator, left, right);
  }
}

/** An operator of which an operand is a value that a query limits without fixing it. */
function applyToConstrained(
  operator: StrictOperator,
  left: RulesValue,
  right: RulesValue,
  work: Work,
): RulesValue {
  switch (operator) {
    case '==':
      return bool(equalsConstrained(left, right, work));
    case '!=':
      return bool(differsConstrained(left, right, work));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return bool(compareConstrained(operator, left, right));
    case 'in':
      return bool(isIn(left, right, work));
    default:
      throw new EvaluationError('the filters of the query do not fix this value');
  }
}

/** The value of `!operand` or `-operand`. */
export function applyUnary(operator: UnaryOperator, operand: RulesValue): RulesValue {
  if (operator === '!') {
    if (operand.type === 'bool') return bool(!operand.value);
  } else if (operand.type === 'int') {
    return int(-operand.value);
  } else if (operand.type === 'float') {
    return float(-operand.value);
  } else if (operand.type === 'duration') {
    return duration(-operand.nanos);
  }
  throw new EvaluationError(`'${operator}' can't be applied to ${operand.type}`);
}

/** Whether the value has the type on the right side of `is`. A value that a query limits has none, as in Google's emulator. */
export function isOfType(value: RulesValue, type: IsType): boolean {
  return type === 'number' ? isNumber(value) : value.type === type;
}

function isIn(item: RulesValue, container: RulesValue, work: Work): boolean {
  switch (container.type) {
    case 'constrained':
      return isInConstrained(item, container, work);
    case 'list':
      return container.items.some(
        (other) =>
          // Google's emulator takes a value that a query limits for none of a list.
          other.type !== 'constrained' && item.type === other.type && equals(item, other, work),
      );
    case 'set':
      return container.members.has(keyOf(item, work, 'numeric'));
    case 'map':
      // Google's emulator takes a field that no filter names for missing.
      if (item.type === 'string') return container.fields.has(item.value);
      throw new EvaluationError(`a map's keys are strings, found ${item.type}`);
    default:
      throw new EvaluationError(`'in' expects list, set or map, found ${container.type}`);
  }
}

function add(left: RulesValue, right: RulesValue, work: Work): RulesValue {
  if (left.type === 'string' && right.type === 'string') {
    work.charge((left.value.length + right.value.length) / 2);
    return string(left.value + right.value);
  }
  if (left.type === 'timestamp' && right.type === 'duration') {
    return timestamp(left.nanos + right.nanos);
  }
  if (left.type === 'duration' && right.type === 'timestamp') {
    return timestamp(left.nanos + right.nanos);
  }
  if (left.type === 'duration' && right.type === 'duration') {
    return duration(left.nanos + right.nanos);
  }
  return calculate('+', left, right);
}

function subtract(left: RulesValue, right: RulesValue): RulesValue {
  if (left.type === 'timestamp' && right.type === 'duration') {
    return timestamp(left.nanos - right.nanos);
  }
  if (
    (left.type === 'timestamp' && right.type === 'timestamp') ||
    (left.type === 'duration' && right.type === 'duration')
  ) {
    return duration(left.nanos - right.nanos);
  }
  return calculate('-', left, right);
}

type Arithmetic = '+' | '-' | '*' | '/' | '%';

/** Integer arithmetic for two Integers, Float arithmetic otherwise. */
function calculate(operator: Arithmetic, left: RulesValue, right: RulesValue): RulesValue {
  if (left.type === 'int' && right.type === 'int') {
    return int(calculateIntegers(operator, left.value, right.value));
  }
  if (isNumber(left) && isNumber(right)) {
    return float(calculateFloats(operator, Number(left.value), Number(right.value)));
  }
  throw new EvaluationError(`'${operator}' can't be applied to ${left.type} and ${right.type}`);
}

function calculateIntegers(operator: Arithmetic, left: bigint, right: bigint): bigint {
  if (right === 0n && (operator === '/' || operator === '%')) {
    throw new EvaluationError('division by zero');
  }
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
  }
}

function calculateFloats(operator: Arithmetic, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
  }
}

/** `object.name` and, for maps, `object['name']`. */
export function member(object: RulesValue, name: string): RulesValue {
  if (object.type !== 'map') {
    throw new EvaluationError(`a ${object.type} has no property '${name}'`);
  }
  const field = object.fields.get(name);
  if (!field) throw new EvaluationError(`property '${name}' is undefined`);
  return field;
}

/** `object[index]`. */
export function element(object: RulesValue, index: RulesValue, work: Work): RulesValue {
  if (object.type === 'map') {
    if (index.type !== 'string') throw new EvaluationError(`expected string, found ${index.type}`);
    return member(object, index.value);
  }
  switch (object.type) {
    case 'list':
      return at(object.items, index);
    case 'path':
      return string(at(object.segments, index));
    case 'string':
      work.charge(object.value.length / 8);
      return string(at(object.value.split(''), index));
    default:
      throw new EvaluationError(`a ${object.type} has no index`);
  }
}

function at<T>(items: readonly T[], index: RulesValue): T {
  if (index.type !== 'int') throw new EvaluationError(`expected int, found ${index.type}`);
  const item = items[Number(index.value)];
  if (item === undefined) throw new EvaluationError(`index ${index.value} is out of range`);
  return item;
}

/** `object[from:to]`; `to` is exclusive. */
export function range(
  object: RulesValue,
  from: RulesValue,
  to: RulesValue,
  work: Work,
): RulesValue {
  switch (object.type) {
    case 'list':
      work.charge(object.items.length);
      return list(slice(object.items, from, to));
    case 'string':
      work.charge(object.value.length / 8);
      return string(slice(object.value.split(''), from, to).join(''));
    default:
      throw new EvaluationError(`a ${object.type} has no range`);
  }
}

function slice<T>(items: readonly T[], from: RulesValue, to: RulesValue): T[] {
  if (from.type !== 'int' || to.type !== 'int') {
    throw new EvaluationError(`expected int, found ${from.type === 'int' ? to.type : from.type}`);
  }
  // As in Google's emulator, both `from` and `to - 1` must be valid indexes.
  const size = BigInt(items.length);
  const isWithin = (index: bigint): boolean => index >= 0n && index < size;
  if (!isWithin(from.value) || !isWithin(to.value - 1n) || from.value > to.value) {
    throw new EvaluationError(`range ${from.value}:${to.value} is out of range`);
  }
  return items.slice(Number(from.value), Number(to.value));
}
