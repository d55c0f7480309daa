import { evaluatePreconditions, parseRangeHeaders } from './conditional.js';

const ETAG = '"abc"';

test.each([
  [undefined, undefined],
  ['', undefined],
  ['*', 'not-modified'],
  [' * ', 'not-modified'],
  ['"abc"', 'not-modified'],
  ['W/"abc"', 'not-modified'],
  ['"x", "abc"', 'not-modified'],
  ['"x","y"', undefined],
  ['abc', undefined],
  ['"ab"', undefined],
  ['"abc', undefined],
])('If-None-Match: %s', (header, expected) => {
  expect(evaluatePreconditions({ 'if-none-match': header }, ETAG)).toBe(expected);
});

test.each([
  [undefined, undefined],
  ['*', undefined],
  ['"abc"', undefined],
  ['"x", "abc"', undefined],
  // A weak entity tag never matches in a strong comparison.
  ['W/"abc"', 'failed'],
  ['"x"', 'failed'],
  ['', 'failed'],
])('If-Match: %s', (header, expected) => {
  expect(evaluatePreconditions({ 'if-match': header }, ETAG)).toBe(expected);
});

test('evaluates If-Match before If-None-Match', () => {
  expect(evaluatePreconditions({ 'if-match': '"x"', 'if-none-match': ETAG }, ETAG)).toBe('failed');
  expect(evaluatePreconditions({ 'if-match': ETAG, 'if-none-match': ETAG }, ETAG)).toBe(
    'not-modified',
  );
});

test.each<[string | undefined, ReturnType<typeof parseRangeHeaders>]>([
  [undefined, undefined],
  ['bytes=0-3', { start: 0, end: 3 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-300', { start: 0, end: 9 }],
  ['bytes=0-300', { start: 0, end: 9 }],
  ['BYTES=0-0', { start: 0, end: 0 }],
  ['bytes= 0-3', { start: 0, end: 3 }],
  ['bytes=0-3, 4-5', { start: 0, end: 5 }],
  ['bytes=0-3,2-5', { start: 0, end: 5 }],
  // Separate ranges: Cloud Storage returns one range at a time.
  ['bytes=0-1,8-9', undefined],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=10-20,30-40', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  // Malformed, or another unit: ignored (RFC 9110 section 14.2).
  ['bytes=', undefined],
  ['bytes=-', undefined],
  ['bytes=a-b', undefined],
  ['bytes=0x1-3', undefined],
  ['items=0-3', undefined],
  ['bytes 0-3', undefined],
])('Range: %s of 10 bytes', (range, expected) => {
  expect(parseRangeHeaders({ range }, ETAG, 10)).toEqual(expected);
});

test.each([
  [ETAG, true],
  ['"x"', false],
  ['W/"abc"', false],
  ['Wed, 21 Oct 2015 07:28:00 GMT', false],
  ['*', false],
])('If-Range: %s', (ifRange, isUsed) => {
  const range = parseRangeHeaders({ range: 'bytes=0-3', 'if-range': ifRange }, ETAG, 10);
  expect(range !== undefined).toBe(isUsed);
});
