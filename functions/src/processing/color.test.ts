import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { parseConfig } from '../config/config.js';
import {
  ADOBE_RGB,
  gama,
  gammaCurv,
  rgbProfile,
  withChunks,
  iccp,
} from '../../test/processing/color-file.js';
import { P3 } from '../../test/processing/color-cases.js';
import { readFixture } from '../../test/processing/heif-fixture.js';
import { toSrgb, type DecodedImage } from './color.js';
import { findColorSpace, type ColorSpace } from './color-space.js';
import { decode } from './decode.js';
import { readHeader } from './header.js';

const limits = parseConfig({ BUCKET: 'bucket' });
const folder = mkdtempSync(join(tmpdir(), 'color-'));
afterAll(() => rmSync(folder, { recursive: true }));

const seeding = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));
const pixels = sharp(seeding)
  .resize(1200, 900, { fit: 'cover' })
  .raw()
  .toBuffer({ resolveWithObject: true });
async function photo(): Promise<Sharp> {
  const { data, info } = await pixels;
  return sharp(data, { raw: info });
}

const ADOBE = rgbProfile(ADOBE_RGB, gammaCurv(563 / 256));

function inProfile(image: Sharp, icc: Buffer): Sharp {
  const file = join(folder, 'profile.icc');
  writeFileSync(file, icc);
  return image.withIccProfile(file);
}

/** Differences in levels of 255: the mean, and the largest after dropping a thousandth as outliers. */
function difference(a: Buffer, b: Buffer): { mean: number; max: number } {
  expect(a.length).toBe(b.length);
  const counts = new Array<number>(256).fill(0);
  a.forEach((level, i) => {
    const distance = Math.abs(level - (b[i] as number));
    counts[distance] = (counts[distance] as number) + 1;
  });
  const mean = counts.reduce((sum, count, distance) => sum + count * distance, 0) / a.length;
  let outliers = a.length / 1000;
  const max = 255 - counts.toReversed().findIndex((count) => (outliers -= count) < 0);
  return { mean, max };
}

async function decodePixels(bytes: Buffer) {
  const size = { width: 400, height: 300 };
  return (await decode(await readHeader(bytes, limits), size, limits)).data;
}

/** The reference: converts all pixels first, then resizes. */
async function convertThenResize(bytes: Buffer): Promise<Buffer> {
  const all = await sharp(bytes).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return sharp(all.data, { raw: all.info })
    .resize({ width: 400, height: 300, fit: 'fill' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
}

test.each<[string, (image: Sharp) => Sharp]>([
  ['sRGB', (image) => image.jpeg({ quality: 95 })],
  ['Display P3', (image) => image.withIccProfile('p3').jpeg({ quality: 95 })],
  ['Display P3 in PNG', (image) => image.withIccProfile('p3').png()],
  ['Display P3 with alpha', (image) => image.ensureAlpha(0.5).withIccProfile('p3').png()],
  ['Adobe RGB', (image) => inProfile(image, ADOBE).jpeg({ quality: 95 })],
  ['16 bits', (image) => image.toColourspace('rgb16').png()],
  ['gray', (image) => image.greyscale().jpeg({ quality: 95 })],
  ['gray, 16 bits', (image) => image.toColourspace('grey16').png()],
  ['palette', (image) => image.png({ palette: true })],
])('%s matches a conversion before the resize', async (_name, make) => {
  const bytes = await make(await photo()).toBuffer();
  const { mean, max } = difference(await decodePixels(bytes), await convertThenResize(bytes));
  expect(mean).toBeLessThan(0.6);
  expect(max).toBeLessThan(10);
});

test('the difference detects Display P3 that is not converted', async () => {
  const p3 = await (await photo()).withIccProfile('p3').jpeg({ quality: 95 }).toBuffer();
  const stripped = await sharp(p3, { ignoreIcc: true }).jpeg({ quality: 95 }).toBuffer();
  expect(difference(await decodePixels(p3), await decodePixels(stripped)).mean).toBeGreaterThan(
    1.5,
  );
});

test('16 bits with Display P3 match 8 bits', async () => {
  const p3 = (image: Sharp) => image.withIccProfile('p3').png().toBuffer();
  const deep = await p3((await photo()).toColourspace('rgb16'));
  expect((await sharp(deep).metadata()).depth).toBe('ushort');
  const { mean, max } = difference(
    await decodePixels(deep),
    await convertThenResize(await p3(await photo())),
  );
  expect(mean).toBeLessThan(0.6);
  expect(max).toBeLessThan(10);
});

describe('TIFF looks like PNG', () => {
  const tiffLimits = { ...limits, tiff: true };
  const lzw = { compression: 'lzw' } as const;
  const size = { width: 400, height: 300 };
  const p3 = async (image: Sharp) =>
    sharp(withChunks(await image.png().toBuffer(), iccp(P3))).keepIccProfile();
  test.each<[string, (image: Sharp) => Sharp | Promise<Sharp>]>([
    ['8 bits', (image) => image],
    ['8 bits, Display P3', p3],
    ['16 bits', (image) => image.toColourspace('rgb16')],
    [
      '16 bits, Display P3',
      async (image) => (await p3(image.toColourspace('rgb16'))).toColourspace('rgb16'),
    ],
    ['gray', (image) => image.toColourspace('b-w')],
    ['16-bit gray', (image) => image.toColourspace('grey16')],
    ['alpha', (image) => image.ensureAlpha(0.5)],
    ['16 bits with alpha', (image) => image.ensureAlpha(0.5).toColourspace('rgb16')],
  ])('%s', async (_name, make) => {
    const colors = async (bytes: Buffer) =>
      (await decode(await readHeader(bytes, tiffLimits), size, tiffLimits)).data;
    const tiff = await (await make(await photo())).tiff(lzw).toBuffer();
    const png = await (await make(await photo())).png().toBuffer();
    expect(difference(await colors(tiff), await colors(png)).max).toBeLessThanOrEqual(1);
  });

  // At full size, because libvips resizes them in their own color space.
  test.each(['lab', 'scrgb'])('%s', async (space) => {
    const full = { width: 1200, height: 900 };
    const tiff = await (await photo()).toColourspace(space).tiff(lzw).toBuffer();
    const { data } = await decode(await readHeader(tiff, tiffLimits), full, tiffLimits);
    expect(difference(data, (await pixels).data).max).toBeLessThanOrEqual(1);
  });

  test('with alpha that is premultiplied', async () => {
    // Half of the light: red 100 of 255, alpha 128.
    const raw = { width: 8, height: 8, channels: 4 } as const;
    const pixels = Buffer.from(Array.from({ length: 64 }, () => [100, 50, 0, 128]).flat());
    const tiff = await sharp(pixels, { raw }).tiff({ compression: 'none' }).toBuffer();
    setAssociatedAlpha(tiff);
    const header = await readHeader(tiff, tiffLimits);
    const { data } = await decode(header, { width: 8, height: 8 }, tiffLimits);
    expect([...data.subarray(0, 4)]).toEqual([199, 99, 0, 128]);
  });
});

describe('gray of limited range is expanded', () => {
  // Files of one plane, which libheif does not expand.
  const read = (bits: number) => readFixture(`conformance/yuv400-${bits}.avif`);
  const colorsOf = async (bytes: Buffer) => {
    const header = await readHeader(bytes, limits);
    return (await decode(header, header.size, limits)).data;
  };
  /** Clears full_range_flag, ISO/IEC 14496-12 section 12.1.5. */
  const asLimited = (file: Buffer) => {
    const copy = Buffer.from(file);
    copy[copy.indexOf('nclx') + 10] = 0;
    return copy;
  };

  test.each([8, 10, 12])('%i bits', async (bits) => {
    const full = await colorsOf(read(bits));
    const limited = await colorsOf(asLimited(read(bits)));
    expect(new Set(full).size).toBeGreaterThan(20);
    const differences = [...full].map((level, i) => {
      const expected = Math.min(255, Math.max(0, ((level - 16) * 255) / 219));
      return Math.abs((limited[i] as number) - expected);
    });
    expect(Math.max(...differences)).toBeLessThan(1.5);
  });
});

/** TIFF 6.0, section 18: the value of the tag ExtraSamples, in a little-endian file. */
function setAssociatedAlpha(tiff: Buffer): void {
  const directory = tiff.readUInt32LE(4);
  const entries = Array.from(
    { length: tiff.readUInt16LE(directory) },
    (_, i) => directory + 2 + 12 * i,
  );
  const entry = entries.find((offset) => tiff.readUInt16LE(offset) === 338) as number;
  tiff.writeUInt16LE(1, entry + 8);
}

test('a linear curve of 16 bits makes no bands in dark colors', async () => {
  // A gradient from 0 to 1 % of the light: 2.5 levels of 8 bits, but 25 levels of sRGB.
  const numbers = Uint16Array.from(
    { length: 3 * 400 * 2 },
    (_, i) => (Math.floor(i / 3) % 400) * 1.64,
  );
  const raw = { width: 400, height: 2, channels: 3 } as const;
  const png = await sharp(numbers, { raw }).toColourspace('rgb16').png().toBuffer();
  const bytes = withChunks(png, gama(100_000));
  const size = { width: 400, height: 2 };
  const { data } = await decode(await readHeader(bytes, limits), size, limits);
  const reds = data.subarray(0, 1200).filter((_, i) => i % 3 === 0);
  expect(new Set(reds).size).toBeGreaterThan(20);
});

describe('toSrgb', () => {
  const pixel = (data: number[], more: Partial<DecodedImage> = {}): DecodedImage => ({
    ...{ width: 1, height: 1, channels: 3, frames: 1, model: 'rgb', bits: 8 },
    data: Buffer.from(data),
    ...more,
  });
  const p3 = findColorSpace({ icc: P3 }, 'rgb') as ColorSpace;

  test('clips colors of Display P3 that sRGB does not have', () => {
    expect([...toSrgb(pixel([0, 255, 0]), p3).data]).toEqual([0, 255, 0]);
    const { data } = toSrgb(pixel([200, 50, 50]), p3);
    // From the matrices of both spaces (CSS Color 4, section 10).
    expect(
      [...data].map((level, i) => Math.abs(level - ([218, 24, 40][i] as number)) <= 2),
    ).toEqual([true, true, true]);
  });

  test('converts all frames', () => {
    const { data } = toSrgb(pixel([200, 50, 50, 200, 50, 50], { frames: 2 }), p3);
    expect(data.subarray(0, 3).equals(data.subarray(3))).toBe(true);
    expect(data[0]).toBeGreaterThan(210);
  });

  test('keeps alpha', () => {
    expect(toSrgb(pixel([200, 50, 50, 77], { channels: 4 }), p3).data[3]).toBe(77);
    const numbers = Uint16Array.of(51_400, 12_850, 12_850, 77 * 257);
    const deep = { channels: 4, bits: 16, data: Buffer.from(numbers.buffer) } as const;
    const { data } = toSrgb(pixel([], deep), p3);
    expect(data).toEqual(toSrgb(pixel([200, 50, 50, 77], { channels: 4 }), p3).data);
  });

  test('reads 16-bit numbers at an odd address', () => {
    const aligned = Buffer.from(Uint16Array.of(51_400, 12_850, 12_850).buffer);
    const odd = Buffer.concat([Buffer.alloc(1), aligned]).subarray(1);
    const convert = (data: Buffer) => toSrgb(pixel([], { bits: 16, data }), p3).data;
    expect(convert(odd)).toEqual(convert(aligned));
  });

  test('returns the same bytes for any sRGB profile', async () => {
    const jpeg = await (await photo()).withIccProfile('srgb').jpeg().toBuffer();
    const { icc } = await sharp(jpeg).metadata();
    const space = findColorSpace({ icc: icc }, 'rgb') as ColorSpace;
    expect(space).toBeDefined();
    const image = pixel([1, 2, 3]);
    expect(toSrgb(image, space).data).toBe(image.data);
    expect([...image.data]).toEqual([1, 2, 3]);
  });

  test('returns the same bytes without a color space', () => {
    const image = pixel([200, 50, 50]);
    expect(toSrgb(image, findColorSpace({ icc: Buffer.from('not a profile') }, 'rgb')).data).toBe(
      image.data,
    );
  });
});
