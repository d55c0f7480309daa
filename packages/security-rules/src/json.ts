import { LIMITS } from './limits.js';
import { setOf } from './equality.js';
import * as values from './values.js';
import type { RulesValue } from './values.js';

/**
 * Converts a JavaScript value to a rules value: Date becomes Timestamp, bigint and whole numbers
 * Integer, other numbers Float, Uint8Array Bytes, a Set a Set, a Map or an object a Map. Properties
 * that are undefined are dropped. Rules values inside are kept unchanged.
 * @throws TypeError for functions, symbols and values that are nested too deeply
 */
export function fromJson(value: unknown): RulesValue {
  return convert(value, 0);
}

function convert(value: unknown, depth: number): RulesValue {
  if (depth > LIMITS.valueDepth) throw new TypeError('the value is nested too deeply');
  if (value === null || value === undefined) return values.NULL;
  switch (typeof value) {
    case 'boolean':
      return values.bool(value);
    case 'bigint':
      return values.int(value);
    case 'number':
      return Number.isSafeInteger(value) ? values.int(value) : values.float(value);
    case 'string':
      return values.string(value);
    case 'object':
      return convertObject(value, depth + 1);
    default:
      throw new TypeError(`can't convert a ${typeof value} to a rules value`);
  }
}

function convertObject(value: object, depth: number): RulesValue {
  if (values.isRulesValue(value)) return value;
  if (value instanceof Date) return values.timestamp(value);
  if (value instanceof Uint8Array) return values.bytes(value);
  if (Array.isArray(value)) return values.list(value.map((item) => convert(item, depth)));
  if (value instanceof Set) return setOf([...value].map((item) => convert(item, depth)));
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return values.map(
    entries
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [String(key), convert(item, depth)] as const),
  );
}
