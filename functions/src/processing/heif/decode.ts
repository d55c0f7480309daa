/** Decodes the image of a HEIF file. */
import type { Sharp } from 'sharp';
import type { Size } from '../../domain/variant.js';
import { decodeHeic, type HeicPixels } from '../heic.js';
import { HEIC_MEMORY, HEIC_SECONDS } from '../limits.js';
import { openImage, openTrustedImage, toImageFailure } from '../open-image.js';
import { damaged } from './boxes.js';
import type { HeifImage } from './image.js';
import type { Transform } from './transform.js';

/** libheif as sharp configures it reads files of at most 256 items. */
const MAX_DEFAULT_ITEMS = 256;

/** Pixels; a larger HEIC of 10 or 12 bits is decoded to 8, or the decoder would need too much memory. */
const MAX_DEEP_PIXELS = 25_000_000;

/** Bits per channel of the pixels that openHeif returns. */
export function decodedBits({ type, bitDepth, codedSize: { width, height } }: HeifImage): 8 | 16 {
  if (bitDepth === 8) return 8;
  return type === 'heic' && width * height > MAX_DEEP_PIXELS ? 8 : 16;
}

/**
 * @param maxPixels limit of what the decoder finds inside of the codec's data, width times height
 * @param worker path of the compiled heic-worker.ts
 * @returns RGB with 8 or 16 bits per channel, in the file's color space, before the transformations;
 *   alpha is not premultiplied
 * @throws ImageFailure when the pixels are damaged, too many, or take too long
 */
export async function openHeif(
  image: HeifImage,
  maxPixels: number,
  worker?: string,
): Promise<Sharp> {
  const isHeic = image.type === 'heic';
  if (!isHeic && !image.isPremultiplied) return openAvif(image, maxPixels);
  const { data, depth, ...raw } = isHeic
    ? await decodeHeicImage(image, maxPixels, worker)
    : await decodeAvif(image, maxPixels);
  const pixels =
    depth === 8 ? data : new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  if (image.isPremultiplied && raw.channels === 4) unpremultiply(pixels, 2 ** depth - 1);
  return openTrustedImage(pixels, { raw });
}

function decodeHeicImage(
  image: HeifImage,
  maxPixels: number,
  worker?: string,
): Promise<HeicPixels> {
  const limits = { pixels: maxPixels, memory: HEIC_MEMORY, seconds: HEIC_SECONDS };
  return decodeHeic(image.file, limits, {
    depth: decodedBits(image),
    ...(worker && { worker }),
  });
}

/** Its items were counted, and its boxes written, by readHeif. */
function openAvif({ file, items }: HeifImage, maxPixels: number): Sharp {
  return openImage(file, maxPixels, { unlimited: items > MAX_DEFAULT_ITEMS });
}

async function decodeAvif(image: HeifImage, maxPixels: number): Promise<HeicPixels> {
  const depth = decodedBits(image);
  const { data, info } = await toImageFailure(
    openAvif(image, maxPixels)
      .toColourspace(depth === 8 ? 'srgb' : 'rgb16')
      .raw({ depth: depth === 8 ? 'uchar' : 'ushort' })
      .toBuffer({ resolveWithObject: true }),
    'damaged-image',
  );
  const { width, height, channels } = info;
  if (channels !== 3 && channels !== 4) throw damaged('RGB', `${channels} channels`);
  return { width, height, channels, depth, data };
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
