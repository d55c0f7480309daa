/** Pixels between two steps: sRGB, 8 bits a channel, one frame after the other. */
import type { Sharp } from 'sharp';
import type { Size } from '../domain/variant.js';
import { orTooMuch, own } from './vips.js';

export interface RawImage extends Size {
  /** Rows from top to bottom, `width * channels` bytes each; the frames follow each other. */
  data: Buffer;
  /** 3, or 4 with alpha (not premultiplied). */
  channels: 3 | 4;
  /** 1 unless it moves. */
  frames: number;
}

export function toSharp({ data, width, height, channels, frames }: RawImage): Sharp {
  const raw = { width, height: height * frames, channels };
  return own(data, { raw: frames > 1 ? { ...raw, pageHeight: height } : raw });
}

/** One frame as a picture of its own; no bytes are copied. */
export function frameOf(raw: RawImage, index: number): RawImage {
  const length = raw.width * raw.height * raw.channels;
  return { ...raw, frames: 1, data: raw.data.subarray(index * length, (index + 1) * length) };
}

/** Without its alpha channel when that hides nothing: it would be resized and encoded for nothing. */
export async function dropOpaqueAlpha(raw: RawImage): Promise<RawImage> {
  if (raw.channels === 3 || !isOpaque(raw.data)) return raw;
  const flat = own(raw.data, {
    raw: { width: raw.width, height: raw.height * raw.frames, channels: 4 },
  });
  return { ...raw, channels: 3, data: await orTooMuch(flat.removeAlpha().raw().toBuffer()) };
}

function isOpaque(rgba: Buffer): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}
