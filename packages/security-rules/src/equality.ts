import { EvaluationError } from './errors.js';
import { LIMITS, Work } from './limits.js';
import { setFromKeys, type ConstrainedValue, type RulesValue, type ValueOf } from './values.js';

let nanCount = 0;

/**
 * How numbers compare: `exact` in Lists and Maps, where 1 and 1.0 differ, `numeric` in Sets, where
 * they are equal. The reference does not specify this; the Firestore emulator 1.19 does the same.
 */
export type Numbers = 'exact' | 'numeric';

/**
 * A text key that is the same for equal values only, so that nested values compare in one pass.
 * @throws EvaluationError if the value is nested too deeply or is a map with unknown fields
 */
export function keyOf(value: RulesValue, work: Work, numbers: Numbers, depth = 0): string {
  if (depth > LIMITS.valueDepth) throw new EvaluationError('the value is nested too deeply');
  work.charge(1);
  switch (value.type) {
    case 'null':
      return 'null';
    case 'bool':
      return value.value ? 'true' : 'false';
    case 'int':
      return `n${value.value}`;
    case 'float':
      return numberKey(value.value, numbers);
    case 'string':
      work.charge(value.value.length / 8);
      return `s${value.value.length}:${value.value}`;
    case 'bytes':
      work.charge(value.value.length / 8);
      return `b${Buffer.from(value.value).toString('hex')}`;
    case 'list':
      return joinKeys(
        value.items.map((item) => keyOf(item, work, numbers, depth + 1)),
        work,
      );
    case 'map':
      return mapKey(value.fields, work, numbers, depth);
    case 'set':
      return `<${[...value.members.keys()].sort().join()}>`;
    case 'map_diff':
      return `d${JSON.stringify([value.added, value.removed, value.changed, value.unchanged].map((keys) => [...keys].sort()))}`;
    case 'path':
      return `p${JSON.stringify(value.segments)}`;
    case 'timestamp':
      return `t${value.nanos}`;
    case 'duration':
      return `D${value.nanos}`;
    case 'latlng':
      return `l${value.latitude},${value.longitude}`;
    case 'constrained':
      // In a list or a map it is equal to itself only, as in Google's emulator.
      if (numbers === 'exact') return `c${idOf(value)}`;
      throw new EvaluationError('the filters of the query do not fix this value');
  }
}

const ids = new WeakMap<ConstrainedValue, number>();
let idCount = 0;

function idOf(value: ConstrainedValue): number {
  let id = ids.get(value);
  if (id === undefined) ids.set(value, (id = idCount += 1));
  return id;
}

function numberKey(value: number, numbers: Numbers): string {
  // NaN is not equal to any value, including itself.
  if (Number.isNaN(value)) return `nan${nanCount++}`;
  if (numbers === 'exact') return `f${value}`;
  return Number.isInteger(value) ? `n${BigInt(value)}` : `n${value}`;
}

/** The key of a list. Its length is charged too, since it repeats the keys of shared parts. */
function joinKeys(keys: readonly string[], work: Work): string {
  for (const key of keys) work.charge(key.length / 16);
  return `[${keys.join()}]`;
}

function mapKey(
  fields: ReadonlyMap<string, RulesValue>,
  work: Work,
  numbers: Numbers,
  depth: number,
): string {
  const entries: string[] = [];
  for (const [name, item] of fields) {
    entries.push(`${name.length}:${name}=${keyOf(item, work, numbers, depth + 1)}`);
  }
  return `{${joinKeys(entries.sort(), work)}}`;
}

/** `==`: values of different types are unequal, except an Integer and a Float of the same value. */
export function equals(left: RulesValue, right: RulesValue, work: Work): boolean {
  if (left.type === 'constrained' || right.type === 'constrained') {
    throw new EvaluationError('the filters of the query do not fix this value');
  }
  if (left.type === 'int' && right.type === 'float') return Number(left.value) === right.value;
  if (left.type === 'float' && right.type === 'int') return left.value === Number(right.value);
  if (left.type !== right.type) return false;
  if (left.type === 'string' && right.type === 'string') return left.value === right.value;
  return keyOf(left, work, 'exact') === keyOf(right, work, 'exact');
}

/** A Set of these values; of equal values it keeps the first. */
export function setOf(values: Iterable<RulesValue>, work = new Work()): ValueOf<'set'> {
  const members = new Map<string, RulesValue>();
  for (const value of values) {
    const key = keyOf(value, work, 'numeric');
    if (!members.has(key)) members.set(key, value);
  }
  return setFromKeys(members);
}

/**
 * Compares two values for `<`, `<=`, `>` and `>=`: negative, zero, positive, or NaN if unordered.
 * @throws EvaluationError for types without an order
 */
export function compare(left: RulesValue, right: RulesValue): number {
  if (left.type === 'int' && right.type === 'int') return order(left.value, right.value);
  if (isNumber(left) && isNumber(right)) {
    const [a, b] = [Number(left.value), Number(right.value)];
    return Number.isNaN(a) || Number.isNaN(b) ? NaN : order(a, b);
  }
  if (left.type === 'string' && right.type === 'string') {
    // By UTF-16 code unit, as in Java, the language of Google's evaluator.
    return order(left.value, right.value);
  }
  if (left.type === 'bytes' && right.type === 'bytes') {
    return Buffer.compare(left.value, right.value);
  }
  if (
    (left.type === 'timestamp' && right.type === 'timestamp') ||
    (left.type === 'duration' && right.type === 'duration')
  ) {
    return order(left.nanos, right.nanos);
  }
  throw new EvaluationError(`can't compare ${left.type} with ${right.type}`);
}

/** Whether the value is an Integer or a Float. */
export function isNumber(value: RulesValue): value is ValueOf<'int'> | ValueOf<'float'> {
  return value.type === 'int' || value.type === 'float';
}

function order<T extends number | bigint | string>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
