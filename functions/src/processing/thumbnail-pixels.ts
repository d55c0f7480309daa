/** Decodes two images to the same small size, so that they can be compared whatever their formats and sizes are. */
import type { Size } from '../domain/variant.js';
import { openImage, toImageFailure } from './open-image.js';

/** Longest side, pixels: enough to tell pictures apart. */
const LONGEST = 160;
/** Shortest side, pixels: the window of SSIM has 11. */
const SHORTEST = 16;
/** Of old images, which may be larger than uploads may be today. */
const MAX_PIXELS = 200_000_000;

export interface Pixels extends Size {
  /** RGBA, opaque. */
  data: Buffer;
}

/**
 * @returns both at the size of the first, reduced to 160 pixels; only their first frames, on white
 * @throws ImageFailure if one can't be decoded
 */
export async function toSameSize(first: Buffer, second: Buffer): Promise<[Pixels, Pixels]> {
  const { autoOrient } = await toImageFailure(
    openImage(first, MAX_PIXELS).metadata(),
    'damaged-image',
  );
  const scale = Math.min(1, LONGEST / Math.max(autoOrient.width, autoOrient.height));
  const side = (pixels: number) => Math.max(SHORTEST, Math.round(pixels * scale));
  const size = { width: side(autoOrient.width), height: side(autoOrient.height) };
  return [await pixelsOf(first, size), await pixelsOf(second, size)];
}

async function pixelsOf(file: Buffer, size: Size): Promise<Pixels> {
  const image = openImage(file, MAX_PIXELS)
    .autoOrient()
    .resize({ ...size, fit: 'fill' })
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw();
  return { ...size, data: await toImageFailure(image.toBuffer(), 'damaged-image') };
}
