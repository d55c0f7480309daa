/**
 * Checks a file's structure before a decoder reads it, and drops its metadata: some small files would keep a
 * decoder busy for minutes, or take a gigabyte for the header alone.
 */
import { ImageFailure } from '../errors.js';
import type { FileType } from './file-type.js';
import { keepGifTransparency } from './gif.js';
import { readJpeg, type JpegFile } from './jpeg.js';
import { checkCount, checkPixels, MAX_FILE_FRAMES, MAX_SCANS } from './limits.js';
import { cleanPng, type CleanPng } from './png.js';
import { readWebp } from './webp.js';

export interface CleanFile {
  /** The file without metadata; the uploaded bytes themselves when there is none. */
  bytes: Buffer;
  /** Present for a JPEG without an end of image: `decode` checks that its pixel data is complete. */
  cutJpeg?: JpegFile;
  /** See CleanPng. */
  area?: CleanPng['area'];
}

/**
 * Drops all metadata but orientation and color profile from JPEG, PNG and WebP. GIF has none that a decoder
 * parses, and only gets flags of transparency; TIFF keeps its own, because its decoder reads only what it needs.
 * heif/image.ts does this for HEIF.
 * @param maxPixels limit for width times height
 * @throws ImageFailure when decoding the file would take too much time or memory
 */
export function checkStructure(bytes: Buffer, type: FileType, maxPixels: number): CleanFile {
  if (type === 'jpeg') {
    const file = readJpeg(bytes);
    const kind = unsupportedKind(file);
    if (kind !== undefined) {
      throw new ImageFailure('unsupported-format', `found ${kind}`, { format: kind });
    }
    checkCount('scans', file.scans.length, MAX_SCANS);
    return { bytes: file.bytes, ...(file.lacksEnd && { cutJpeg: file }) };
  }
  if (type === 'png') return cleanPng(bytes);
  if (type === 'gif') return { bytes: keepGifTransparency(bytes) };
  if (type !== 'webp') return { bytes };
  const file = readWebp(bytes);
  checkCount('frames', file.frames, MAX_FILE_FRAMES);
  if (file.canvas) checkPixels(file.canvas, maxPixels);
  return { bytes: file.bytes };
}

/** ITU-T T.81 table B.1: baseline, extended and progressive, with Huffman and with arithmetic coding. */
const DECODED_FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc9, 0xca]);

/** @returns the name of a kind of JPEG that neither libjpeg nor browsers decode */
function unsupportedKind({ bytes, frame }: JpegFile): string | undefined {
  if (frame === undefined) return undefined;
  if (!DECODED_FRAMES.has(bytes[frame + 1] as number)) return 'lossless or hierarchical JPEG';
  return bytes[frame + 4] === 12 ? 'JPEG with 12 bits' : undefined;
}
