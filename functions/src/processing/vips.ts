/** sharp, set up for strangers' files: which of libvips' loaders there are, and what they refuse. */
import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { ImageFailure } from '../errors.js';
import { SOFT_SECONDS } from './limits.js';

// Every loader but these is switched off in libvips itself, so that no SVG or PDF parser is ever
// handed a stranger's bytes. https://sharp.pixelplumbing.com/api-utility#block
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
// Each upload is another image: libvips' cache of operations would only hold memory.
sharp.cache(false);

/** Lets TIFF in, for as long as this process lives. */
export function unblockTiff(): void {
  sharp.unblock({ operation: ['VipsForeignLoadTiffBuffer'] });
}

/**
 * @param bytes a stranger's file
 * @param maxPixels width times height, all frames together
 */
export function openImage(bytes: Buffer, maxPixels: number, options: SharpOptions = {}): Sharp {
  return sharp(bytes, {
    // A picture that ends early is refused; one with harmless warnings is not.
    failOn: 'truncated',
    limitInputPixels: maxPixels,
    sequentialRead: true,
    ...options,
  }).timeout({ seconds: SOFT_SECONDS });
}

/** sharp for pixels or files that were made here. */
export function own(input: Buffer, options: SharpOptions = {}): Sharp {
  return sharp(input, { limitInputPixels: false, ...options }).timeout({ seconds: SOFT_SECONDS });
}

/**
 * Waits for libvips and says its failures in the words of this project.
 * @param otherwise what is wrong with a stranger's file when the words of libvips are not known
 * @throws ImageFailure
 */
export async function toImageFailure<T>(
  work: Promise<T>,
  otherwise: 'not-an-image' | 'damaged-image' | 'too-much-memory',
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // sharp tells its reasons in words only.
    const reason = error instanceof Error ? error.message : String(error);
    const known = Object.entries(REASONS).find(([words]) => reason.toLowerCase().includes(words));
    throw new ImageFailure(known?.[1] ?? otherwise, reason, { cause: error });
  }
}

/** The same for pixels that were made here: nothing is wrong with them but their number. */
export function orTooMuch<T>(work: Promise<T>): Promise<T> {
  return toImageFailure(work, 'too-much-memory');
}

const REASONS = {
  timeout: 'too-slow',
  'exceeds pixel limit': 'too-many-pixels',
  'insufficient memory': 'too-much-memory',
  'out of memory': 'too-much-memory',
  'error creating thread': 'too-much-memory',
} as const;
