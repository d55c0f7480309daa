/** Decodes the image of a HEIF file. */
import type { Sharp } from 'sharp';
import type { Size } from '../../domain/variant.js';
import { decodeHeic } from '../heic.js';
import { HEIC_MEMORY, HEIC_SECONDS } from '../limits.js';
import { openImage, openTrustedImage, toImageFailure } from '../vips.js';
import type { HeifImage } from './image.js';
import type { Transform } from './transform.js';

/** libheif as sharp configures it reads files of at most 256 items. */
const MAX_DEFAULT_ITEMS = 256;

/**
 * @param maxPixels limit of what the decoder finds inside of the codec's data, width times height
 * @returns RGB with 8 or 16 bits per channel, in the file's color space, before the transformations;
 *   alpha is not premultiplied
 * @throws ImageFailure when the pixels are damaged, too many, or take too long
 */
export async function openHeif(image: HeifImage, maxPixels: number): Promise<Sharp> {
  if (image.type === 'heic') {
    const limits = { pixels: maxPixels, memory: HEIC_MEMORY, seconds: HEIC_SECONDS };
    const { data, ...raw } = await decodeHeic(image.file, limits);
    if (image.isPremultiplied && raw.channels === 4) unpremultiply(data, 255);
    return openTrustedImage(data, { raw });
  }
  // Its items were counted, and its boxes written, by readHeif.
  const avif = openImage(image.file, maxPixels, { unlimited: image.items > MAX_DEFAULT_ITEMS });
  return image.isPremultiplied ? divideByAlpha(avif, image) : avif;
}

async function divideByAlpha(image: Sharp, { bitDepth }: HeifImage): Promise<Sharp> {
  const depth = bitDepth === 8 ? 'uchar' : 'ushort';
  const { data, info } = await toImageFailure(
    image.raw({ depth }).toBuffer({ resolveWithObject: true }),
    'damaged-image',
  );
  const { width, height, channels } = info;
  const pixels =
    depth === 'uchar' ? data : new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  if (channels === 4) unpremultiply(pixels, depth === 'uchar' ? 255 : 65_535);
  return openTrustedImage(pixels, { raw: { width, height, channels } });
}

/** The item reference `prem` means that colors are multiplied by alpha (ISO/IEC 23008-12 section 6.4.4). */
function unpremultiply(rgba: Uint8Array | Uint16Array, max: number): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3] as number;
    if (alpha === 0 || alpha === max) continue;
    for (let c = i; c < i + 3; c++) {
      rgba[c] = Math.min(max, Math.round(((rgba[c] as number) * max) / alpha));
    }
  }
}

/**
 * Crops and resizes an image, then mirrors and rotates it.
 * @param size after the transformations, pixels
 */
export function resizeTransformed(
  image: Sharp,
  { crop, flipX, flipY, swap }: Transform,
  size: Size,
): Sharp {
  const { width, height } = swap ? { width: size.height, height: size.width } : size;
  const resized = image.extract(crop).resize({ width, height, fit: 'fill' }).flop(flipX);
  // A rotation by a quarter of an image that is upside down swaps rows and columns.
  return swap ? resized.flip(!flipY).rotate(90) : resized.flip(flipY);
}
