/** Configures sharp for untrusted uploads: which libvips loaders exist, and what they reject. */
import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { ImageFailure } from '../errors.js';
import { SHARP_TIMEOUT_SECONDS } from './limits.js';

// Blocks every loader except these in libvips itself, so that no SVG or PDF parser ever reads an
// upload. https://sharp.pixelplumbing.com/api-utility#block
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});
// Every upload is a different image, so cached libvips operations would only hold memory.
sharp.cache(false);

/** Enables the TIFF loader for the rest of this process. */
export function enableTiff(): void {
  sharp.unblock({ operation: ['VipsForeignLoadTiffBuffer'] });
}

/**
 * Opens an untrusted file.
 * @param maxPixels limit for width times height, summed over all frames; 0 for none
 */
export function openImage(bytes: Buffer, maxPixels: number, options: SharpOptions = {}): Sharp {
  return sharp(bytes, {
    // Rejects truncated images and accepts images with harmless warnings.
    failOn: 'truncated',
    limitInputPixels: maxPixels,
    sequentialRead: true,
    ...options,
  }).timeout({ seconds: SHARP_TIMEOUT_SECONDS });
}

/** Opens pixels or files that this code produced, without a pixel limit. */
export function openTrustedImage(input: Buffer | Uint16Array, options: SharpOptions = {}): Sharp {
  return sharp(input, { limitInputPixels: false, ...options }).timeout({
    seconds: SHARP_TIMEOUT_SECONDS,
  });
}

/**
 * Awaits a sharp operation on an untrusted file.
 * @param defaultCode the failure code for errors that REASONS does not list
 * @throws ImageFailure for every error of the operation
 */
export async function toImageFailure<T>(
  operation: Promise<T>,
  defaultCode: 'damaged-image' | 'too-much-memory',
): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    // sharp's errors have no codes, only messages.
    const message = error instanceof Error ? error.message : String(error);
    const entry = Object.entries(REASONS).find(([text]) => message.toLowerCase().includes(text));
    throw new ImageFailure(entry?.[1] ?? defaultCode, message, { cause: error });
  }
}

/**
 * Awaits a sharp operation on pixels that this code produced: they are valid, so an unlisted error
 * means that memory ran out.
 * @throws ImageFailure for every error of the operation
 */
export function toMemoryFailure<T>(operation: Promise<T>): Promise<T> {
  return toImageFailure(operation, 'too-much-memory');
}

/** Parts of sharp's and libvips' error messages, lower case, and the failure that each means. */
const REASONS = {
  timeout: 'too-slow',
  'exceeds pixel limit': 'too-many-pixels',
  'insufficient memory': 'too-much-memory',
  'out of memory': 'too-much-memory',
  'error creating thread': 'too-much-memory',
} as const;
