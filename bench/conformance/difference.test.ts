import { ciede2000, differenceOf } from './difference.js';

/** Pairs 1, 7, 13, 17, 25 of the test data of Sharma, Wu, Dalal, 2005, table 1. */
test.each([
  [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
  [[50, 0, 0], [50, -1, 2], 2.3669],
  [[50, -0.001, 2.49], [50, 0.0009, -2.49], 4.8045],
  [[50, 2.5, 0], [73, 25, -18], 27.1492],
  [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
] as const)('CIEDE2000 of %j and %j is %d', (a, b, expected) => {
  expect(ciede2000([...a], [...b])).toBeCloseTo(expected, 4);
});

test('one wrong pixel counts less than a wrong area', () => {
  const size = { width: 16, height: 16 };
  const white = new Uint8Array(16 * 16 * 4).fill(255);
  const withSquare = (edge: number) => {
    const pixels = white.slice();
    for (let i = 0; i < edge * edge; i++) {
      const at = ((4 + Math.floor(i / edge)) * 16 + 4 + (i % edge)) * 4;
      pixels.fill(0, at, at + 3);
    }
    return differenceOf(size, white, pixels);
  };
  expect(differenceOf(size, white, white)).toEqual({ mean: 0, worst: 0 });
  expect(withSquare(3).worst).toBeCloseTo(100, 0);
  expect(withSquare(1).worst).toBeLessThan(10);
});
