/** Encodes pixels; one table entry per format. docs/design/processing.md explains the numbers. */
import type { JpegOptions, Sharp } from 'sharp';
import type { CommonFormat, Format } from '../domain/format.js';
import type { Size } from '../domain/variant.js';
import type { Animation } from './header.js';
import { frameAt, toSharp, type RawImage } from './raw-image.js';
import { toMemoryFailure } from './open-image.js';
import { encoderQuality } from './quality.js';
import { replaceDelays } from './webp.js';

/** The background of transparent pixels in JPEG, which has no alpha channel. */
const BACKGROUND = '#ffffff';

/** Sets the output format and its options; the size is that of one frame. */
export type Encoders = Record<CommonFormat, (image: Sharp, size: Size) => Sharp>;

/** The settings of version 0.1.0, for instances that do not set QUALITY: their renditions stay what they are. */
const FIXED_ENCODERS: Encoders = {
  avif: (image) => image.avif({ quality: 50, effort: 3 }),
  webp: (image) => image.webp({ quality: 67, effort: 0 }),
  jpeg: (image) => flatten(image).jpeg({ quality: 79, optimiseCoding: false }),
};

/**
 * @param target QUALITY, SSIMULACRA2 points; undefined if it is not set
 * @param isGraphic whether the image has text and lines, whose colors must not be blurred
 */
export function encodersFor(target: number | undefined, isGraphic = false): Encoders {
  if (target === undefined) return FIXED_ENCODERS;
  const qualityFor = (format: CommonFormat, size: Size) => encoderQuality(format, target, size);
  const chromaSubsampling = isGraphic ? '4:4:4' : '4:2:0';
  // WebP has no 4:4:4; at least edges between colors stay sharp.
  const webp = { effort: WEBP_EFFORT, smartSubsample: isGraphic };
  return {
    avif: (image, size) => image.avif({ quality: qualityFor('avif', size), effort: AVIF_EFFORT }),
    webp: (image, size) => image.webp({ quality: qualityFor('webp', size), ...webp }),
    jpeg: (image, size) => toJpeg(image, { quality: qualityFor('jpeg', size), chromaSubsampling }),
  };
}

/** bench/quality measures what more effort saves. */
const AVIF_EFFORT = 3;
const WEBP_EFFORT = 1;
const LOSSLESS_EFFORT = 1;

function toJpeg(image: Sharp, options: JpegOptions): Sharp {
  // Of the tables of libjpeg, number 3 has the highest scores at the same bytes.
  return flatten(image).jpeg({ ...options, quantisationTable: 3, optimiseCoding: true });
}

function flatten(image: Sharp): Sharp {
  return image.flatten({ background: BACKGROUND });
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
  encoders: Encoders = FIXED_ENCODERS,
): Promise<Buffer> {
  const isAnimated = format === 'webp' && animation !== undefined;
  const pixels = toSharp(isAnimated ? image : frameAt(image, 0));
  const encoder = format === 'png' ? pixels.png() : encoders[format](pixels, image);
  if (!isAnimated) return toMemoryFailure(encoder.toBuffer());
  const { delay, loop } = animation;
  const hasLongDelay = Math.max(...delay) > MAX_SHARP_DELAY;
  // Adds to the options of the encoder: quality and effort stay.
  encoder.webp({ delay: hasLongDelay ? delay.map(() => PROVISIONAL_DELAY) : delay, loop });
  const data = await toMemoryFailure(encoder.toBuffer());
  return hasLongDelay ? replaceDelays(data, PROVISIONAL_DELAY, delay) : data;
}

/**
 * Encodes the first frame as WebP without loss and without metadata, for graphics.
 * @throws ImageFailure when it takes too long or memory runs out
 */
export function encodeLossless(image: RawImage): Promise<Buffer> {
  const frame = toSharp(frameAt(image, 0));
  return toMemoryFailure(frame.webp({ lossless: true, effort: LOSSLESS_EFFORT }).toBuffer());
}

/**
 * Settings of JPEG by decreasing size, for an image that is over a limit of bytes with the encoder of all other
 * images; photos are not. Noise of 1200x630 pixels passes 300 kB with quality 20. The blur at the end removes
 * what takes most of the bytes, so that no image takes more than one bit per pixel.
 */
const SMALLER_SETTINGS: readonly { quality: number; blur?: number }[] = [
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
export async function encodeWithin(
  image: RawImage,
  maxBytes: number,
  encoders: Encoders = FIXED_ENCODERS,
): Promise<Buffer> {
  let data = await encode(image, 'jpeg', undefined, encoders);
  for (const { quality, blur } of SMALLER_SETTINGS) {
    if (data.length <= maxBytes) break;
    const frame = toSharp(frameAt(image, 0));
    if (blur !== undefined) frame.blur(blur);
    data = await toMemoryFailure(toJpeg(frame, { quality }).toBuffer());
  }
  return data;
}

/** Milliseconds. sharp accepts no longer delay, although WebP holds 4.6 hours. */
const MAX_SHARP_DELAY = 65_535;
/** Milliseconds, to be replaced after encoding; libvips would change a delay up to 10. */
const PROVISIONAL_DELAY = 11;
