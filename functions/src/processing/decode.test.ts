import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { parseConfig } from '../config/config.js';
import { decode } from './decode.js';
import { readHeader } from './header.js';

const limits = parseConfig({ BUCKET: 'bucket', TIFF: 'true' });
const photo = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));

/** Red, green, blue and yellow, row by row from the upper left corner. */
const COLORS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
];

function quarters(width = 80, height = 40): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const corner = 2 * Math.floor((2 * y) / height) + Math.floor((2 * x) / width);
      data.set(COLORS[corner] as number[], (y * width + x) * 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function decodeFile(bytes: Buffer, scale = 1) {
  const header = await readHeader(bytes, limits);
  const { width, height } = header.size;
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  return decode(header, size, limits);
}

/** The index in COLORS of each corner's color, in the same order. */
async function corners(bytes: Buffer): Promise<number[]> {
  const { data, width, height, channels } = await decodeFile(bytes);
  return [0, width - 1, (height - 1) * width, height * width - 1].map((at) => {
    const [r = 0, g = 0, b = 0] = data.subarray(at * channels);
    return COLORS.findIndex(
      ([red = 0, green = 0, blue = 0]) =>
        Math.abs(r - red) + Math.abs(g - green) + Math.abs(b - blue) < 60,
    );
  });
}

// EXIF 2.32, section 4.6.4, tag Orientation.
test.each([
  [1, [0, 1, 2, 3]],
  [2, [1, 0, 3, 2]],
  [3, [3, 2, 1, 0]],
  [4, [2, 3, 0, 1]],
  [5, [0, 2, 1, 3]],
  [6, [2, 0, 3, 1]],
  [7, [3, 1, 2, 0]],
  [8, [1, 3, 0, 2]],
])('applies orientation %i', async (orientation, expected) => {
  const bytes = await quarters().jpeg({ quality: 100 }).withMetadata({ orientation }).toBuffer();
  expect(await corners(bytes)).toEqual(expected);
});

test.each<[string, (image: Sharp) => Sharp]>([
  ['baseline JPEG', (image) => image.jpeg({ quality: 100 })],
  ['progressive JPEG', (image) => image.jpeg({ quality: 100, progressive: true })],
  ['PNG', (image) => image.png()],
  ['interlaced PNG', (image) => image.png({ progressive: true })],
  ['PNG of 16 bits', (image) => image.toColourspace('rgb16').png()],
  ['palette PNG', (image) => image.png({ palette: true, colors: 4 })],
  ['WebP', (image) => image.webp({ quality: 100 })],
  ['lossless WebP', (image) => image.webp({ lossless: true })],
  ['GIF', (image) => image.gif()],
  ['AVIF', (image) => image.avif({ quality: 90, effort: 0 })],
  ['CMYK JPEG', (image) => image.toColourspace('cmyk').jpeg({ quality: 100 })],
  ['TIFF', (image) => image.tiff()],
])('decodes %s to 8-bit RGB', async (kind, make) => {
  const bytes = await make(quarters()).toBuffer();
  const { channels, data, width, height, frames } = await decodeFile(bytes);
  expect([channels, width, height, frames]).toEqual([3, 80, 40, 1]);
  expect(data.length).toBe(80 * 40 * 3);
  // CMYK without a profile has no exact RGB colors.
  if (kind !== 'CMYK JPEG') expect(await corners(bytes)).toEqual([0, 1, 2, 3]);
});

describe('alpha', () => {
  const transparent = (alpha: number) => quarters().ensureAlpha(alpha).png().toBuffer();

  test('is kept', async () => {
    const { channels, data } = await decodeFile(await transparent(0.5));
    expect([channels, data[3]]).toEqual([4, 127]);
  });

  test('is dropped when every pixel is opaque', async () => {
    const { channels, data } = await decodeFile(await transparent(1));
    expect([channels, data.length]).toEqual([3, 80 * 40 * 3]);
  });

  test('is kept when one pixel is not opaque', async () => {
    const { data, info } = await quarters()
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    data[data.length - 1] = 254;
    const { channels } = await decodeFile(await sharp(data, { raw: info }).png().toBuffer());
    expect(channels).toBe(4);
  });
});

test('decodes an animation at its original size, one frame after the other', async () => {
  const frame = await quarters().raw().toBuffer();
  const gif = await sharp(Buffer.concat([frame, Buffer.alloc(frame.length)]), {
    raw: { width: 80, height: 80, channels: 3, pageHeight: 40 },
  })
    .gif()
    .toBuffer();
  const raw = await decodeFile(gif, 0.5);
  expect(raw).toMatchObject({ width: 80, height: 40, frames: 2, channels: 3 });
  expect([...raw.data.subarray(0, 3)]).toEqual([255, 0, 0]);
  expect(raw.data.subarray(raw.data.length / 2).every((level) => level === 0)).toBe(true);
});

describe('rejects truncated files', () => {
  const solid = () =>
    sharp({ create: { width: 500, height: 500, channels: 3, background: '#a50' } });
  test.each<[string, () => Buffer | Promise<Buffer>]>([
    ['progressive JPEG', () => photo],
    ['baseline JPEG', () => solid().jpeg().toBuffer()],
    ['PNG', () => solid().png({ compressionLevel: 0 }).toBuffer()],
    ['WebP', () => solid().webp({ lossless: true }).toBuffer()],
    ['GIF', () => sharp(photo).resize(300).gif().toBuffer()],
    ['AVIF', () => sharp(photo).resize(300).avif({ effort: 0 }).toBuffer()],
  ])('%s', async (_kind, make) => {
    const whole = await make();
    await expect(decodeFile(whole.subarray(0, whole.length * 0.6))).rejects.toMatchObject({
      name: 'ImageFailure',
    });
  });
});

test('rejects a JPEG without its last pixels, and accepts one without its end of image', async () => {
  const bytes = await sharp(photo).resize(150, 97).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer();
  await expect(decodeFile(bytes.subarray(0, -10))).rejects.toMatchObject({ code: 'damaged-image' });
  await expect(decodeFile(bytes.subarray(0, -2))).resolves.toMatchObject({ width: 150 });
});
