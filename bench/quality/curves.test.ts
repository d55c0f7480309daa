import { isOnFront, qualityFor, scoresAt, type Point } from './curves.js';

const curve: Point[] = [
  { quality: 40, scores: [40, 50, 60] },
  { quality: 60, scores: [60, 70, 80] },
  { quality: 80, scores: [80, 86, 88] },
];

test('scores between two qualities are interpolated for each photo', () => {
  expect(scoresAt(curve, 50)).toEqual([50, 60, 70]);
  expect(scoresAt(curve, 60)).toEqual([60, 70, 80]);
  expect(scoresAt(curve, 10)).toEqual([40, 50, 60]);
  expect(scoresAt(curve, 95)).toEqual([80, 86, 88]);
});

test.each([
  [70, 60],
  [65, 55],
  // Beyond what the encoder reaches.
  [95, 80],
  [20, 40],
])('the quality for %d is %d', (target, quality) => {
  expect(qualityFor(curve, target)).toBe(quality);
});

test('a photo far below the target raises the quality within the tolerance', () => {
  const uneven: Point[] = [
    { quality: 40, scores: [40, 60, 60] },
    { quality: 60, scores: [70, 80, 80] },
  ];
  // At 45 the median is 65, but one photo has 47.5.
  expect(qualityFor(uneven, 65)).toBe(47);
  // No quality within two points of 62 helps: the nearest one is taken.
  expect(
    qualityFor(
      [
        { quality: 40, scores: [10, 62] },
        { quality: 41, scores: [10, 63] },
      ],
      36,
    ),
  ).toBe(40);
});

test('a setting that another one beats in every respect is not on the front', () => {
  const good = { bits: 1, cpu: 10, score: 70 };
  const slow = { bits: 1, cpu: 20, score: 70 };
  const small = { bits: 0.5, cpu: 20, score: 70 };
  expect([good, slow, small].map((cost) => isOnFront(cost, [good, slow, small]))).toEqual([
    true,
    false,
    true,
  ]);
});
