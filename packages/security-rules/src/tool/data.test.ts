import { float, fromJson, int, latlng, path, timestamp } from '../index.js';
import { dataValue, TIMESTAMP } from './data.js';
import { InputError, Place } from './input.js';

const PLACE = new Place('x');

test('converts JSON to the types of Firestore', () => {
  const json = { $z: 0, a: null, b: true, c: 'x', d: 3, e: 2.5, f: [1, { g: [] }], $h: 1, i: {} };
  expect(dataValue(json, PLACE)).toEqual(fromJson(json));
  expect(dataValue(-0, PLACE)).toEqual(int(0));
});

test.each([
  [{ $timestamp: '2025-01-31T12:00:00Z' }, timestamp(new Date('2025-01-31T12:00:00Z'))],
  [{ $bytes: 'AP8=' }, fromJson(Uint8Array.of(0, 255))],
  [{ $bytes: '' }, fromJson(new Uint8Array())],
  [{ $latlng: [48.1, -11.6] }, latlng(48.1, -11.6)],
  [{ $path: '/databases/(default)' }, path(['databases', '(default)'])],
  [{ $int: '9223372036854775807' }, int(2n ** 63n - 1n)],
  [{ $int: '-9223372036854775808' }, int(-(2n ** 63n))],
  [{ $float: 2 }, float(2)],
  [{ $float: 'NaN' }, float(NaN)],
  [{ $float: '-Infinity' }, float(-Infinity)],
])('converts %j', (json, value) => {
  const converted = dataValue(json, PLACE);
  expect(
    converted.type === 'bytes' ? fromJson(Uint8Array.from(converted.value)) : converted,
  ).toEqual(value);
  expect(dataValue([json], PLACE)).toMatchObject({ type: 'list', items: [{ type: value.type }] });
});

test.each<[json: unknown, message: string]>([
  [{ $date: 1 }, 'x: expected $timestamp, $bytes, $latlng, $path, $int or $float, found "$date"'],
  [{ $toString: 1 }, 'x: expected $timestamp'],
  [{ $timestamp: 1 }, 'x: $timestamp: expected an RFC 3339 time'],
  [{ $bytes: 'a' }, 'x: $bytes: expected base64, found "a"'],
  [{ $bytes: 'AP8' }, 'x: $bytes: expected base64'],
  [{ $bytes: null }, 'x: $bytes: expected base64, found null'],
  [{ $latlng: [91, 0] }, 'x: $latlng[0]: expected a latitude from -90 to 90 degrees, found 91'],
  [{ $latlng: [0, 181] }, 'x: $latlng[1]: expected a longitude from -180 to 180 degrees'],
  [{ $latlng: [0] }, 'x: $latlng: expected [latitude, longitude]'],
  [{ $path: 'a/b' }, "x: $path: expected a path such as '/a/b'"],
  [{ $path: '/a//b' }, "x: $path: expected a path such as '/a/b'"],
  [{ $int: '9223372036854775808' }, 'x: $int: expected the decimal digits of a 64-bit integer'],
  [{ $int: 1 }, 'x: $int: expected the decimal digits'],
  [{ $int: '' }, 'x: $int: expected the decimal digits'],
  [{ $float: '1' }, 'x: $float: expected a number'],
  [2 ** 53, 'x: expected a number that JSON can hold exactly'],
  [JSON.parse('1e999'), 'x: expected a number that JSON can hold exactly'],
  [{ a: [0, { $int: 'x' }] }, 'x: a[1].$int: expected the decimal digits'],
  [JSON.parse('['.repeat(200) + ']'.repeat(200)), 'expected data at most 100 levels deep'],
])('rejects %j', (json, message) => {
  expect(() => dataValue(json, PLACE)).toThrow(InputError);
  expect(() => dataValue(json, PLACE)).toThrow(message);
});

test.each([
  ['2025-01-31T12:00:00.123456789Z', 1738324800123456789n],
  ['2025-01-31t12:00:00z', 1738324800000000000n],
  ['2025-01-31T12:00:00+01:30', 1738319400000000000n],
  ['2025-01-31T12:00:00-01:00', 1738328400000000000n],
  ['1969-12-31T23:59:59.5Z', -500000000n],
  ['2024-02-29T00:00:00Z', 1709164800000000000n],
])('%s is %d ns', (text, nanos) => {
  expect(PLACE.parse(TIMESTAMP, text)).toEqual(timestamp(nanos));
});

test.each([
  ...['2025-02-29T00:00:00Z', '2025-01-31', '2025-01-31T12:00:00', '2025-01-31 12:00:00Z'],
  ...['2025-13-01T00:00:00Z', '2025-01-01T24:00:00Z', '2025-01-01T00:00:60Z', 'now', ''],
  ...['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-00:01', '2025-01-01T00:00:00+24:00'],
])('rejects the time %s', (text) => {
  expect(() => PLACE.parse(TIMESTAMP, text)).toThrow(/^x: expected an RFC 3339 time/);
});
