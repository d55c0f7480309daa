/** Uncompressed pixels between two processing steps: sRGB or Display P3, 8 bits per channel. */
import type { Sharp } from 'sharp';
import type { Size } from '../domain/variant.js';
import { openTrustedImage, toMemoryFailure } from './open-image.js';

export interface RawImage extends Size {
  /** Rows from top to bottom, `width * channels` bytes each; one frame after the other. */
  data: Buffer;
  /** 3: RGB. 4: RGBA, alpha not premultiplied. */
  channels: 3 | 4;
  /** 1 for a still image. */
  frames: number;
  /** Present: the colors are those of Display P3, not of sRGB. */
  isP3?: true;
}

export function toSharp({ data, width, height, channels, frames }: RawImage): Sharp {
  const raw = { width, height: height * frames, channels };
  return openTrustedImage(data, { raw: frames > 1 ? { ...raw, pageHeight: height } : raw });
}

/** Returns one frame as a still image that shares the frame's bytes. */
export function frameAt(image: RawImage, index: number): RawImage {
  const length = image.width * image.height * image.channels;
  return { ...image, frames: 1, data: image.data.subarray(index * length, (index + 1) * length) };
}

/**
 * Makes fully transparent pixels black, in place: a viewer of the original cannot see their color, so nobody may
 * read it from a rendition.
 */
export function clearHiddenColors({ data, channels }: RawImage): void {
  if (channels === 3) return;
  for (let i = 3; i < data.length; i += 4) {
    if (data[i] === 0) data[i - 1] = data[i - 2] = data[i - 3] = 0;
  }
}

/** Removes an alpha channel that is fully opaque, to save the cost of resizing and encoding it. */
export async function dropOpaqueAlpha(image: RawImage): Promise<RawImage> {
  if (image.channels === 3 || !isOpaque(image.data)) return image;
  const rgba = openTrustedImage(image.data, {
    raw: { width: image.width, height: image.height * image.frames, channels: 4 },
  });
  const data = await toMemoryFailure(rgba.removeAlpha().raw().toBuffer());
  return { ...image, channels: 3, data };
}

function isOpaque(rgba: Buffer): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}
