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

const JPEG_QUALITY = 79;

export const ENCODERS: Encoders = {
  avif: (image) => image.avif({ quality: 50, effort: 3 }),
  webp: (image) => image.webp({ quality: 67, effort: 0 }),
  jpeg: (image) => toJpeg(image, JPEG_QUALITY),
};

function toJpeg(image: Sharp, quality: number): Sharp {
  return image.flatten({ background: BACKGROUND }).jpeg({ quality, optimiseCoding: false });
}

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

/**
 * Settings of JPEG by decreasing size, for a limit of bytes. Photos pass with the first, which is that of
 * ENCODERS; noise of 1200x630 pixels passes 300 kB with quality 20. The blur at the end removes what takes most
 * of the bytes, so that no image takes more than one bit per pixel.
 */
const JPEG_SETTINGS: readonly { quality: number; blur?: number }[] = [
  { quality: JPEG_QUALITY },
  { quality: 65 },
  { quality: 50 },
  { quality: 35 },
  { quality: 20 },
  { quality: 20, blur: 4 },
];

/**
 * Encodes the first frame as JPEG without metadata, at the highest quality that fits.
 * @param maxBytes at least one bit per pixel (see VARIANT_GRAMMAR)
 * @returns at most that many bytes
 * @throws ImageFailure when it takes too long or memory runs out
 */
export async function encodeWithin(image: RawImage, maxBytes: number): Promise<Buffer> {
  let data = Buffer.alloc(0);
  for (const { quality, blur } of JPEG_SETTINGS) {
    const frame = toSharp(frameAt(image, 0));
    if (blur !== undefined) frame.blur(blur);
    data = await toMemoryFailure(toJpeg(frame, quality).toBuffer());
    if (data.length <= maxBytes) break;
  }
  return data;
}

/** Milliseconds. sharp accepts no longer delay, although WebP holds 4.6 hours. */
const MAX_SHARP_DELAY = 65_535;
/** Milliseconds, to be replaced after encoding; libvips would change a delay up to 10. */
const PROVISIONAL_DELAY = 11;
