/** JSON -> values of the rules language, with `{"$timestamp": …}` and its kin for the rest. */
import {
  bool,
  bytes,
  float,
  int,
  latlng,
  LIMITS,
  list,
  map,
  NULL,
  path,
  string,
  timestamp,
  type RulesValue,
} from '../index.js';
import { isObject, oneOf, refuse } from './refusal.js';

const NANOS_PER_MILLI = 1_000_000n;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

const SPECIAL: Readonly<Record<string, (value: unknown, where: string) => RulesValue>> = {
  $timestamp: timestampValue,
  $bytes: bytesValue,
  $latlng: latlngValue,
  $path: (value, where) => path(pathSegments(value, where)),
  $int: intValue,
  $float: floatValue,
};
const SPECIAL_NAMES = Object.keys(SPECIAL);

/**
 * Any JSON as a value: whole numbers become ints, other numbers floats, objects with the one key
 * `$timestamp`, `$bytes`, `$latlng`, `$path`, `$int` or `$float` what that key says.
 * @param where names the value in the sentence of a refusal
 * @throws InputError for what can't be told exactly, and for an unknown `$` key
 */
export function dataValue(json: unknown, where: string, depth = 0): RulesValue {
  if (depth > LIMITS.valueDepth) {
    return refuse(where, `data at most ${LIMITS.valueDepth} levels deep`, 'more');
  }
  if (json === null) return NULL;
  if (typeof json === 'boolean') return bool(json);
  if (typeof json === 'string') return string(json);
  if (typeof json === 'number') return numberValue(json, where);
  if (Array.isArray(json)) {
    return list(json.map((item, index) => dataValue(item, `${where}[${index}]`, depth + 1)));
  }
  if (!isObject(json)) return refuse(where, 'a value of JSON', json);
  const keys = Object.keys(json);
  const [key = ''] = keys;
  if (keys.length === 1 && key.startsWith('$')) {
    const special = Object.hasOwn(SPECIAL, key) ? SPECIAL[key] : undefined;
    return special?.(json[key], `${where}.${key}`) ?? refuse(where, oneOf(SPECIAL_NAMES), key);
  }
  return map(
    Object.entries(json).map(([name, value]) => [
      name,
      dataValue(value, `${where}.${name}`, depth + 1),
    ]),
  );
}

function numberValue(json: number, where: string): RulesValue {
  if (Number.isSafeInteger(json)) return int(json);
  if (!Number.isFinite(json) || Number.isInteger(json)) {
    // JSON's reader has rounded it already, so what was meant is lost.
    return refuse(
      where,
      'a number that JSON can hold exactly ({"$int": "…"} and {"$float": …} hold others)',
      json,
    );
  }
  return float(json);
}

/** An Integer from its decimal digits. */
export function intValue(value: unknown, where: string): RulesValue {
  const isDecimal = typeof value === 'string' && /^-?[0-9]{1,19}$/.test(value);
  const number = isDecimal ? BigInt(value) : undefined;
  if (number === undefined || number < INT_MIN || number > INT_MAX) {
    return refuse(where, 'the decimal digits of a 64-bit integer as text', value);
  }
  return int(number);
}

function floatValue(value: unknown, where: string): RulesValue {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return float(Number(value));
  if (typeof value === 'number' && Number.isFinite(value)) return float(value);
  return refuse(where, 'a number, "NaN", "Infinity" or "-Infinity"', value);
}

function bytesValue(value: unknown, where: string): RulesValue {
  const decoded = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  // Node's reader skips what is no base64, so the text is compared with what it should be.
  if (decoded?.toString('base64') !== value || !decoded) return refuse(where, 'base64', value);
  return bytes(decoded);
}

function latlngValue(value: unknown, where: string): RulesValue {
  const pair: unknown[] = Array.isArray(value) ? value : [];
  const [latitude, longitude] = pair;
  if (
    pair.length === 2 &&
    typeof latitude === 'number' &&
    typeof longitude === 'number' &&
    Math.abs(latitude) <= 90 &&
    Math.abs(longitude) <= 180
  ) {
    return latlng(latitude, longitude);
  }
  return refuse(where, '[latitude, longitude] in degrees', value);
}

/** The segments of a path that starts with a slash and has none empty. */
export function pathSegments(value: unknown, where: string): string[] {
  const segments = typeof value === 'string' && value.startsWith('/') ? value.split('/') : [];
  if (segments.length < 2 || segments.slice(1).includes('')) {
    return refuse(where, "a path such as '/a/b', without empty segments", value);
  }
  return segments.slice(1);
}

/** A Timestamp from RFC 3339, to the nanosecond. */
export function timestampValue(value: unknown, where: string): RulesValue {
  const expected = 'a time of RFC 3339, such as "2025-01-31T12:00:00Z", of the years 1 to 9999';
  const parts =
    typeof value === 'string'
      ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.](\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/i.exec(value)
      : null;
  const [, local = '', fraction = '', sign, hours = '0', minutes = '0'] = parts ?? [];
  const millis = Date.parse(`${local.toUpperCase()}Z`);
  // Date takes 31 February for 3 March: what it makes of the text must be the text.
  const exists =
    !Number.isNaN(millis) && new Date(millis).toISOString().startsWith(local.toUpperCase());
  if (!parts || !exists || Number(hours) > 23 || Number(minutes) > 59) {
    return refuse(where, expected, value);
  }
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  const nanos = BigInt(millis - offset) * NANOS_PER_MILLI + BigInt(fraction.padEnd(9, '0'));
  try {
    return timestamp(nanos);
  } catch {
    return refuse(where, expected, value);
  }
}
