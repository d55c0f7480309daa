/**
 * What a file's outline says before a decoder looks at it: small files that cost a decoder minutes, or
 * a gigabyte for their header alone.
 */
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import type { Kind } from './file-type.js';
import { checkPixels, MAX_FILE_FRAMES, MAX_SCANS, type Bounds } from './limits.js';

/** @throws ImageFailure when decoding the file would take too long or too much */
export function checkStructure(bytes: Buffer, kind: Kind, { maxPixels }: Bounds): void {
  if (kind === 'jpeg') checkCount('scans', countScans(bytes), MAX_SCANS);
  if (kind !== 'webp') return;
  const { canvas, frames } = outlineOfWebp(bytes);
  checkCount('frames', frames, MAX_FILE_FRAMES);
  if (canvas) checkPixels(canvas, maxPixels);
}

function checkCount(what: string, found: number, most: number): void {
  if (found > most) {
    throw new ImageFailure('too-slow', `expected at most ${most} ${what}, found ${found}`);
  }
}

/** Markers of ITU-T T.81, table B.1: those that stand alone, the end of the image, a scan. */
const isAlone = (marker: number) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;

/** From marker to marker up to the end of the image: what phones append (a film) is none of it. */
function countScans(bytes: Buffer): number {
  let count = 0;
  for (
    let at = bytes.indexOf(0xff);
    at >= 0 && at + 4 <= bytes.length;
    at = bytes.indexOf(0xff, at)
  ) {
    const marker = bytes[at + 1] as number;
    if (marker === END_OF_IMAGE) break;
    if (marker === START_OF_SCAN) count++;
    // A fill byte is one byte long. Within a scan, 0xff is followed by 0 or RSTn (section B.1.1.5).
    if (marker === 0xff) at += 1;
    else if (isAlone(marker)) at += 2;
    else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return count;
}

/** RFC 9649: section 2.3 (chunks), 2.7 (canvas of VP8X, frames); RFC 6386, section 9.1 (VP8). */
function outlineOfWebp(bytes: Buffer): { canvas?: Size; frames: number } {
  let canvas: Size | undefined;
  let frames = 0;
  for (let at = 12; at + 18 <= bytes.length;) {
    const name = bytes.toString('latin1', at, at + 4);
    const data = at + 8;
    if (name === 'ANMF') frames++;
    canvas ??= CANVAS[name]?.(bytes, data);
    // Chunks are padded to even lengths.
    at = data + 2 * Math.ceil(bytes.readUInt32LE(at + 4) / 2);
  }
  return { ...(canvas && { canvas }), frames };
}

/** Where each kind of chunk says how large the picture is: 10 bytes from its data suffice. */
const CANVAS: Partial<Record<string, (bytes: Buffer, data: number) => Size>> = {
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
