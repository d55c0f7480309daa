/** Small images for integration tests. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { PHOTO } from './stack.js';

export const photo = (): Buffer => readFileSync(PHOTO);

/** A JPEG of one color. @param background a CSS color */
export function plainJpeg(width: number, height: number, background: string): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** Reads the center pixel of an encoded image. @returns red, green and blue, 0 to 255 */
export async function middleOf(data: Buffer): Promise<number[]> {
  const { data: raw, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
  const center = Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2);
  return [...raw.subarray(center * info.channels, center * info.channels + 3)];
}

const COLORS = { red: '#ff0000', green: '#00ff00', blue: '#0000ff', white: '#ffffff' };
const COLUMNS = ['red', 'green', 'blue'] as const;

/** A JPEG with three columns of the same width: red, green and blue. */
export async function columns(width: number, height: number): Promise<Buffer> {
  const bars = COLUMNS.map(async (color, index) => ({
    input: await solidPng(Math.ceil(width / COLUMNS.length), height, COLORS[color]),
    left: Math.floor((width * index) / COLUMNS.length),
    top: 0,
  }));
  return sharp({ create: { width, height, channels: 3, background: '#000000' } })
    .composite(await Promise.all(bars))
    .jpeg({ quality: 95 })
    .toBuffer();
}

/** A PNG of one color. @param background a CSS color */
export function solidPng(width: number, height: number, background: string): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 4, background } })
    .png()
    .toBuffer();
}

/**
 * Names the color at a place of an encoded image.
 * @param x from 0, the left edge, to 1
 * @param y from 0, the top edge, to 1
 * @returns a name of COLORS, or the levels if it is none of them
 */
export async function colorAt(data: Buffer, x: number, y: number): Promise<string> {
  const pixels = sharp(data).toColourspace('srgb').raw();
  const { data: raw, info } = await pixels.toBuffer({ resolveWithObject: true });
  const at = Math.floor(y * info.height) * info.width + Math.floor(x * info.width);
  const found = [...raw.subarray(at * info.channels, at * info.channels + 3)];
  const isNear = (hex: string) =>
    found.every((level, i) => Math.abs(level - parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16)) < 48);
  return Object.entries(COLORS).find(([, hex]) => isNear(hex))?.[0] ?? found.join();
}
