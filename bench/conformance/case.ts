/** The input of the suite: files, and what is known about each. */
import type { ImageFailureCode } from '../../functions/src/errors.js';

export const CONTENT_TYPES = {
  JPEG: 'image/jpeg',
  PNG: 'image/png',
  WebP: 'image/webp',
  GIF: 'image/gif',
  AVIF: 'image/avif',
  HEIC: 'image/heic',
  TIFF: 'image/tiff',
  Other: 'application/octet-stream',
} as const;

export type FormatName = keyof typeof CONTENT_TYPES;

export interface Case {
  format: FormatName;
  /** The line of docs/reference/formats.md that this file is an example of. */
  row: string;
  /** File name; unique. */
  name: string;
  create: () => Buffer | Promise<Buffer>;
  /** For files that Chromium does not show: a file that shows the same picture. */
  reference?: () => Buffer | Promise<Buffer>;
  /**
   * The reference is the picture that was encoded, not the file; or chroma is subsampled; or nothing is known
   * about the file but that it is a photo, has colors brighter than white, or shows another picture.
   */
  tolerance?: 'encoder' | 'subsampled' | 'corpus' | 'hdr' | 'any' | undefined;
  /** The picture that was encoded, as a PNG: compared with a wider tolerance, without any decoder. */
  picture?: () => Buffer;
  /** Parameters that differ from the defaults. */
  parameters?: Record<string, string>;
  /** What differs by design; without it, the rendition must look the same. */
  expected?: Expectation | undefined;
}

export type Expectation =
  /** The rendition shows the first frame. */
  | { converted: 'first frame' }
  /** Colors brighter than white are mapped to sRGB; compared with a wider tolerance. */
  | { converted: 'tone-mapped' }
  /** Chromium is not the reference: `why` says what the rendition shows instead of what Chromium shows. */
  | { converted: 'other'; why: string }
  /** Nothing is known about the file: see corpus.ts. */
  | { converted: 'corpus' }
  | { refused: ImageFailureCode };
