import { breakEven, costOfFormats } from './break-even.js';
import type { Check } from './results.js';

const check = (format: 'jpeg' | 'webp', bits: number, cpu: number): Check => ({
  ...{ group: 'others', format, edge: 800, target: 70, quality: 60, bits, cpu, ssim: 1 },
  scores: [70],
});

test('a second format pays once the bytes that it saves cost more than it does', () => {
  // 0.48 megapixels: 60,000 bytes of JPEG in 10 ms, 48,000 of WebP in 50 ms.
  const checks = [check('jpeg', 1, 1e4 / 480), check('webp', 0.8, 5e4 / 480)];
  const one = costOfFormats(['jpeg'], checks);
  const both = costOfFormats(['webp', 'jpeg'], checks);
  expect(one).toMatchObject({ objects: 1, bytes: 60_000, viewBytes: 60_000 });
  expect(both).toMatchObject({ objects: 2, bytes: 108_000, viewBytes: 48_000 });
  // 50 ms, one object, and 48 kB for a year, against 12 kB per view.
  const once = 0.05 * 0.000029 + 0.000005 + 0.000048 * 0.02 * 12;
  expect(breakEven(one, both)).toBeCloseTo(once / (0.000012 * 0.12), 6);
  expect(breakEven(one, one)).toBe(Infinity);
});
