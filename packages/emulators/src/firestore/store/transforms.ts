/**
 * Field transforms of a write.
 * @see https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#fieldtransform
 */
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import { compareValues, equalValues, typeOf, ValueType } from './values.js';

export type FieldTransform = NonNullable<v1.Write['updateTransforms']>[number];

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const NULL: v1.Value = { nullValue: 'NULL_VALUE' };

/**
 * Applies one transform.
 * @param current the value of the field; undefined if it has none
 * @param requestTime value of REQUEST_TIME
 * @returns the field's new value, and what the response reports
 * @throws StatusError INVALID_ARGUMENT
 */
export function applyTransform(
  transform: FieldTransform,
  current: v1.Value | undefined,
  requestTime: v1.Timestamp,
): { value: v1.Value; result: v1.Value } {
  const { setToServerValue, increment, maximum, minimum, appendMissingElements } = transform;
  const { removeAllFromArray } = transform;
  if (setToServerValue != null) {
    if (String(setToServerValue) !== 'REQUEST_TIME') {
      throw new StatusError(Code.INVALID_ARGUMENT, 'set_to_server_value must be REQUEST_TIME.');
    }
    return same({ timestampValue: requestTime });
  }
  if (increment != null) {
    requireNumber(increment, 'increment');
    return same(isNumber(current) ? sum(current, increment) : increment);
  }
  if (maximum != null) {
    requireNumber(maximum, 'maximum');
    return same(isNumber(current) ? larger(current, maximum, 1) : maximum);
  }
  if (minimum != null) {
    requireNumber(minimum, 'minimum');
    return same(isNumber(current) ? larger(current, minimum, -1) : minimum);
  }
  const items = current?.arrayValue?.values ?? [];
  if (appendMissingElements != null) {
    const values = [...items];
    for (const item of appendMissingElements.values ?? []) {
      if (!values.some((value) => equalValues(value, item))) values.push(item);
    }
    return { value: { arrayValue: { values } }, result: NULL };
  }
  if (removeAllFromArray != null) {
    const removed = removeAllFromArray.values ?? [];
    const values = items.filter((item) => !removed.some((value) => equalValues(value, item)));
    return { value: { arrayValue: { values } }, result: NULL };
  }
  throw new StatusError(Code.INVALID_ARGUMENT, 'A field transform must have a transform type.');
}

function same(value: v1.Value): { value: v1.Value; result: v1.Value } {
  return { value, result: value };
}

function isNumber(value: v1.Value | undefined): value is v1.Value {
  return value !== undefined && typeOf(value) === ValueType.Number;
}

function requireNumber(value: v1.Value, name: string): void {
  if (!isNumber(value)) {
    throw new StatusError(Code.INVALID_ARGUMENT, `The operand of ${name} must be a number.`);
  }
}

/** Integers saturate at the limits of int64; with a double the sum is a double. */
function sum(left: v1.Value, right: v1.Value): v1.Value {
  if (left.integerValue == null || right.integerValue == null) {
    return { doubleValue: toNumber(left) + toNumber(right) };
  }
  const total = BigInt(String(left.integerValue)) + BigInt(String(right.integerValue));
  const limited = total > MAX_INT64 ? MAX_INT64 : total < MIN_INT64 ? MIN_INT64 : total;
  return { integerValue: String(limited) };
}

/** The larger (sign 1) or smaller (-1) number; NaN if one is NaN; the field's own if they are equal. */
function larger(current: v1.Value, operand: v1.Value, sign: 1 | -1): v1.Value {
  if (Number.isNaN(current.doubleValue)) return current;
  if (Number.isNaN(operand.doubleValue)) return operand;
  return sign * compareValues(operand, current) > 0 ? operand : current;
}

/** The number of a value, rounded to a double. */
export function toNumber({ integerValue, doubleValue }: v1.Value): number {
  return integerValue == null ? (doubleValue ?? 0) : Number(integerValue);
}
