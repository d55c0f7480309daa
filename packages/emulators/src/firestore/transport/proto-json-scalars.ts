/** Scalars and enums of proto3 JSON. */
import { protobuf } from 'google-gax';

/** A map is no `protobuf.Field` for TypeScript. */
export type AnyField = protobuf.Field | protobuf.MapField;

/** The value itself is the problem; the error message repeats it. */
export const REFUSED = 'refused';

/** The value for protobufjs, or the reason why it is refused. */
export type ScalarResult = { value: unknown } | { problem: string };

const MAX_ECHO = 200;
const INTEGER = /^-?\d{1,20}$/;
const DECIMAL = /^-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,5})?$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/**
 * The type of a field as Google's errors name it: `TYPE_INT64`, or the URL of a message or an enum.
 * @param isItem for a value of a map
 */
export function typeName(field: AnyField, isItem = false): string {
  if (field instanceof protobuf.MapField && !isItem) {
    const entry = `${field.name.charAt(0).toUpperCase()}${field.name.slice(1)}Entry`;
    return `type.googleapis.com/${(field.parent?.fullName ?? '').slice(1)}.${entry}`;
  }
  const { resolvedType } = field;
  if (resolvedType) return `type.googleapis.com/${resolvedType.fullName.slice(1)}`;
  return `TYPE_${field.type.toUpperCase()}`;
}

/** Converts a value for a field that is no message; for a repeated field or a map, one of its values. */
export function readScalar(field: AnyField, value: unknown): ScalarResult {
  if (field.resolvedType instanceof protobuf.Enum) return readEnum(field.resolvedType, value);
  switch (field.type) {
    case 'bool':
      return typeof value === 'boolean' ? { value } : { problem: REFUSED };
    case 'string':
      return readString(value);
    case 'bytes':
      return readBytes(value);
    case 'double':
    case 'float':
      return readDouble(value);
    default:
      return readInteger(field.type, value);
  }
}

function readEnum(type: protobuf.Enum, value: unknown): ScalarResult {
  // null is NullValue: any other enum is absent then.
  if (value === null) return { value: type.valuesById[0] };
  if (typeof value === 'number' && type.valuesById[value] !== undefined) {
    return { value: type.valuesById[value] };
  }
  const isName = typeof value === 'string' && Object.hasOwn(type.values, value);
  return isName ? { value } : { problem: REFUSED };
}

function readString(value: unknown): ScalarResult {
  if (typeof value !== 'string') return { problem: REFUSED };
  // UTF-8 cannot encode half a surrogate pair, so gRPC could not send it.
  return /\p{Surrogate}/u.test(value) ? { problem: 'Invalid UTF-8' } : { value };
}

function readBytes(value: unknown): ScalarResult {
  if (typeof value !== 'string') return { problem: REFUSED };
  const padding = value.endsWith('==') ? 2 : Number(value.endsWith('='));
  if (BASE64.test(value) && (value.length - padding) % 4 !== 1)
    return { value: Buffer.from(value, 'base64') };
  const start = JSON.stringify(value.slice(0, MAX_ECHO));
  return { problem: `Base64 decoding failed for ${start}` };
}

function readDouble(value: unknown): ScalarResult {
  // A literal such as 1e999 is too large for a double.
  if (typeof value === 'number') return Number.isFinite(value) ? { value } : { problem: REFUSED };
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') {
    return { value: Number(value) };
  }
  if (typeof value !== 'string' || !DECIMAL.test(value)) return { problem: REFUSED };
  return Number.isFinite(Number(value)) ? { value: Number(value) } : { problem: REFUSED };
}

function readInteger(type: string, value: unknown): ScalarResult {
  const isNumber = typeof value === 'number' && Number.isInteger(value);
  if (!isNumber && !(typeof value === 'string' && INTEGER.test(value))) return { problem: REFUSED };
  const integer = BigInt(value);
  const [min, max] = RANGES[type] ?? [0n, 0n];
  if (integer < min || integer > max) return { problem: REFUSED };
  return { value: type.endsWith('64') ? String(integer) : Number(integer) };
}
