/** Pixels -> bytes, one table entry a format. The numbers are explained in docs/derive.md. */
import type { Sharp } from 'sharp';
import type { Format } from '../domain/format.js';
import type { Animation } from './header.js';
import { frameOf, toSharp, type RawImage } from './raw-image.js';
import { orTooMuch } from './vips.js';

/** JPEG has no alpha: what shows through it. */
const BACKDROP = '#ffffff';

/** How sharp is told to encode. */
export type Encoders = Record<Format, (image: Sharp) => Sharp>;

export const ENCODERS: Encoders = {
  avif: (image) => image.avif({ quality: 50, effort: 3 }),
  webp: (image) => image.webp({ quality: 67, effort: 0 }),
  jpeg: (image) =>
    image.flatten({ background: BACKDROP }).jpeg({ quality: 79, optimiseCoding: false }),
};

/**
 * Encodes; sharp writes no EXIF, XMP, IPTC or profile unless told to, and here it is not.
 * @param animation what moves goes on moving in WebP; the other formats have its first frame
 * @throws ImageFailure when it takes too long
 */
export async function encode(
  raw: RawImage,
  format: Format,
  animation: Animation | undefined,
  encoders: Encoders = ENCODERS,
): Promise<Buffer> {
  const moves = format === 'webp' && animation !== undefined;
  const image = encoders[format](toSharp(moves ? raw : frameOf(raw, 0)));
  // Added to what the encoder was told before: quality and effort stay.
  if (moves) image.webp({ delay: animation.delay, loop: animation.loop });
  return orTooMuch(image.toBuffer());
}
