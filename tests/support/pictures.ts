/** Kinds of input, made small and quickly. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { PHOTO } from './stack.js';

export const photo = (): Buffer => readFileSync(PHOTO);

/** A plain JPEG of one colour. */
export function plainJpeg(width: number, height: number, background: string): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** The middle of a picture as [red, green, blue]. */
export async function middleOf(data: Buffer): Promise<number[]> {
  const { data: raw, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
  const middle = Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2);
  return [...raw.subarray(middle * info.channels, middle * info.channels + 3)];
}
