/** Decodes a file to upright pixels in sRGB or Display P3. */
import type { Sharp } from 'sharp';
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import { placeFrame } from './apng.js';
import {
  isWiderThanSrgb,
  toDisplayP3,
  toSrgb,
  type DecodedImage,
  type OutputSpace,
} from './color.js';
import { findColorSpace, type ColorModel } from './color-space.js';
import type { Header } from './header.js';
import { openHeif, resizeTransformed } from './heif/decode.js';
import { checkComplete } from './jpeg-end.js';
import type { UploadLimits } from './limits.js';
import { dropOpaqueAlpha, type RawImage } from './raw-image.js';
import { openImage, toImageFailure } from './open-image.js';

export interface DecodeSettings extends Pick<UploadLimits, 'maxPixels'> {
  /** Absent: sRGB. */
  colorSpace?: OutputSpace;
}

/**
 * Decodes once, directly to a size (JPEG and WebP shrink on load). Animations are decoded at their
 * original size, because resizing all frames as one image would blend adjacent frames.
 * @param size exact size of a still image, pixels; not larger than the original
 * @throws ImageFailure when the pixels are damaged, too many, or take too long
 */
export async function decode(
  header: Header,
  size: Size,
  { maxPixels, colorSpace }: DecodeSettings,
): Promise<RawImage> {
  const { animation, area, bytes, cutJpeg, heif, pixels } = header;
  if (cutJpeg) await checkComplete(cutJpeg, maxPixels);
  const frames = animation?.frames ?? 1;
  const model = pixels?.model ?? 'rgb';
  const space = pixels && findColorSpace(header.color, model);
  // More than 8 bits matter only until the conversion.
  const bits = space ? pixels.bits : 8;
  const file = area ? await placeFrame(bytes, area, bits, maxPixels) : bytes;
  const image = heif
    ? await openHeif(heif, maxPixels)
    : openImage(file, maxPixels, { pages: frames, ignoreIcc: pixels !== undefined });
  const resized = heif
    ? resizeTransformed(image, heif.transform, size)
    : animation
      ? image
      : image.autoOrient().resize({ ...size, fit: 'fill' });
  const decoded = await readPixels(resized, frames, model, bits);
  const isLimited = pixels?.isLimited ?? false;
  // Gray has no colors beyond sRGB, whatever its profile says.
  const isP3 = colorSpace === 'p3' && space && model !== 'gray' && isWiderThanSrgb(space);
  const stored = { ...decoded, isLimited };
  return dropOpaqueAlpha(isP3 ? toDisplayP3(stored, space) : toSrgb(stored, space));
}

/** Reads pixels in the file's color space. */
async function readPixels(
  image: Sharp,
  frames: number,
  model: ColorModel,
  bits: 8 | 16,
): Promise<DecodedImage> {
  // CMYK is RGB to sharp unless its pipeline is CMYK; gray becomes RGB with equal channels.
  const space = model === 'cmyk' ? 'cmyk' : bits === 16 ? 'rgb16' : 'srgb';
  const pipeline = model === 'cmyk' ? image.pipelineColourspace('cmyk') : image;
  const { data, info } = await toImageFailure(
    pipeline
      .toColourspace(space)
      .raw({ depth: bits === 16 ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true }),
    'damaged-image',
  );
  const { width, channels } = info;
  const height = info.height / frames;
  const isExpected = channels === 4 || (channels === 3 && model !== 'cmyk');
  if (!isExpected || !Number.isInteger(height)) {
    const found = `${channels} channels, ${info.height} rows in ${frames} frames`;
    throw new ImageFailure('damaged-image', `expected RGB or CMYK, found ${found}`);
  }
  return { data, width, height, channels, frames, model, bits };
}
