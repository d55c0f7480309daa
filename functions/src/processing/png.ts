/** Drops the chunks of a PNG that decoding does not need. PNG (third edition). */
import { crc32 } from 'node:zlib';
import { readOrientation, writeOrientation } from './exif.js';
import {
  CHUNK_OVERHEAD,
  dataOf,
  readProfile,
  SIGNATURE_LENGTH,
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

/**
 * Drops text, time, all of EXIF but the orientation, invalid profiles, animation frames, unknown chunks and
 * data after the image. Takes linear time and at most one copy of the file.
 * @param bytes a file with the signature of a PNG
 * @returns a file that ends with IEND, if it has pixels; the decoder finds out whether all of them are there
 */
export function cleanPng(bytes: Buffer): Buffer {
  const needed = new Map<string, number>();
  const pixels = visitChunks(bytes, (type, start, end) => {
    if (!NEEDED.has(type) || needed.has(type)) return;
    if (type !== 'eXIf' || hasChecksum(bytes, start, end)) needed.set(type, start);
  });
  const exif = needed.get('eXIf');
  const orientation = exif === undefined ? 1 : readOrientation(dataOf(bytes, exif));
  needed.delete('eXIf');
  const profile = needed.get('iCCP');
  if (profile !== undefined && !readProfile(dataOf(bytes, profile))) needed.delete('iCCP');
  return rewrite(bytes, (parts) => {
    parts.keep(0, SIGNATURE_LENGTH);
    visitChunks(bytes, (type, start, end) => {
      if (isCritical(type) || needed.get(type) === start) parts.keep(start, end);
      // IHDR must be the first.
      if (type === 'IHDR' && orientation !== 1) {
        parts.add(createChunk('eXIf', writeOrientation(orientation)));
      }
    });
    if (pixels < bytes.length) keepPixels(bytes, pixels, parts);
  });
}

const hasChecksum = (bytes: Buffer, start: number, end: number) =>
  bytes.readUInt32BE(end - 4) === crc32(bytes.subarray(start + 4, end - 4));

/** Keeps consecutive IDAT chunks; decoders ignore later ones. */
function keepPixels(bytes: Buffer, first: number, { keep, add }: PartReceiver): void {
  let end = first;
  while (end + CHUNK_OVERHEAD <= bytes.length && typeAt(bytes, end) === 'IDAT') {
    const next = end + CHUNK_OVERHEAD + bytes.readUInt32BE(end);
    if (next > bytes.length) break;
    end = next;
  }
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

function createChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(CHUNK_OVERHEAD + data.length);
  chunk.writeUInt32BE(data.length);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}
