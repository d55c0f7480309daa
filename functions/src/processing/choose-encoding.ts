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

export interface ImageEncoding {
  /** Of every variant without a byte limit: one format for all of them with `autoFormat`. */
  formats: readonly Format[];
  /** @param target replaces the quality of the settings, SSIMULACRA2 points */
  encoders(target?: number): Encoders;
  /** @param target replaces the quality of the settings, SSIMULACRA2 points */
  encode(pixels: RawImage, format: Format, target?: number): Promise<Buffer>;
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
  const chosen = (target = quality) => encoders ?? encodersFor(target, canBeLossless);

  return {
    formats: autoFormat ? [isOpaqueStill && !canBeLossless ? 'jpeg' : 'webp'] : formats,
    encoders: chosen,

    async encode(pixels, format, target) {
      const encoder = chosen(target);
      if (format !== 'webp' || !canBeLossless) return encode(pixels, format, animation, encoder);
      const lossless = await encodeLossless(pixels);
      if (lossless.length * 8 <= SMALL_BITS * pixels.width * pixels.height) return lossless;
      const lossy = await encode(pixels, format, animation, encoder);
      return lossless.length <= lossy.length ? lossless : lossy;
    },
  };
}
