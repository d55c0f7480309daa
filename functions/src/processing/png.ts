/** Drops the chunks of a PNG that decoding does not need. PNG (third edition). */
import type { Rectangle } from '../domain/variant.js';
import { findFirstFrame, SEQUENCE_LENGTH, type FirstFrame } from './apng.js';
import { readOrientation, writeOrientation } from './exif.js';
import {
  CHUNK_OVERHEAD,
  createChunk,
  dataOf,
  endOf,
  hasChecksum,
  readProfile,
  SIGNATURE_LENGTH,
  skipChunks,
  typeAt,
  visitChunks,
} from './png-chunks.js';
import { rewrite, type PartReceiver } from './rewrite.js';

/**
 * Ancillary chunks that change how the image looks, section 11.3; the first of each counts. Most files have pHYs,
 * nine harmless bytes: without it in this list, they would be copied.
 */
const NEEDED = new Set(['tRNS', 'gAMA', 'cHRM', 'sRGB', 'cICP', 'sBIT', 'iCCP', 'eXIf', 'pHYs']);

/** Section 5.4: the first letter of a chunk that a decoder must understand is upper case. */
const isCritical = (type: string) => /^[A-Z]/.test(type);

export interface CleanPng {
  /** A file that ends with IEND, if it has pixels; the decoder finds out whether all of them are there. */
  bytes: Buffer;
  /** The part of the image that the pixels of the file are for, which placeFrame puts there; absent: the whole. */
  area?: Rectangle;
}

/**
 * Drops text, time, all of EXIF but the orientation, invalid profiles, unknown chunks, data after the image, and
 * all of an animation but what it shows at first. Takes linear time and at most two copies of the file.
 * @param bytes a file with the signature of a PNG
 * @throws ImageFailure when the first frame of an animation is damaged
 */
export function cleanPng(bytes: Buffer): CleanPng {
  const needed = new Map<string, number>();
  const pixels = visitChunks(bytes, (type, start) => {
    if (!NEEDED.has(type) || needed.has(type)) return;
    if (type !== 'eXIf' || hasChecksum(bytes, start)) needed.set(type, start);
  });
  const exif = needed.get('eXIf');
  const orientation = exif === undefined ? 1 : readOrientation(dataOf(bytes, exif));
  needed.delete('eXIf');
  const profile = needed.get('iCCP');
  if (profile !== undefined && !readProfile(dataOf(bytes, profile))) needed.delete('iCCP');
  const frame = findFirstFrame(bytes);
  const clean = rewrite(bytes, (parts) => {
    parts.keep(0, SIGNATURE_LENGTH);
    visitChunks(bytes, (type, start) => {
      if (isCritical(type) || needed.get(type) === start) parts.keep(start, endOf(bytes, start));
      // IHDR must be the first.
      if (type === 'IHDR' && orientation !== 1) {
        parts.add(createChunk('eXIf', writeOrientation(orientation)));
      }
    });
    if (frame) addFrame(bytes, frame, parts);
    else if (pixels < bytes.length) keepPixels(bytes, pixels, parts);
  });
  return { bytes: clean, ...(frame?.area && { area: frame.area }) };
}

/** Makes the frame the image. */
function addFrame(bytes: Buffer, { start, end }: FirstFrame, { add }: PartReceiver): void {
  for (let at = start; at < end; at = endOf(bytes, at)) {
    add(createChunk('IDAT', dataOf(bytes, at).subarray(SEQUENCE_LENGTH)));
  }
  add(createChunk('IEND', Buffer.alloc(0)));
}

/** Keeps consecutive IDAT chunks; decoders ignore later ones. */
function keepPixels(bytes: Buffer, first: number, { keep, add }: PartReceiver): void {
  const end = skipChunks(bytes, first, 'IDAT');
  keep(first, end);
  const hasMore = end + 8 <= bytes.length;
  if (hasMore && typeAt(bytes, end) === 'IDAT') {
    // The file is cut short within this chunk, maybe after the last pixel.
    const length = Math.min(bytes.readUInt32BE(end), bytes.length - end - 8);
    add(createChunk('IDAT', bytes.subarray(end + 8, end + 8 + length)));
  }
  if (hasMore && end + CHUNK_OVERHEAD <= bytes.length && typeAt(bytes, end) === 'IEND') {
    keep(end, end + CHUNK_OVERHEAD);
  } else add(createChunk('IEND', Buffer.alloc(0)));
}
