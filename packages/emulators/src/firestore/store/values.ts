/**
 * The order and the equality of values.
 * @see https://firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering
 */
import type * as v1 from '../v1.js';
import { compareTimestamps } from './times.js';

/** The types of values in their order; a vector is stored as a map. */
export enum ValueType {
  Null,
  Boolean,
  Number,
  Timestamp,
  String,
  Bytes,
  Reference,
  GeoPoint,
  Array,
  Vector,
  Map,
}

/** The type of a value; a value without a type is null. */
export function typeOf(value: v1.Value): ValueType {
  if (value.stringValue != null) return ValueType.String;
  if (value.integerValue != null || value.doubleValue != null) return ValueType.Number;
  if (value.booleanValue != null) return ValueType.Boolean;
  if (value.mapValue != null) return isVector(value) ? ValueType.Vector : ValueType.Map;
  if (value.arrayValue != null) return ValueType.Array;
  if (value.timestampValue != null) return ValueType.Timestamp;
  if (value.referenceValue != null) return ValueType.Reference;
  if (value.bytesValue != null) return ValueType.Bytes;
  if (value.geoPointValue != null) return ValueType.GeoPoint;
  return ValueType.Null;
}

/** Whether a value is a vector: `{__type__: '__vector__', value: [numbers]}`. */
export function isVector({ mapValue }: v1.Value): boolean {
  return mapValue?.fields?.['__type__']?.stringValue === '__vector__';
}

/** Compares two values: negative when the left one is first. Integers and doubles are compared exactly. */
export function compareValues(left: v1.Value, right: v1.Value): number {
  const type = typeOf(left);
  const difference = type - typeOf(right);
  if (difference !== 0) return difference;
  switch (type) {
    case ValueType.Null:
      return 0;
    case ValueType.Boolean:
      return Number(left.booleanValue) - Number(right.booleanValue);
    case ValueType.Number:
      return compareNumbers(left, right);
    case ValueType.Timestamp:
      return compareTimestamps(left.timestampValue ?? {}, right.timestampValue ?? {});
    case ValueType.String:
      return compareStrings(left.stringValue ?? '', right.stringValue ?? '');
    case ValueType.Bytes:
      return Buffer.compare(toBuffer(left.bytesValue), toBuffer(right.bytesValue));
    case ValueType.Reference:
      return compareNames(left.referenceValue ?? '', right.referenceValue ?? '');
    case ValueType.GeoPoint:
      return compareGeoPoints(left.geoPointValue ?? {}, right.geoPointValue ?? {});
    case ValueType.Array:
      return compareLists(left.arrayValue?.values ?? [], right.arrayValue?.values ?? []);
    case ValueType.Vector: {
      const [leftItems, rightItems] = [vectorItems(left), vectorItems(right)];
      return leftItems.length - rightItems.length || compareLists(leftItems, rightItems);
    }
    case ValueType.Map:
      return compareMaps(left.mapValue?.fields ?? {}, right.mapValue?.fields ?? {});
  }
}

/** Whether two values are equal: `1` and `1.0` are, as are NaN and NaN. */
export function equalValues(left: v1.Value, right: v1.Value): boolean {
  return compareValues(left, right) === 0;
}

/** Compares texts by their UTF-8 bytes. */
export function compareStrings(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (one !== other) return codePointRank(one) - codePointRank(other);
  }
  return left.length - right.length;
}

/** Surrogates stand for characters above U+FFFF, which UTF-8 orders after all others. */
function codePointRank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** Compares resource names by segment; numeric ids (`__id7__`) come before other ids. */
export function compareNames(left: string, right: string): number {
  if (left === right) return 0;
  const [leftParts, rightParts] = [left.split('/'), right.split('/')];
  const length = Math.min(leftParts.length, rightParts.length);
  for (let index = 0; index < length; index++) {
    const difference = compareIds(leftParts[index] ?? '', rightParts[index] ?? '');
    if (difference !== 0) return difference;
  }
  return leftParts.length - rightParts.length;
}

const NUMERIC_ID = /^__id(-?\d{1,19})__$/;

function compareIds(left: string, right: string): number {
  if (left === right) return 0;
  const [leftId, rightId] = [NUMERIC_ID.exec(left)?.[1], NUMERIC_ID.exec(right)?.[1]];
  if (leftId !== undefined && rightId !== undefined) {
    return BigInt(leftId) < BigInt(rightId) ? -1 : 1;
  }
  if (leftId !== undefined || rightId !== undefined) return leftId !== undefined ? -1 : 1;
  return compareStrings(left, right);
}

function compareNumbers(left: v1.Value, right: v1.Value): number {
  const [one, other] = [left.doubleValue ?? undefined, right.doubleValue ?? undefined];
  if (one === undefined && other === undefined) {
    return compareIntegers(String(left.integerValue), String(right.integerValue));
  }
  if (one !== undefined && other !== undefined) return compareDoubles(one, other);
  return other === undefined
    ? -compareIntegerWithDouble(String(right.integerValue), one ?? NaN)
    : compareIntegerWithDouble(String(left.integerValue), other);
}

/** NaN is first; `-0` equals `0`. */
function compareDoubles(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (left === right) return 0;
  return Number(!Number.isNaN(left)) - Number(!Number.isNaN(right));
}

function compareIntegers(left: string, right: string): number {
  if (left === right) return 0;
  const [one, other] = [Number(left), Number(right)];
  // Beyond 2^53 different integers may be the same JavaScript number.
  if (one !== other) return one < other ? -1 : 1;
  const difference = BigInt(left) - BigInt(right);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

function compareIntegerWithDouble(integer: string, double: number): number {
  if (Number.isNaN(double)) return 1;
  const number = Number(integer);
  if (Number.isSafeInteger(number) || !Number.isFinite(double)) {
    return compareDoubles(number, double);
  }
  const whole = Math.trunc(double);
  const difference = BigInt(integer) - BigInt(whole);
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return compareDoubles(0, double - whole);
}

type GeoPoint = NonNullable<v1.Value['geoPointValue']>;

function compareGeoPoints(left: GeoPoint, right: GeoPoint): number {
  return (
    compareDoubles(left.latitude ?? 0, right.latitude ?? 0) ||
    compareDoubles(left.longitude ?? 0, right.longitude ?? 0)
  );
}

function compareLists(left: readonly v1.Value[], right: readonly v1.Value[]): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const difference = compareValues(left[index] ?? {}, right[index] ?? {});
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareMaps(left: v1.Fields, right: v1.Fields): number {
  const [leftKeys, rightKeys] = [sortedKeys(left), sortedKeys(right)];
  const length = Math.min(leftKeys.length, rightKeys.length);
  for (let index = 0; index < length; index++) {
    const [leftKey = '', rightKey = ''] = [leftKeys[index], rightKeys[index]];
    const difference =
      compareStrings(leftKey, rightKey) ||
      compareValues(left[leftKey] ?? {}, right[rightKey] ?? {});
    if (difference !== 0) return difference;
  }
  return leftKeys.length - rightKeys.length;
}

function sortedKeys(fields: v1.Fields): string[] {
  return Object.keys(fields).sort(compareStrings);
}

function vectorItems({ mapValue }: v1.Value): v1.Value[] {
  return mapValue?.fields?.['value']?.arrayValue?.values ?? [];
}

/** Bytes as protobufjs has them, or base64. */
export function toBuffer(bytes: Uint8Array | string | null | undefined): Buffer {
  if (bytes == null) return Buffer.alloc(0);
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether two documents' fields are the same, types of numbers included: then a write changes nothing. */
export function identicalFields(left: v1.Fields, right: v1.Fields): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => {
    const [one, other] = [left[key], right[key]];
    return one !== undefined && other !== undefined && identicalValues(one, other);
  });
}

function identicalValues(left: v1.Value, right: v1.Value): boolean {
  if (left === right) return true;
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  if (type === ValueType.Array) {
    const [one, other] = [left.arrayValue?.values ?? [], right.arrayValue?.values ?? []];
    return (
      one.length === other.length &&
      one.every((item, index) => identicalValues(item, other[index] ?? {}))
    );
  }
  if (type === ValueType.Map || type === ValueType.Vector) {
    return identicalFields(left.mapValue?.fields ?? {}, right.mapValue?.fields ?? {});
  }
  if (type !== ValueType.Number) return equalValues(left, right);
  if (left.doubleValue != null) return Object.is(left.doubleValue, right.doubleValue);
  return right.integerValue != null && equalValues(left, right);
}
