/**
 * Bytes in, renditions out. The original is decoded once, to the largest size that any variant
 * needs; each variant is made from those pixels, each format encoded from the variant's.
 */
import sharp from 'sharp';
import type { Format } from '../images/format.js';
import type { Placeholder } from '../images/records.js';
import { coverScale, scaled, variantSize, type Size, type Variant } from '../images/variant.js';
import { decode, inspect, type Raw } from './decode.js';
import { encode } from './encode.js';
import { placeholderOf } from './placeholder.js';

export interface Rendition extends Size {
  variant: string;
  format: Format;
  data: Buffer;
}

export interface Derived {
  /** The original's size in pixels, orientation applied. */
  original: Size;
  placeholder: Placeholder;
  /** Every variant in every format. */
  renditions: Rendition[];
}

/**
 * @param bytes the uploaded file, whole
 * @param plan which variants in which formats
 * @throws ImageFailure when no retry can make an image of these bytes
 */
export async function derive(
  bytes: Buffer,
  plan: { variants: readonly Variant[]; formats: readonly Format[] },
): Promise<Derived> {
  const original = await inspect(bytes);
  const scale = Math.max(...plan.variants.map((variant) => coverScale(variant, original)));
  const picture = await decode(bytes, scaled(original, scale));
  const renditions: Rendition[] = [];
  // One variant at a time bounds memory; its formats at once use both cores.
  for (const variant of plan.variants) {
    const size = variantSize(variant, original);
    const pixels = await resize(picture, size, variant.fit);
    const encoded = plan.formats.map(async (format) => ({
      variant: variant.name,
      format,
      ...size,
      data: await encode(toSharp(pixels), format),
    }));
    renditions.push(...(await Promise.all(encoded)));
  }
  return { original, placeholder: await placeholderOf(picture), renditions };
}

async function resize(picture: Raw, size: Size, fit: Variant['fit']): Promise<Raw> {
  if (picture.width === size.width && picture.height === size.height) return picture;
  const data = await toSharp(picture)
    // `fill`: the size was computed from the original, so no rounding happens twice.
    .resize({ ...size, fit: fit === 'cover' ? 'cover' : 'fill' })
    .raw()
    .toBuffer();
  return { ...size, channels: picture.channels, data };
}

function toSharp({ data, width, height, channels }: Raw) {
  return sharp(data, { raw: { width, height, channels } });
}
