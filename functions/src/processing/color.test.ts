import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { parseConfig } from '../config/config.js';
import { displayP3, toSrgb } from './color.js';
import { decode } from './decode.js';
import { readHeader } from './header.js';
import type { RawImage } from './raw-image.js';

const bounds = parseConfig({ BUCKET: 'bucket' });
const folder = mkdtempSync(join(tmpdir(), 'colour-'));
afterAll(() => rmSync(folder, { recursive: true }));

const seeding = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));
const photo = () => sharp(seeding).resize(1200, 900, { fit: 'cover' });

/** A matrix and a gamma as an ICC profile of version 2 (ICC.1:2001-04, sections 6.1 to 6.5). */
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

/** How far two pictures are apart, in levels of 255: on the mean, and all but a thousandth. */
function difference(a: Buffer, b: Buffer): { mean: number; most: number } {
  expect(a.length).toBe(b.length);
  const counts = new Array<number>(256).fill(0);
  a.forEach((level, i) => {
    const apart = Math.abs(level - (b[i] as number));
    counts[apart] = (counts[apart] as number) + 1;
  });
  const mean = counts.reduce((sum, count, apart) => sum + count * apart, 0) / a.length;
  let left = a.length / 1000;
  const most = 255 - counts.toReversed().findIndex((count) => (left -= count) < 0);
  return { mean, most };
}

async function decoded(bytes: Buffer) {
  const size = { width: 400, height: 300 };
  return (await decode(bytes, await readHeader(bytes, bounds), size, bounds)).data;
}

/** Colours first, on all pixels, then the resize. */
async function straight(bytes: Buffer): Promise<Buffer> {
  const all = await sharp(bytes).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return sharp(all.data, { raw: all.info })
    .resize({ width: 400, height: 300, fit: 'fill' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
}

test.each<[string, () => Sharp | Promise<Sharp>]>([
  ['sRGB', () => photo().jpeg({ quality: 95 })],
  ['Display P3', () => photo().withIccProfile('p3').jpeg({ quality: 95 })],
  ['Display P3 in PNG', () => photo().withIccProfile('p3').png()],
  ['Display P3 with alpha', () => photo().ensureAlpha(0.5).withIccProfile('p3').png()],
  ['Adobe RGB', () => inProfile(photo(), ADOBE).jpeg({ quality: 95 })],
  ['CMYK', () => photo().toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 })],
  ['16 bits', () => photo().toColourspace('rgb16').png()],
  ['16 bits, Display P3', () => photo().toColourspace('rgb16').withIccProfile('p3').png()],
  ['grey', () => photo().greyscale().jpeg({ quality: 95 })],
  ['grey, 16 bits', () => photo().toColourspace('grey16').png()],
  ['palette', () => photo().png({ palette: true })],
])('%s comes out as a straight conversion would', async (_what, make) => {
  const bytes = await (await make()).toBuffer();
  const apart = difference(await decoded(bytes), await straight(bytes));
  expect(apart.mean).toBeLessThan(0.6);
  expect(apart.most).toBeLessThan(10);
});

test('colours in Display P3 that are not converted would be seen', async () => {
  const p3 = await photo().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer();
  const stripped = await sharp(p3, { ignoreIcc: true }).jpeg({ quality: 95 }).toBuffer();
  expect(difference(await decoded(p3), await decoded(stripped)).mean).toBeGreaterThan(1.5);
});

describe('toSrgb', () => {
  const pixel = (data: number[], frames = 1): RawImage => ({
    data: Buffer.from(data),
    width: 1,
    height: 1,
    channels: 3,
    frames,
  });

  test('Display P3’s green and red are the brightest that sRGB has', async () => {
    expect([...(await toSrgb(pixel([0, 255, 0]), await displayP3())).data]).toEqual([0, 255, 0]);
    const { data } = await toSrgb(pixel([200, 50, 50]), await displayP3());
    // From the matrices of both spaces (CSS Color 4, section 10).
    expect(
      [...data].map((level, i) => Math.abs(level - ([218, 24, 40][i] as number)) <= 2),
    ).toEqual([true, true, true]);
  });

  test('all frames are converted', async () => {
    const { data } = await toSrgb(pixel([200, 50, 50, 200, 50, 50], 2), await displayP3());
    expect(data.subarray(0, 3).equals(data.subarray(3))).toBe(true);
    expect(data[0]).toBeGreaterThan(210);
  });

  test('pixels in sRGB are handed on untouched, whatever its profile is called', async () => {
    const icc = (await sharp(await photo().withIccProfile('srgb').jpeg().toBuffer()).metadata())
      .icc;
    const raw = pixel([1, 2, 3]);
    expect(await toSrgb(raw, icc as Buffer)).toBe(raw);
  });

  test('a profile that is none changes nothing', async () => {
    const raw = pixel([200, 50, 50]);
    expect((await toSrgb(raw, Buffer.from('no profile'))).data).toEqual(raw.data);
  });
});
