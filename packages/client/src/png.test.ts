import sharp from 'sharp';
import { encodePng } from './png.js';

test.each([
  [1, 1, 3],
  [5, 2, 4],
  [16, 16, 4],
] as const)('encodes %i x %i pixels of %i samples', async (width, height, samples) => {
  const data = Uint8Array.from({ length: width * height * samples }, (_, i) => (i * 37) % 256);
  const png = Buffer.from(encodePng({ width, height, samples, data }));
  // An error for any wrong checksum.
  const decoded = await sharp(png, { failOn: 'warning' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(decoded.info).toMatchObject({ width, height, channels: samples });
  expect(Buffer.compare(decoded.data, data)).toBe(0);
});

test('refuses what does not fit into one block', () => {
  const data = new Uint8Array(200 * 200 * 3);
  expect(() => encodePng({ width: 200, height: 200, samples: 3, data })).toThrow('at most 64 KiB');
});
