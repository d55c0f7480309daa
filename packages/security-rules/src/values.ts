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
  | { readonly type: 'path'; readonly segments: readonly string[] }
  | { readonly type: 'timestamp'; readonly nanos: bigint }
  | { readonly type: 'duration'; readonly nanos: bigint }
  | { readonly type: 'latlng'; readonly latitude: number; readonly longitude: number };

/** A Map. When it is `open`, fields other than those listed may exist: asking is an error. */
export interface MapValue {
  readonly type: 'map';
  readonly fields: ReadonlyMap<string, RulesValue>;
  readonly open?: true;
}

/** What `a.diff(b)` found: keys that only `a` has are added, those that only `b` has removed. */
export interface MapDiffValue {
  readonly type: 'map_diff';
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
}

export type TypeName = RulesValue['type'];
export type ValueOf<T extends TypeName> = Extract<RulesValue, { readonly type: T }>;

const made = new WeakSet<object>();

function make<V extends RulesValue>(value: V): V {
  made.add(value);
  return value;
}

/** Whether this object was made here; data that only looks like a rules value was not. */
export function isRulesValue(value: object): value is RulesValue {
  return made.has(value);
}

export const NULL: ValueOf<'null'> = make({ type: 'null' });
export const TRUE: ValueOf<'bool'> = make({ type: 'bool', value: true });
export const FALSE: ValueOf<'bool'> = make({ type: 'bool', value: false });

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

/** An Integer of 64 bits; leaving that range is an error. */
export function int(value: bigint | number): ValueOf<'int'> {
  const big = BigInt(value);
  if (big > INT_MAX || big < INT_MIN) throw new EvaluationError('integer overflow');
  return make({ type: 'int', value: big });
}

/** A Float. */
export function float(value: number): ValueOf<'float'> {
  return make({ type: 'float', value });
}

/** A String. */
export function string(value: string): ValueOf<'string'> {
  return make({ type: 'string', value });
}

/** A sequence of Bytes. */
export function bytes(value: Uint8Array): ValueOf<'bytes'> {
  return make({ type: 'bytes', value });
}

/** A List. */
export function list(items: readonly RulesValue[]): ValueOf<'list'> {
  return make({ type: 'list', items });
}

/** A Map with exactly these fields. */
export function map(fields: Iterable<readonly [string, RulesValue]>): MapValue {
  return make({ type: 'map', fields: new Map(fields) });
}

/** A Map of which only these fields are known, as of the documents that a query may return. */
export function openMap(fields: Iterable<readonly [string, RulesValue]>): MapValue {
  return make({ type: 'map', fields: new Map(fields), open: true });
}

/** A Path of whole segments: `path(['databases', '(default)', 'documents', 'a', 'b'])`. */
export function path(segments: readonly string[]): ValueOf<'path'> {
  return make({ type: 'path', segments: [...segments] });
}

/** A Timestamp from a Date or from nanoseconds since 1970; the years 1 to 9999. */
export function timestamp(value: Date | bigint): ValueOf<'timestamp'> {
  const nanos = typeof value === 'bigint' ? value : BigInt(value.getTime()) * NANOS_PER_MILLI;
  if (nanos < TIMESTAMP_MIN || nanos > TIMESTAMP_MAX) {
    throw new EvaluationError('the timestamp is not within the years 1 to 9999');
  }
  return make({ type: 'timestamp', nanos });
}

/** A Duration of nanoseconds, at most about 10,000 years either way. */
export function duration(nanos: bigint): ValueOf<'duration'> {
  if (nanos > DURATION_MAX || nanos < -DURATION_MAX) {
    throw new EvaluationError('the duration is longer than 315,576,000,000 seconds');
  }
  return make({ type: 'duration', nanos });
}

/** A LatLng. */
export function latlng(latitude: number, longitude: number): ValueOf<'latlng'> {
  if (!(Math.abs(latitude) <= 90)) throw new EvaluationError('latitude is not within -90 to 90');
  if (!(Math.abs(longitude) <= 180)) {
    throw new EvaluationError('longitude is not within -180 to 180');
  }
  return make({ type: 'latlng', latitude, longitude });
}

/** A Set; `members` are told apart by the key that `equality.ts` gives each. */
export function setFromKeys(members: ReadonlyMap<string, RulesValue>): ValueOf<'set'> {
  return make({ type: 'set', members });
}

/** What comparing two maps found. */
export function mapDiff(parts: Omit<MapDiffValue, 'type'>): MapDiffValue {
  return make({ type: 'map_diff', ...parts });
}
