/** What one upload may cost, and which uploads are taken. */
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';

/** What the parameters say of uploads. */
export interface Bounds {
  /** The largest file that is read, bytes. It is held in memory whole while it is decoded. */
  maxBytes: number;
  /** The most pixels that are decoded, width times height. */
  maxPixels: number;
  /** Whether moving pictures go on moving where the format can; else their first frame is shown. */
  animated: boolean;
  /** Whether HEIC is decoded. */
  heic: boolean;
  /** Whether TIFF is decoded. */
  tiff: boolean;
}

/** The most pixels of an AVIF: its decoder holds the whole picture, with alpha some 25 bytes a pixel. */
export const MAX_AVIF_PIXELS = 16_000_000;

/** The most frames of a moving picture, and the most pixels of all frames together. Above, it stands still. */
export const MAX_FRAMES = 500;
export const MAX_ANIMATION_PIXELS = 25_000_000;

/** The HEIC decoder's own memory, bytes (48 megapixels take some 300 MB), and its time, seconds. */
export const HEIC_MEMORY = 400 * 1024 * 1024;
export const HEIC_SECONDS = 30;

/** The longest edge, pixels: JPEG's own. A strip of one pixel's width takes libvips half a minute. */
const MAX_ORIGINAL_EDGE = 65_535;

/** The most scans of a progressive JPEG: cameras write ten, and each walks over the whole picture. */
export const MAX_SCANS = 200;

/** The most frames that a WebP may have at all: to find one takes longer with each that is there. */
export const MAX_FILE_FRAMES = 10_000;

/**
 * Of the process that decodes: memory that it may write to, bytes, and the time of one upload, seconds.
 * What the largest pictures need is in docs/derive.md; beside it the function holds the upload and
 * Google's clients.
 */
export const PROCESS_LIMITS = { memory: 1280 * 1024 * 1024, seconds: 120 };

/** When sharp is asked to end one decode or encode, seconds. It looks at its clock only now and then. */
export const SOFT_SECONDS = 60;

/** @throws ImageFailure when a file of so many bytes is not read */
export function checkBytes(bytes: number, { maxBytes }: Pick<Bounds, 'maxBytes'>): void {
  if (bytes > maxBytes) {
    throw new ImageFailure('too-many-bytes', `expected at most ${maxBytes}, found ${bytes}`);
  }
}

/** @throws ImageFailure when a picture of such a size is not decoded */
export function checkPixels({ width, height }: Size, most: number): void {
  if (width * height > most || Math.max(width, height) > MAX_ORIGINAL_EDGE) {
    throw new ImageFailure(
      'too-many-pixels',
      `expected at most ${most} and ${MAX_ORIGINAL_EDGE} an edge, found ${width} x ${height}`,
    );
  }
}
