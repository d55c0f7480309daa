/** Holds SSIMULACRA2 to published scores of the reference implementation. */
import { ssimulacra2, type Rgb } from './ssimulacra2.js';

function image(edge: number, level: (x: number) => number): Rgb {
  const data = Uint8Array.from({ length: edge * edge * 3 }, (_, index) =>
    level(Math.floor(index / 3) % edge),
  );
  return { data, width: edge, height: edge };
}

/** Points. Plain areas, which differ most, depend on how numbers are rounded; photos are within 0.3. */
const TOLERANCE = 0.5;

/**
 * Scores of the C++ implementation in libjxl, as published with the images' definitions in src/reference_data.rs of
 * https://github.com/imazen/ssimulacra2 (January 2026): gray 128 against a lighter gray, and a gradient against gray.
 */
test.each([
  ['5 levels', 64, 5, 91.52358],
  ['10 levels', 64, 10, 80.24289],
  ['20 levels', 64, 20, 56.05856],
  ['50 levels', 64, 50, -8.75942],
  ['5 levels', 128, 5, 88.54071],
  ['10 levels', 128, 10, 77.84296],
  ['20 levels', 128, 20, 54.27884],
  ['20 levels', 256, 20, 59.77893],
])('gray that is lighter by %s at %d pixels', (_text, edge, shift, published) => {
  const score = ssimulacra2(
    image(edge, () => 128),
    image(edge, () => 128 + shift),
  );
  expect(Math.abs(score - published)).toBeLessThan(TOLERANCE);
});

test('a gradient against gray, and against itself', () => {
  const gradient = image(64, (x) => Math.floor((x * 255) / 63));
  const gray = image(64, () => 128);
  expect(Math.abs(ssimulacra2(gradient, gray) - -64.56872)).toBeLessThan(TOLERANCE);
  expect(ssimulacra2(gradient, gradient)).toBe(100);
});

test('refuses images of different sizes', () => {
  const [small, large] = [image(8, () => 1), image(16, () => 1)];
  expect(() => ssimulacra2(small, large)).toThrow('found 8 x 8 and 16 x 16');
});
