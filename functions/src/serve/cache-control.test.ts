import { cacheControl, timeLeft } from './cache-control.js';

test.each([
  [60, 60, 'public, max-age=30, s-maxage=30, must-revalidate'],
  [60, 59.9, 'public, max-age=29, s-maxage=29, must-revalidate'],
  [60, 15.1, 'public, max-age=7, s-maxage=7, must-revalidate'],
  // A quarter is left: the shared cache has it all.
  [60, 15, 'public, max-age=0, s-maxage=15, must-revalidate'],
  [60, 14.9, 'public, max-age=0, s-maxage=14, must-revalidate'],
  [60, 1, 'public, max-age=0, s-maxage=1, must-revalidate'],
  [60, 0.9, 'public, no-cache'],
  [4, 4, 'public, max-age=2, s-maxage=2, must-revalidate'],
  [1, 1, 'public, max-age=0, s-maxage=1, must-revalidate'],
  [1, 0.99, 'public, no-cache'],
  [0, 0, 'public, no-cache'],
])('a bound of %i s with %d s left: %s', (bound, left, header) => {
  expect(cacheControl(bound, left)).toBe(header);
});

test.each([
  [60, 0, Infinity, 60],
  [60, 20, Infinity, 40],
  [60, 61, Infinity, 0],
  [60, 20, 10, 10],
  [60, 55, 10, 5],
  [60, 0, -5, 0],
  [0, 0, Infinity, 0],
])(
  'a bound of %i s, a record of %i s, expiring in %d s: %d s are left',
  (bound, age, ends, left) => {
    expect(timeLeft(bound, age, ends)).toBe(left);
  },
);

test('instance, shared cache and browser together never exceed the bound', () => {
  for (let bound = 0; bound <= 300; bound++) {
    for (let age = 0; age <= bound; age += 0.25) {
      const header = cacheControl(bound, timeLeft(bound, age));
      const ages = [...header.matchAll(/max-?age=(\d+)/g)].map(([, seconds]) => Number(seconds));
      const worst = ages.reduce((sum, seconds) => sum + seconds, age);
      expect(worst).toBeLessThanOrEqual(bound);
    }
  }
});
