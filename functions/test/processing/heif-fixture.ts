/** Decodes HEIF files as the pipeline does, and names the colors of the corners. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { openHeif, resizeTransformed } from '../../src/processing/heif/decode.js';
import { readHeif } from '../../src/processing/heif/image.js';
import { readHeifItems, type HeifItem } from './heif-file.js';

/** The compiled worker: Node runs no TypeScript in a thread. `npm test` builds it first. */
export const WORKER = join(__dirname, '../../lib/processing/heic-worker.js');

export const MAX_PIXELS = 20_000_000;

export interface Shown {
  width: number;
  height: number;
  channels: number;
  data: Buffer | Uint16Array;
}

/** @returns the whole image at its own size, 8 or 16 bits per channel */
export async function show(bytes: Buffer): Promise<Shown> {
  const image = readHeif(bytes, MAX_PIXELS);
  const pixels = await openHeif(image, MAX_PIXELS, WORKER);
  const depth = image.bitDepth === 8 ? 'uchar' : 'ushort';
  const { data, info } = await resizeTransformed(pixels, image.transform, image.size)
    .toColourspace(depth === 'uchar' ? 'srgb' : 'rgb16')
    .raw({ depth })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const values =
    depth === 'uchar' ? data : new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return { width, height, channels, data: values };
}

export const sizeOf = ({ width, height }: { width: number; height: number }) =>
  `${width}x${height}`;

const COLOR_NAMES = 'black blue green cyan red magenta yellow white'.split(' ');

/** The colors of the corners, row by row from the top left. */
export function corners({ width, height, channels, data }: Shown): string {
  const middle = data instanceof Uint16Array ? 32_767 : 127;
  const colorAt = (x: number, y: number) => {
    const start = (y * width + x) * channels;
    const bits = [...data.subarray(start, start + 3)].map((value) => (value > middle ? 1 : 0));
    return COLOR_NAMES[parseInt(bits.join(''), 2)];
  };
  const [right, bottom] = [width - 5, height - 5];
  return [colorAt(4, 4), colorAt(right, 4), colorAt(4, bottom), colorAt(right, bottom)].join(' ');
}

/** The corners of corners.heic. */
export const UPRIGHT = 'red green blue yellow';

export const readFixture = (path: string) =>
  readFileSync(join(__dirname, '../../../tests/fixtures', path));

/** @param path of a file in tests/fixtures with items that readHeifItems can read */
export const itemsOf = (path: string) => readHeifItems(readFixture(path));

export const firstItem = (path: string) => itemsOf(path)[0] as HeifItem;

/** Returns the picture of corners.heic as an item of an AVIF. */
export async function createAvifItem(): Promise<HeifItem> {
  const { data, width, height } = await show(readFixture('heic/corners.heic'));
  const file = await sharp(data, { raw: { width, height, channels: 3 } })
    .avif({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
  return readHeifItems(file)[0] as HeifItem;
}

export const withProperties = (item: HeifItem, ...properties: Buffer[]): HeifItem => ({
  ...item,
  properties: [...item.properties, ...properties],
});
