import { encoderQuality } from './quality.js';
import { EDGES, QUALITIES, TARGETS } from './quality-table.js';

const square = (edge: number) => ({ width: edge, height: edge });
const valueAt = (edge: number, target: number) =>
  QUALITIES.jpeg[EDGES.indexOf(edge as 400)]?.[TARGETS.indexOf(target as 70)] as number;

test('targets and sizes of the table have its values; the longer edge counts', () => {
  expect(encoderQuality('jpeg', 70, square(400))).toBe(valueAt(400, 70));
  expect(encoderQuality('jpeg', 70, { width: 225, height: 400 })).toBe(valueAt(400, 70));
});

test('between two of the table, the quality is between theirs', () => {
  const [low, high] = [valueAt(800, 70), valueAt(800, 80)];
  expect(encoderQuality('jpeg', 72, square(800))).toBeGreaterThan(low);
  expect(encoderQuality('jpeg', 78, square(800))).toBeLessThan(high);
});

test('beyond the table, the quality is that of its border', () => {
  expect(encoderQuality('webp', 70, square(1))).toBe(encoderQuality('webp', 70, square(200)));
  expect(encoderQuality('webp', 70, square(16383))).toBe(encoderQuality('webp', 70, square(1600)));
});

test('a higher target never has a lower quality', () => {
  for (const format of ['avif', 'webp', 'jpeg'] as const) {
    for (const edge of [100, 200, 300, 640, 1000, 1600, 4000]) {
      const qualities = Array.from({ length: 31 }, (_, index) =>
        encoderQuality(format, 60 + index, square(edge)),
      );
      expect(qualities).toEqual([...qualities].sort((a, b) => a - b));
      for (const quality of qualities) expect(quality).toBeLessThanOrEqual(100);
    }
  }
});
