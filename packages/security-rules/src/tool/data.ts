/** Converts JSON to values of the rules language; `{"$timestamp": …}` and others mark types that JSON lacks. */
import { z } from 'zod';
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
import { isObject, joinNames, type Place } from './input.js';

const NANOS_PER_MILLI = 1_000_000n;

const DIGITS = 'the decimal digits of a 64-bit integer as a string';

/** A 64-bit Integer from its decimal digits. */
export const INTEGER = z
  .string(DIGITS)
  .regex(/^-?[0-9]{1,19}$/, DIGITS)
  .transform(BigInt)
  .pipe(z.int64(DIGITS))
  .transform(int);

const TIME = 'an RFC 3339 time such as "2025-01-31T12:00:00Z", in the years 1 to 9999';
const TIME_PARTS = /^(.*T\d\d:\d\d:\d\d)(?:[.](\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** A Timestamp from RFC 3339, to the nanosecond. RFC 3339 allows a lowercase `t` and `z`. */
export const TIMESTAMP = z
  .string(TIME)
  .toUpperCase()
  .pipe(z.iso.datetime({ offset: true, error: TIME }).regex(TIME_PARTS, TIME))
  .transform((text, context): RulesValue => {
    const [, seconds = '', fraction = '', offset = ''] = TIME_PARTS.exec(text) ?? [];
    const millis = BigInt(new Date(seconds + offset).getTime());
    try {
      return timestamp(millis * NANOS_PER_MILLI + BigInt(fraction.padEnd(9, '0')));
    } catch {
      context.addIssue({ code: 'custom', message: TIME });
      return z.NEVER;
    }
  });

const NUMBER = 'a number, "NaN", "Infinity" or "-Infinity"';
const FLOAT = z
  .union([z.number(), z.literal(['NaN', 'Infinity', '-Infinity'])], NUMBER)
  .transform((value) => float(Number(value)));

const BASE64 = 'base64';
const BYTES = z
  .string(BASE64)
  // Node.js skips characters that are not base64, so the bytes are encoded again and compared.
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, BASE64)
  .transform((text) => bytes(Buffer.from(text, 'base64')));

const PAIR = '[latitude, longitude] in degrees';
const LATLNG = z
  .tuple([degreesUpTo(90, 'latitude'), degreesUpTo(180, 'longitude')], PAIR)
  .transform(([latitude, longitude]) => latlng(latitude, longitude));

function degreesUpTo(max: number, name: string) {
  const expected = `a ${name} from -${max} to ${max} degrees`;
  return z.number(expected).min(-max, expected).max(max, expected);
}

const SEGMENTS = "a path such as '/a/b', without empty segments";
const PATH = z
  .string(SEGMENTS)
  .regex(/^(?:\/[^/]+)+$/, SEGMENTS)
  .transform((text) => path(text.slice(1).split('/')));

const MARKED: ReadonlyMap<string, z.ZodType<RulesValue>> = new Map<string, z.ZodType<RulesValue>>([
  ['$timestamp', TIMESTAMP],
  ['$bytes', BYTES],
  ['$latlng', LATLNG],
  ['$path', PATH],
  ['$int', INTEGER],
  ['$float', FLOAT],
]);

const EXACT_NUMBER =
  'a number that JSON can hold exactly ({"$int": "…"} and {"$float": …} hold others)';

/**
 * Converts any JSON: whole numbers become Integers, other numbers Floats, and an object whose only key
 * is `$timestamp`, `$bytes`, `$latlng`, `$path`, `$int` or `$float` a value of that type.
 * @throws InputError for a number that JSON has rounded, an unknown `$` key and too deep nesting
 */
export function dataValue(json: unknown, place: Place, depth = 0): RulesValue {
  if (depth > LIMITS.valueDepth) {
    return place.fail(`data at most ${LIMITS.valueDepth} levels deep`, 'more');
  }
  if (json === null) return NULL;
  if (typeof json === 'boolean') return bool(json);
  if (typeof json === 'string') return string(json);
  if (typeof json === 'number') {
    if (Number.isSafeInteger(json)) return int(json);
    const isRounded = !Number.isFinite(json) || Number.isInteger(json);
    return isRounded ? place.fail(EXACT_NUMBER, json) : float(json);
  }
  if (Array.isArray(json)) {
    return list(json.map((item, index) => dataValue(item, place.at(index), depth + 1)));
  }
  if (!isObject(json)) return place.fail('a JSON value', json);
  const keys = Object.keys(json);
  const [key = ''] = keys;
  if (keys.length === 1 && key.startsWith('$')) {
    const schema = MARKED.get(key) ?? place.fail(joinNames([...MARKED.keys()]), key);
    return place.at(key).parse(schema, json[key]);
  }
  return map(
    Object.entries(json).map(([name, value]) => [
      name,
      dataValue(value, place.at(name), depth + 1),
    ]),
  );
}
