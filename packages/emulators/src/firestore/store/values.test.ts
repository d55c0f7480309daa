import fc from 'fast-check';
import type * as v1 from '../v1.js';
import { toValue } from './testing.js';
import { compareStrings, compareValues, equalValues, identicalFields } from './values.js';

const int = (value: bigint): v1.Value => ({ integerValue: String(value) });
const double = (doubleValue: number): v1.Value => ({ doubleValue });

/** Ascending; equal values are in one list. */
const ORDER: v1.Value[][] = [
  [{ nullValue: 'NULL_VALUE' }],
  [{ booleanValue: false }],
  [{ booleanValue: true }],
  [double(NaN)],
  [double(-Infinity)],
  [int(-(2n ** 63n)), double(-(2 ** 63))],
  [int(-(2n ** 53n) - 1n)],
  [int(-(2n ** 53n))],
  [int(0n), double(0), double(-0)],
  [double(Number.MIN_VALUE)],
  [int(1n), double(1)],
  [double(1.5)],
  [int(2n ** 53n), double(2 ** 53)],
  [int(2n ** 53n + 1n)],
  [int(2n ** 63n - 1n)],
  [double(2 ** 63)],
  [double(Infinity)],
  [{ timestampValue: { seconds: -1 } }],
  [{ timestampValue: { seconds: '1', nanos: 1 } }],
  [{ timestampValue: { seconds: 1, nanos: 2 } }],
  [{ stringValue: '' }],
  [{ stringValue: 'a' }],
  [{ stringValue: 'a\u0000' }],
  [{ stringValue: '\uffee' }],
  [{ stringValue: '😀' }],
  [{ bytesValue: Buffer.from([]) }],
  [{ bytesValue: Buffer.from([0, 255]) }],
  [{ bytesValue: Buffer.from([1]) }],
  [{ referenceValue: 'projects/p/databases/d/documents/a/__id7__' }],
  [{ referenceValue: 'projects/p/databases/d/documents/a/__id10__' }],
  [{ referenceValue: 'projects/p/databases/d/documents/a/!' }],
  [{ referenceValue: 'projects/p/databases/d/documents/a/b' }],
  [{ referenceValue: 'projects/p/databases/d/documents/a/b/c/d' }],
  [{ geoPointValue: { latitude: -1, longitude: 5 } }],
  [{ geoPointValue: {} }, { geoPointValue: { latitude: 0, longitude: 0 } }],
  [{ geoPointValue: { longitude: 1 } }],
  [toValue([])],
  [toValue([1])],
  [toValue([1, 'a'])],
  [toValue([2])],
  [toValue({ __type__: '__vector__', value: [9] })],
  [toValue({ __type__: '__vector__', value: [1, 2] })],
  [toValue({})],
  [toValue({ a: 1 })],
  [toValue({ a: 1, b: 0 })],
  [toValue({ a: 2 })],
  [toValue({ b: 0 })],
];

test('values are ordered by type, then by value; integers and doubles are compared exactly', () => {
  ORDER.forEach((left, leftIndex) => {
    ORDER.forEach((right, rightIndex) => {
      for (const one of left) {
        for (const other of right) {
          const found = Math.sign(compareValues(one, other)) + 0;
          const pair = JSON.stringify([one, other]);
          expect([pair, found]).toEqual([pair, Math.sign(leftIndex - rightIndex) + 0]);
        }
      }
    });
  });
});

test('texts are ordered as their UTF-8 bytes are', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (left, right) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(compareStrings(left, right))).toBe(expected);
    }),
  );
});

test('a change of a number’s type, or of the sign of zero, is a change', () => {
  expect(equalValues(int(1n), double(1))).toBe(true);
  expect(identicalFields({ a: int(1n) }, { a: double(1) })).toBe(false);
  expect(identicalFields({ a: double(0) }, { a: double(-0) })).toBe(false);
  expect(identicalFields({ a: double(NaN) }, { a: double(NaN) })).toBe(true);
  expect(identicalFields({ a: toValue({ b: [1] }) }, { a: toValue({ b: [1] }) })).toBe(true);
  expect(identicalFields({ a: toValue({ b: [1] }) }, { a: toValue({ b: [double(1)] }) })).toBe(
    false,
  );
  expect(identicalFields({ a: int(1n) }, {})).toBe(false);
});
