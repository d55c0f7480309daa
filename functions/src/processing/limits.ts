/** Which uploads are accepted, and how much memory and time one upload may take. */
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';

/** The limits that parameters set. */
export interface UploadLimits {
  /** The largest accepted file, bytes. The whole file is in memory while it is decoded. */
  maxBytes: number;
  /** The largest accepted image, width times height. */
  maxPixels: number;
  /** Whether animations stay animated in formats that support it; otherwise the first frame is used. */
  animated: boolean;
  /** Whether HEIC is accepted. */
  heic: boolean;
  /** Whether TIFF is accepted. */
  tiff: boolean;
}

/** Pixels. The AVIF decoder holds the whole image, with alpha about 25 bytes per pixel. */
export const MAX_AVIF_PIXELS = 16_000_000;

/** Frames, and pixels summed over all frames. A larger animation becomes a still image. */
export const MAX_FRAMES = 500;
export const MAX_ANIMATION_PIXELS = 25_000_000;

/** WebAssembly memory of the HEIC decoder, bytes (48 megapixels take about 300 MB), and its time, seconds. */
export const HEIC_MEMORY = 400 * 1024 * 1024;
export const HEIC_SECONDS = 30;

/** Pixels; the limit of JPEG. libvips needs half a minute for a longer strip of one pixel's width. */
const MAX_ORIGINAL_EDGE = 65_535;

/** Scans of a progressive JPEG: cameras write ten, and each one visits every pixel. */
export const MAX_SCANS = 200;

/** The largest color profile that is applied, bytes; those of printing presses have up to three million. */
export const MAX_PROFILE_BYTES = 4 * 1024 * 1024;

/** Frames of a WebP, animated or not: finding a frame takes longer the more frames there are. */
export const MAX_FILE_FRAMES = 10_000;

/**
 * Limits of the child process that decodes: memory, bytes, and time per upload, seconds. What the largest images
 * need is in docs/design/processing.md; the function itself holds the upload and the Google
 * Cloud clients besides.
 */
export const PROCESS_LIMITS = {
  memory: 1280 * 1024 * 1024,
  residentMemory: 1280 * 1024 * 1024,
  seconds: 120,
};

/** sharp's own timeout for one decode or encode, seconds. sharp checks it only between rows. */
export const SHARP_TIMEOUT_SECONDS = 60;

/** @returns the formats that are accepted, for a message: "JPEG, PNG or GIF" */
export function acceptedFormats({ heic, tiff }: Pick<UploadLimits, 'heic' | 'tiff'>): string {
  const formats = ['JPEG', 'PNG', 'WebP', 'GIF', 'AVIF'];
  if (heic) formats.push('HEIC');
  if (tiff) formats.push('TIFF');
  return `${formats.slice(0, -1).join(', ')} or ${formats.at(-1)}`;
}

/** @throws ImageFailure when a file of this many bytes is too large */
export function checkBytes(bytes: number, { maxBytes }: Pick<UploadLimits, 'maxBytes'>): void {
  if (bytes > maxBytes) {
    throw new ImageFailure('too-many-bytes', `expected at most ${maxBytes}, found ${bytes}`);
  }
}

/** @throws ImageFailure when a valid file has more parts than are read */
export function checkCount(unit: string, count: number, max: number): void {
  if (count > max) {
    throw new ImageFailure('too-slow', `expected at most ${max} ${unit}, found ${count}`);
  }
}

/** @throws ImageFailure when an image of this size has too many pixels or too long an edge */
export function checkPixels({ width, height }: Size, maxPixels: number): void {
  if (width * height > maxPixels || Math.max(width, height) > MAX_ORIGINAL_EDGE) {
    throw new ImageFailure(
      'too-many-pixels',
      `expected at most ${maxPixels} and ${MAX_ORIGINAL_EDGE} per edge, found ${width} x ${height}`,
    );
  }
}
