import { computeLifetime, formatCacheControl } from './cache-control.js';

test.each([
  [60, 60, 'public, max-age=30, s-maxage=30, must-revalidate'],
  [60, 59.9, 'public, max-age=29, s-maxage=29, must-revalidate'],
  [60, 15.1, 'public, max-age=7, s-maxage=7, must-revalidate'],
  // A quarter of the bound remains: the shared cache gets all of it.
  [60, 15, 'public, max-age=0, s-maxage=15, must-revalidate'],
  [60, 14.9, 'public, max-age=0, s-maxage=14, must-revalidate'],
  [60, 1, 'public, max-age=0, s-maxage=1, must-revalidate'],
  [60, 0.9, 'public, no-cache'],
  [4, 4, 'public, max-age=2, s-maxage=2, must-revalidate'],
  [1, 1, 'public, max-age=0, s-maxage=1, must-revalidate'],
  [1, 0.99, 'public, no-cache'],
  [0, 0, 'public, no-cache'],
])('REVOCATION_SECONDS %i and a lifetime of %d s: %s', (bound, lifetime, header) => {
  expect(formatCacheControl(bound, lifetime)).toBe(header);
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
  'REVOCATION_SECONDS %i, record age %i s, expiry in %d s: lifetime %d s',
  (bound, age, expiry, lifetime) => {
    expect(computeLifetime(bound, age, expiry)).toBe(lifetime);
  },
);

test('instance, shared cache and browser together never exceed REVOCATION_SECONDS', () => {
  const violations: unknown[] = [];
  for (let bound = 0; bound <= 300; bound++) {
    for (let age = 0; age <= bound; age += 0.25) {
      const header = formatCacheControl(bound, computeLifetime(bound, age));
      const ages = [...header.matchAll(/max-?age=(\d+)/g)].map(([, seconds]) => Number(seconds));
      const worst = ages.reduce((sum, seconds) => sum + seconds, age);
      // One assertion at the end: 180,000 of them take seconds.
      if (!(worst <= bound)) violations.push({ bound, age, header });
    }
  }
  expect(violations).toEqual([]);
});
