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
