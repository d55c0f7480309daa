/** Chooses how the renditions of one image are encoded: formats, and whether without loss. */
import type { Format } from '../domain/format.js';
import { encode, encodeLossless, encodersFor, type Encoders } from './encode.js';
import { isGraphic } from './graphic.js';
import type { Animation } from './header.js';
import type { RawImage } from './raw-image.js';

export interface EncodingSettings {
  formats: readonly Format[];
  /** Whether the image gets the one format that suits it, instead of `formats`. */
  autoFormat?: boolean;
  /** The target, SSIMULACRA2 points; absent: fixed encoder settings. */
  quality?: number;
}

export interface Encoded {
  format: Format;
  data: Buffer;
}

export interface ImageEncoding {
  /** What to ask `encode` for, of every variant without a byte limit. */
  formats: readonly Format[];
  encoders: Encoders;
  /** @returns the format asked for, or with `autoFormat` a smaller one */
  encode(pixels: RawImage, format: Format): Promise<Encoded>;
}

/** Bits per pixel. Lossy files of graphics have more: with fewer, none is made for comparison. */
const SMALL_BITS = 0.4;

/**
 * @param decoded the image at its largest size
 * @param encoders replaces the encoders of the settings, for benchmarks
 */
export function chooseEncoding(
  decoded: RawImage,
  animation: Animation | undefined,
  { formats, autoFormat = false, quality }: EncodingSettings,
  encoders?: Encoders,
): ImageEncoding {
  const isOpaqueStill = decoded.channels === 3 && animation === undefined;
  const canBeLossless = !encoders && quality !== undefined && !animation && isGraphic(decoded);
  const chosen = encoders ?? encodersFor(quality, canBeLossless);
  const lossyFormat: Format = isOpaqueStill ? 'jpeg' : 'webp';

  return {
    formats: autoFormat ? [canBeLossless ? 'webp' : lossyFormat] : formats,
    encoders: chosen,

    async encode(pixels, format) {
      if (format !== 'webp' || !canBeLossless) {
        return { format, data: await encode(pixels, format, animation, chosen) };
      }
      const lossless = { format, data: await encodeLossless(pixels) };
      if (lossless.data.length * 8 <= SMALL_BITS * pixels.width * pixels.height) return lossless;
      const other = autoFormat ? lossyFormat : format;
      const lossy = { format: other, data: await encode(pixels, other, animation, chosen) };
      return lossless.data.length <= lossy.data.length ? lossless : lossy;
    },
  };
}
