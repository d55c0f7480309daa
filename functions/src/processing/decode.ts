/** Decodes a file to upright sRGB pixels. */
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import { displayP3, toSrgb } from './color.js';
import type { Header } from './header.js';
import { openHeif, resizeTransformed } from './heif/decode.js';
import type { HeifImage } from './heif/image.js';
import type { UploadLimits } from './limits.js';
import { dropOpaqueAlpha, type RawImage } from './raw-image.js';
import { openImage, toImageFailure } from './vips.js';

/**
 * Decodes once, directly to a size (JPEG and WebP shrink on load). Animations are decoded at their
 * original size, because resizing all frames as one image would blend adjacent frames.
 * @param size exact size of a still image, pixels; not larger than the original
 * @throws ImageFailure when the pixels are damaged, too many, or take too long
 */
export async function decode(
  bytes: Buffer,
  header: Header,
  size: Size,
  limits: UploadLimits,
): Promise<RawImage> {
  const { animation, heif } = header;
  const profile = heif ? await heifProfile(heif) : header.profile;
  const frames = animation?.frames ?? 1;
  const image = heif
    ? await openHeif(heif, limits.maxPixels)
    : openImage(bytes, limits.maxPixels, { pages: frames, ignoreIcc: profile !== undefined });
  const resized = heif
    ? resizeTransformed(image, heif.transform, size)
    : animation
      ? image
      : image.autoOrient().resize({ ...size, fit: 'fill' });
  const { data, info } = await toImageFailure(
    resized.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
    'damaged-image',
  );
  const { width, channels } = info;
  const height = info.height / frames;
  if ((channels !== 3 && channels !== 4) || !Number.isInteger(height)) {
    const found = `${channels} channels, ${info.height} rows in ${frames} frames`;
    throw new ImageFailure('damaged-image', `expected RGB, found ${found}`);
  }
  // Before the conversion to sRGB, which then has fewer channels to carry.
  const decoded = await dropOpaqueAlpha({ data, width, height, channels, frames });
  return profile ? toSrgb(decoded, profile) : decoded;
}

/** ITU-T H.273, table 2: the color primaries of SMPTE EG 432-1, which Display P3 uses. */
const P3_PRIMARIES = 12;

async function heifProfile({ color }: HeifImage): Promise<Buffer | undefined> {
  return color.icc ?? (color.cicp?.primaries === P3_PRIMARIES ? displayP3() : undefined);
}
