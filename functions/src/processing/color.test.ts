import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { parseConfig } from '../config/config.js';
import { displayP3, toSrgb } from './color.js';
import { decode } from './decode.js';
import { readHeader } from './header.js';
import type { RawImage } from './raw-image.js';

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

/** An ICC profile of version 2 with a matrix and a gamma (ICC.1:2001-04, sections 6.1 to 6.5). */
function rgbProfile(gamma: number, colorants: Record<'rXYZ' | 'gXYZ' | 'bXYZ', number[]>): Buffer {
  const fixed = (values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => bytes.writeInt32BE(Math.round(value * 65536), 4 * i));
    return bytes;
  };
  const curve = Buffer.from('curv\0\0\0\0\0\0\0\x01\0\0\0\0', 'latin1');
  curve.writeUInt16BE(Math.round(gamma * 256), 12);
  const tags: [string, Buffer][] = [
    ...Object.entries(colorants).map(([name, xyz]): [string, Buffer] => [
      name,
      Buffer.concat([Buffer.from('XYZ \0\0\0\0'), fixed(xyz)]),
    ]),
    ...['rTRC', 'gTRC', 'bTRC'].map((name): [string, Buffer] => [name, curve]),
  ];
  const table = Buffer.alloc(4 + 12 * tags.length);
  table.writeUInt32BE(tags.length);
  let offset = 128 + table.length;
  tags.forEach(([name, data], i) => {
    table.write(name, 4 + 12 * i);
    table.writeUInt32BE(offset, 8 + 12 * i);
    table.writeUInt32BE(data.length, 12 + 12 * i);
    offset += data.length;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset);
  header.writeUInt32BE(0x0210_0000, 8);
  header.write('mntrRGB XYZ ', 12);
  header.write('acsp', 36);
  fixed([0.9642, 1, 0.8249]).copy(header, 68);
  return Buffer.concat([header, table, ...tags.map(([, data]) => data)]);
}

/** Adobe RGB (1998), section 4.3: gamma 563/256; its colorants adapted to D50. */
const ADOBE = rgbProfile(563 / 256, {
  rXYZ: [0.60974, 0.31111, 0.01947],
  gXYZ: [0.20528, 0.62567, 0.06087],
  bXYZ: [0.14919, 0.06322, 0.74457],
});

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
  return (await decode(bytes, await readHeader(bytes, limits), size, limits)).data;
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
  ['CMYK', (image) => image.toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 })],
  ['16 bits', (image) => image.toColourspace('rgb16').png()],
  ['16 bits, Display P3', (image) => image.toColourspace('rgb16').withIccProfile('p3').png()],
  ['grey', (image) => image.greyscale().jpeg({ quality: 95 })],
  ['grey, 16 bits', (image) => image.toColourspace('grey16').png()],
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

describe('toSrgb', () => {
  const pixel = (data: number[], frames = 1): RawImage => ({
    data: Buffer.from(data),
    width: 1,
    height: 1,
    channels: 3,
    frames,
  });

  test('clips colors of Display P3 that sRGB does not have', async () => {
    expect([...(await toSrgb(pixel([0, 255, 0]), await displayP3())).data]).toEqual([0, 255, 0]);
    const { data } = await toSrgb(pixel([200, 50, 50]), await displayP3());
    // From the matrices of both spaces (CSS Color 4, section 10).
    expect(
      [...data].map((level, i) => Math.abs(level - ([218, 24, 40][i] as number)) <= 2),
    ).toEqual([true, true, true]);
  });

  test('converts all frames', async () => {
    const { data } = await toSrgb(pixel([200, 50, 50, 200, 50, 50], 2), await displayP3());
    expect(data.subarray(0, 3).equals(data.subarray(3))).toBe(true);
    expect(data[0]).toBeGreaterThan(210);
  });

  test('returns the same object for any sRGB profile', async () => {
    const icc = (
      await sharp(await (await photo()).withIccProfile('srgb').jpeg().toBuffer()).metadata()
    ).icc;
    const raw = pixel([1, 2, 3]);
    expect(await toSrgb(raw, icc as Buffer)).toBe(raw);
  });

  test('ignores an invalid profile', async () => {
    const raw = pixel([200, 50, 50]);
    expect((await toSrgb(raw, Buffer.from('not a profile'))).data).toEqual(raw.data);
  });
});
