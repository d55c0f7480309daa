/** Decodes a file to upright sRGB pixels. */
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import { displayP3, toSrgb } from './color.js';
import type { Header } from './header.js';
import { decodeHeic, type HeicPixels } from './heic.js';
import { HEIC_MEMORY, HEIC_SECONDS, type UploadLimits } from './limits.js';
import { dropOpaqueAlpha, type RawImage } from './raw-image.js';
import { openImage, openTrustedImage, toImageFailure } from './vips.js';

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
  const { animation } = header;
  const heic = header.type === 'heic' ? await decodeHeicWithLimits(bytes, limits) : undefined;
  const profile = heic ? await heicProfile(heic) : header.profile;
  const frames = animation?.frames ?? 1;
  const image = heic
    ? openTrustedImage(heic.data, {
        raw: { width: heic.width, height: heic.height, channels: heic.channels },
      })
    : openImage(bytes, limits.maxPixels, { pages: frames, ignoreIcc: profile !== undefined });
  const resized = animation ? image : image.autoOrient().resize({ ...size, fit: 'fill' });
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

function decodeHeicWithLimits(bytes: Buffer, { maxPixels }: UploadLimits): Promise<HeicPixels> {
  return decodeHeic(bytes, { pixels: maxPixels, memory: HEIC_MEMORY, seconds: HEIC_SECONDS });
}

/** ITU-T H.273, table 2: the color primaries of SMPTE EG 432-1, which Display P3 uses. */
const P3_PRIMARIES = 12;

async function heicProfile({ profile, primaries }: HeicPixels): Promise<Buffer | undefined> {
  return profile ?? (primaries === P3_PRIMARIES ? displayP3() : undefined);
}
