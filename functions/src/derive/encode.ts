/** Pixels -> bytes, one table entry a format. */
import type { Sharp } from 'sharp';
import type { Format } from '../images/format.js';
import { asImageFailure } from './decode.js';
import { MAX_SECONDS } from './limits.js';

/** JPEG has no alpha: what shows through it. */
const BACKDROP = '#ffffff';

const ENCODERS = {
  avif: (image) => image.avif({ quality: 50, effort: 3 }),
  webp: (image) => image.webp({ quality: 80, effort: 4 }),
  jpeg: (image) => image.flatten({ background: BACKDROP }).jpeg({ quality: 80, progressive: true }),
} as const satisfies Record<Format, (image: Sharp) => Sharp>;

/**
 * Encodes; sharp writes no EXIF, XMP, IPTC or profile unless told to, and here it is not.
 * @param image sRGB, 8 bits a channel
 * @throws ImageFailure when it takes too long
 */
export async function encode(image: Sharp, format: Format): Promise<Buffer> {
  try {
    return await ENCODERS[format](image).timeout({ seconds: MAX_SECONDS }).toBuffer();
  } catch (error) {
    throw asImageFailure(error, 'damaged-image');
  }
}
