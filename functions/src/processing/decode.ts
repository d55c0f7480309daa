/** Bytes -> pixels, upright and in sRGB. */
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import { displayP3, toSrgb } from './color.js';
import type { Header } from './header.js';
import { decodeHeic, type HeicPixels } from './heic.js';
import { HEIC_MEMORY, HEIC_SECONDS, type Bounds } from './limits.js';
import { dropOpaqueAlpha, type RawImage } from './raw-image.js';
import { openImage, toImageFailure, own } from './vips.js';

/**
 * Decodes once, straight to a size (JPEG and WebP shrink while they load). What moves is decoded at
 * its own size, because a resize of all frames at once would mix the edges of each two.
 * @param size exact size to give, pixels; not larger than the original
 * @throws ImageFailure when the pixels are damaged, too many, or take too long
 */
export async function decode(
  bytes: Buffer,
  header: Header,
  size: Size,
  bounds: Bounds,
): Promise<RawImage> {
  const { animation } = header;
  const heic = header.kind === 'heic' ? await decodeHeicWithin(bytes, bounds) : undefined;
  const profile = heic ? await profileOf(heic) : header.profile;
  const frames = animation?.frames ?? 1;
  const image = heic
    ? own(heic.data, { raw: { width: heic.width, height: heic.height, channels: heic.channels } })
    : openImage(bytes, bounds.maxPixels, { pages: frames, ignoreIcc: profile !== undefined });
  const sized = animation ? image : image.autoOrient().resize({ ...size, fit: 'fill' });
  const { data, info } = await toImageFailure(
    sized.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
    'damaged-image',
  );
  const { width, channels } = info;
  const height = info.height / frames;
  if ((channels !== 3 && channels !== 4) || !Number.isInteger(height)) {
    const found = `${channels} channels, ${info.height} rows of ${frames} frames`;
    throw new ImageFailure('damaged-image', `expected RGB, found ${found}`);
  }
  // Before the profile, which has no say about a channel that hides nothing.
  const raw = await dropOpaqueAlpha({ data, width, height, channels, frames });
  return profile ? toSrgb(raw, profile) : raw;
}

function decodeHeicWithin(bytes: Buffer, { maxPixels }: Bounds): Promise<HeicPixels> {
  return decodeHeic(bytes, { pixels: maxPixels, memory: HEIC_MEMORY, seconds: HEIC_SECONDS });
}

/** ITU-T H.273, table 2: the colour primaries of SMPTE EG 432-1, which are Display P3's. */
const P3_PRIMARIES = 12;

async function profileOf({ profile, primaries }: HeicPixels): Promise<Buffer | undefined> {
  return profile ?? (primaries === P3_PRIMARIES ? displayP3() : undefined);
}
