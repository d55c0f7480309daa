/**
 * Checks a file's structure before a decoder reads it: some small files would keep a decoder busy for
 * minutes, or take a gigabyte for the header alone.
 */
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import type { FileType } from './file-type.js';
import { checkPixels, MAX_FILE_FRAMES, MAX_SCANS, type UploadLimits } from './limits.js';

/** @throws ImageFailure when decoding the file would take too much time or memory */
export function checkStructure(bytes: Buffer, type: FileType, { maxPixels }: UploadLimits): void {
  if (type === 'jpeg') checkCount('scans', countScans(bytes), MAX_SCANS);
  if (type !== 'webp') return;
  const { canvas, frames } = readWebpStructure(bytes);
  checkCount('frames', frames, MAX_FILE_FRAMES);
  if (canvas) checkPixels(canvas, maxPixels);
}

function checkCount(unit: string, count: number, max: number): void {
  if (count > max) {
    throw new ImageFailure('too-slow', `expected at most ${max} ${unit}, found ${count}`);
  }
}

/** Markers of ITU-T T.81, table B.1: those without a segment, the end of image, a scan. */
const hasNoSegment = (marker: number) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;

/** Walks the markers up to the end of the image; data after it (phones append videos) is ignored. */
function countScans(bytes: Buffer): number {
  let count = 0;
  for (
    let offset = bytes.indexOf(0xff);
    offset >= 0 && offset + 4 <= bytes.length;
    offset = bytes.indexOf(0xff, offset)
  ) {
    const marker = bytes[offset + 1] as number;
    if (marker === END_OF_IMAGE) break;
    if (marker === START_OF_SCAN) count++;
    // A fill byte is one byte long. Within a scan, 0xff is followed by 0 or RSTn (section B.1.1.5).
    if (marker === 0xff) offset += 1;
    else if (hasNoSegment(marker)) offset += 2;
    else offset += 2 + bytes.readUInt16BE(offset + 2);
  }
  return count;
}

/** RFC 9649: section 2.3 (chunks), 2.7 (canvas of VP8X, frames); RFC 6386, section 9.1 (VP8). */
function readWebpStructure(bytes: Buffer): { canvas?: Size; frames: number } {
  let canvas: Size | undefined;
  let frames = 0;
  for (let offset = 12; offset + 18 <= bytes.length;) {
    const type = bytes.toString('latin1', offset, offset + 4);
    const data = offset + 8;
    if (type === 'ANMF') frames++;
    canvas ??= CANVAS_READERS[type]?.(bytes, data);
    // Chunks are padded to even lengths.
    offset = data + 2 * Math.ceil(bytes.readUInt32LE(offset + 4) / 2);
  }
  return { ...(canvas && { canvas }), frames };
}

/** Reads the image size from each type of chunk that has one; 10 bytes of chunk data suffice. */
const CANVAS_READERS: Partial<Record<string, (bytes: Buffer, data: number) => Size>> = {
  VP8X: (bytes, data) => ({
    width: 1 + bytes.readUIntLE(data + 4, 3),
    height: 1 + bytes.readUIntLE(data + 7, 3),
  }),
  'VP8 ': (bytes, data) => ({
    width: bytes.readUInt16LE(data + 6) & 0x3fff,
    height: bytes.readUInt16LE(data + 8) & 0x3fff,
  }),
  VP8L: (bytes, data) => {
    const bits = bytes.readUInt32LE(data + 1);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  },
};
