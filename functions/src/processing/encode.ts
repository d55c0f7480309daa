/** Encodes pixels; one table entry per format. docs/processing.md explains the numbers. */
import type { Sharp } from 'sharp';
import type { Format } from '../domain/format.js';
import type { Animation } from './header.js';
import { frameAt, toSharp, type RawImage } from './raw-image.js';
import { toMemoryFailure } from './open-image.js';
import { replaceDelays } from './webp.js';

/** The background of transparent pixels in JPEG, which has no alpha channel. */
const BACKGROUND = '#ffffff';

/** Sets the output format and its options. */
export type Encoders = Record<Format, (image: Sharp) => Sharp>;

export const ENCODERS: Encoders = {
  avif: (image) => image.avif({ quality: 50, effort: 3 }),
  webp: (image) => image.webp({ quality: 67, effort: 0 }),
  jpeg: (image) =>
    image.flatten({ background: BACKGROUND }).jpeg({ quality: 79, optimiseCoding: false }),
};

/**
 * Encodes without metadata: sharp writes EXIF, XMP, IPTC and profiles only on request.
 * @param animation if present, WebP is animated; the other formats get the first frame
 * @throws ImageFailure when it takes too long or memory runs out
 */
export async function encode(
  image: RawImage,
  format: Format,
  animation: Animation | undefined,
  encoders: Encoders = ENCODERS,
): Promise<Buffer> {
  const isAnimated = format === 'webp' && animation !== undefined;
  const encoder = encoders[format](toSharp(isAnimated ? image : frameAt(image, 0)));
  if (!isAnimated) return toMemoryFailure(encoder.toBuffer());
  const { delay, loop } = animation;
  const hasLongDelay = Math.max(...delay) > MAX_SHARP_DELAY;
  // Adds to the options of the encoder: quality and effort stay.
  encoder.webp({ delay: hasLongDelay ? delay.map(() => PROVISIONAL_DELAY) : delay, loop });
  const data = await toMemoryFailure(encoder.toBuffer());
  return hasLongDelay ? replaceDelays(data, PROVISIONAL_DELAY, delay) : data;
}

/** Milliseconds. sharp accepts no longer delay, although WebP holds 4.6 hours. */
const MAX_SHARP_DELAY = 65_535;
/** Milliseconds, to be replaced after encoding; libvips would change a delay up to 10. */
const PROVISIONAL_DELAY = 11;
