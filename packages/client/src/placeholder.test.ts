import sharp from 'sharp';
import { rgbaToThumbHash, thumbHashToRGBA } from 'thumbhash';
import { decodeThumbHash, placeholderUrl } from './placeholder.js';

/** A picture with colors and, on request, transparency, in the aspect ratio. */
function hashOf(width: number, height: number, isTransparent = false): string {
  const rgba = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const x = (i % width) / width;
    const y = Math.floor(i / width) / height;
    const alpha = isTransparent && x > 0.5 ? 255 * y : 255;
    rgba.set([255 * x, 255 * y, 255 * (1 - x * y), alpha], i * 4);
  }
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64');
}

const HASHES = [
  ['landscape', hashOf(90, 60)],
  ['portrait', hashOf(40, 100)],
  ['square', hashOf(50, 50)],
  ['panorama', hashOf(100, 12)],
  ['transparent landscape', hashOf(90, 60, true)],
  ['transparent portrait', hashOf(40, 100, true)],
  ['a photo', '1QcSHQRnh493V4dIh4eXh1h4kJUI'],
] as const;

test.each(HASHES)('decodes to the colors of the reference decoder: %s', (_what, hash) => {
  const expected = thumbHashToRGBA(Buffer.from(hash, 'base64'));
  const { width, height, samples, data } = decodeThumbHash(hash, 32);
  expect([width, height]).toEqual([expected.w, expected.h]);
  const differences = Array.from(data, (value, i) => {
    const pixel = Math.floor(i / samples);
    return Math.abs(value - (expected.rgba[pixel * 4 + (i % samples)] ?? NaN));
  });
  // It rounds down, and ours to the nearest.
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
});

test.each(HASHES)('returns a PNG that can be decoded: %s', async (_what, hash) => {
  const [prefix, base64 = ''] = placeholderUrl(hash).split(',');
  expect(prefix).toBe('data:image/png;base64');
  const { data, info } = await sharp(Buffer.from(base64, 'base64'))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const expected = decodeThumbHash(hash, 16);
  expect([info.width, info.height, info.channels]).toEqual([
    expected.width,
    expected.height,
    expected.samples,
  ]);
  expect(Buffer.compare(data, Buffer.from(expected.data))).toBe(0);
});

test('is short: Angular warns above 4,000 characters, and a page has many', () => {
  const lengthOf = (name: string) => {
    const [, hash = ''] = HASHES.find(([what]) => what === name) ?? [];
    return placeholderUrl(hash).length;
  };
  expect(lengthOf('landscape')).toBeLessThan(850);
  expect(lengthOf('transparent landscape')).toBeLessThan(1_510);
});

test.each(['', 'AAAA', 'no base64 !', '1QcSHQRnh493V4dIh4eX', 'AAAAAAAA'])(
  'rejects %j',
  (thumbhash) => {
    expect(() => placeholderUrl(thumbhash)).toThrow('Expected a ThumbHash in base64');
  },
);
