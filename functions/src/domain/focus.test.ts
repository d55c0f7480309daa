import fc from 'fast-check';
import { formatFocus, isSameFocus, parseFocus } from './focus.js';

test.each([
  ['0.3,0.6', { x: 0.3, y: 0.6 }],
  ['0,1', { x: 0, y: 1 }],
  ['.5,1.0', { x: 0.5, y: 1 }],
])('%s is a focal point', (text, expected) => {
  expect(parseFocus(text)).toEqual(expected);
});

test.each([
  undefined,
  '',
  '0.5',
  '0.5,',
  '0.5,0.5,0.5',
  '1.1,0.5',
  '-0.1,0.5',
  '0.5, 0.5',
  '0.5,NaN',
  '1e-1,0.5',
  '0.1234567,0.5',
  `0.5,0.5${' '.repeat(1e6)}`,
])('%j is none', (text) => {
  expect(parseFocus(text)).toBeUndefined();
});

test('what is written is read', () => {
  const coordinate = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(coordinate, coordinate, (x, y) => {
      const found = parseFocus(formatFocus({ x, y }));
      expect(found?.x).toBeCloseTo(x, 5);
      expect(found?.y).toBeCloseTo(y, 5);
    }),
  );
});

test('compares points', () => {
  expect(isSameFocus(undefined, undefined)).toBe(true);
  expect(isSameFocus({ x: 0, y: 1 }, { x: 0, y: 1 })).toBe(true);
  expect(isSameFocus({ x: 0, y: 1 }, { x: 0, y: 0 })).toBe(false);
  expect(isSameFocus(undefined, { x: 0, y: 1 })).toBe(false);
});
