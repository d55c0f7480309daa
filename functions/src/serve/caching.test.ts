import { cacheControl, isNotModified } from './caching.js';

test.each([
  [60, undefined, 'public, max-age=30, s-maxage=30, must-revalidate'],
  [61, undefined, 'public, max-age=30, s-maxage=30, must-revalidate'],
  [2, undefined, 'public, max-age=1, s-maxage=1, must-revalidate'],
  [1, undefined, 'public, no-cache'],
  [0, undefined, 'public, no-cache'],
  [60, 10.9, 'public, max-age=5, s-maxage=5, must-revalidate'],
  [60, 1, 'public, no-cache'],
  [60, -5, 'public, no-cache'],
  [60, 1000, 'public, max-age=30, s-maxage=30, must-revalidate'],
])('a bound of %i s with %p s to live: %s', (bound, left, header) => {
  expect(cacheControl(bound, left)).toBe(header);
});

test('a browser behind a shared cache that hides Age never exceeds the bound', () => {
  for (let bound = 0; bound <= 300; bound++) {
    const ages = [...cacheControl(bound).matchAll(/max-?age=(\d+)/g)].map(([, age]) => Number(age));
    const worst = ages.reduce((sum, age) => sum + age, 0);
    expect(worst).toBeLessThanOrEqual(bound);
  }
});

const ETAG = '"abc"';
test.each([
  [undefined, false],
  ['', false],
  ['*', true],
  [' * ', true],
  ['"abc"', true],
  ['W/"abc"', true],
  ['"x", "abc"', true],
  ['"x","y"', false],
  ['abc', false],
  ['"ab"', false],
  ['"abc', false],
])('If-None-Match: %s', (header, expected) => {
  expect(isNotModified(header, ETAG)).toBe(expected);
});
