import { EvaluationError } from './errors.js';

/** A value of the rules language; times are in nanoseconds (a Timestamp's since 1970). */
export type RulesValue =
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'list'; readonly items: readonly RulesValue[] }
  | MapValue
  | { readonly type: 'set'; readonly members: ReadonlyMap<string, RulesValue> }
  | MapDiffValue
  | ConstrainedValue
  | { readonly type: 'path'; readonly segments: readonly string[] }
  | { readonly type: 'timestamp'; readonly nanos: bigint }
  | { readonly type: 'duration'; readonly nanos: bigint }
  | { readonly type: 'latlng'; readonly latitude: number; readonly longitude: number };

/** One end of a range. */
export interface Bound {
  readonly value: RulesValue;
  readonly inclusive: boolean;
}

/** A value of a document that a query may return: it exists, and the filters of the query limit it. */
export interface ConstrainedValue {
  readonly type: 'constrained';
  /** Values that filters compare it with by `==`, beside others. */
  readonly equal: readonly RulesValue[];
  readonly lower: readonly Bound[];
  readonly upper: readonly Bound[];
  /** Values that it is not. */
  readonly not: readonly RulesValue[];
  /** Present for a list or a set: some of its items. */
  readonly contains?: readonly RulesValue[];
}

export interface MapValue {
  readonly type: 'map';
  readonly fields: ReadonlyMap<string, RulesValue>;
}

/** The result of `a.diff(b)`: keys only in `a` are added, keys only in `b` are removed. */
export interface MapDiffValue {
  readonly type: 'map_diff';
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

export type TypeName = RulesValue['type'];
export type ValueOf<T extends TypeName> = Extract<RulesValue, { readonly type: T }>;

const createdValues = new WeakSet<object>();

function create<V extends RulesValue>(value: V): V {
  createdValues.add(value);
  return value;
}

/** Whether this module created the object. Other data of the same shape is not a rules value. */
export function isRulesValue(value: object): value is RulesValue {
  return createdValues.has(value);
}

export const NULL: ValueOf<'null'> = create({ type: 'null' });
export const TRUE: ValueOf<'bool'> = create({ type: 'bool', value: true });
export const FALSE: ValueOf<'bool'> = create({ type: 'bool', value: false });

const INT_MAX = 2n ** 63n - 1n;
const INT_MIN = -(2n ** 63n);
export const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
const DURATION_MAX = 315_576_000_000n * NANOS_PER_SECOND;
const TIMESTAMP_MIN = BigInt(new Date('0001-01-01T00:00:00Z').getTime()) * NANOS_PER_MILLI;
const TIMESTAMP_MAX = BigInt(Date.UTC(10000, 0, 1)) * NANOS_PER_MILLI - 1n;

/** A Boolean. */
export function bool(value: boolean): ValueOf<'bool'> {
  return value ? TRUE : FALSE;
}

/**
 * A 64-bit Integer.
 * @throws EvaluationError outside that range
 */
export function int(value: bigint | number): ValueOf<'int'> {
  const big = BigInt(value);
  if (big > INT_MAX || big < INT_MIN) throw new EvaluationError('integer overflow');
  return create({ type: 'int', value: big });
}

/** A Float. */
export function float(value: number): ValueOf<'float'> {
  return create({ type: 'float', value });
}

/** A String. */
export function string(value: string): ValueOf<'string'> {
  return create({ type: 'string', value });
}

/** A sequence of Bytes. */
export function bytes(value: Uint8Array): ValueOf<'bytes'> {
  return create({ type: 'bytes', value });
}

/** A List. */
export function list(items: readonly RulesValue[]): ValueOf<'list'> {
  return create({ type: 'list', items });
}

/** A Map with exactly these fields. */
export function map(fields: Iterable<readonly [string, RulesValue]>): MapValue {
  return create({ type: 'map', fields: new Map(fields) });
}

/** A value that a query limits without fixing it. */
export function constrained(limits: Partial<Omit<ConstrainedValue, 'type'>>): ConstrainedValue {
  return create({ type: 'constrained', equal: [], lower: [], upper: [], not: [], ...limits });
}

/** A Path of segments: `path(['databases', '(default)', 'documents', 'a', 'b'])`. */
export function path(segments: readonly string[]): ValueOf<'path'> {
  return create({ type: 'path', segments: [...segments] });
}

/**
 * A Timestamp from a Date or from nanoseconds since 1970.
 * @throws EvaluationError outside the years 1 to 9999
 */
export function timestamp(value: Date | bigint): ValueOf<'timestamp'> {
  const nanos = typeof value === 'bigint' ? value : BigInt(value.getTime()) * NANOS_PER_MILLI;
  if (nanos < TIMESTAMP_MIN || nanos > TIMESTAMP_MAX) {
    throw new EvaluationError('the timestamp is not within the years 1 to 9999');
  }
  return create({ type: 'timestamp', nanos });
}

/**
 * A Duration in nanoseconds.
 * @throws EvaluationError beyond 315,576,000,000 seconds (about 10,000 years) in either direction
 */
export function duration(nanos: bigint): ValueOf<'duration'> {
  if (nanos > DURATION_MAX || nanos < -DURATION_MAX) {
    throw new EvaluationError('the duration is longer than 315,576,000,000 seconds');
  }
  return create({ type: 'duration', nanos });
}

/**
 * A LatLng in degrees.
 * @throws EvaluationError outside -90 to 90 and -180 to 180
 */
export function latlng(latitude: number, longitude: number): ValueOf<'latlng'> {
  if (!(Math.abs(latitude) <= 90)) throw new EvaluationError('latitude is not within -90 to 90');
  if (!(Math.abs(longitude) <= 180)) {
    throw new EvaluationError('longitude is not within -180 to 180');
  }
  return create({ type: 'latlng', latitude, longitude });
}

/** A Set. The keys of `members` come from `keyOf` in `equality.ts`. */
export function setFromKeys(members: ReadonlyMap<string, RulesValue>): ValueOf<'set'> {
  return create({ type: 'set', members });
}

/** The result of comparing two maps. */
export function mapDiff(parts: Omit<MapDiffValue, 'type'>): MapDiffValue {
  return create({ type: 'map_diff', ...parts });
}
