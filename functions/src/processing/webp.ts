/** Reads the chunks of a WebP, and drops those that decoding does not need. RFC 9649. */
import type { Size } from '../domain/variant.js';
import { MAX_PROFILE_BYTES } from './limits.js';
import { rewrite } from './rewrite.js';
import { codeAt } from './text.js';

/** Section 2.4: `RIFF`, size, `WEBP`. */
const HEADER_LENGTH = 12;
/** Section 2.3: type and size of a chunk. */
const CHUNK_HEADER_LENGTH = 8;

/** Section 2.7. EXIF and XMP are left out: browsers ignore the orientation of a WebP. */
const NEEDED = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF']);

/** Flags of VP8X, section 2.7.1. */
const HAS_PROFILE = 0x20;
const HAS_ALPHA = 0x10;
const HAS_EXIF = 0x08;
const HAS_XMP = 0x04;
/** Their offset, when VP8X is the first chunk, as it must be. */
const FLAGS = HEADER_LENGTH + CHUNK_HEADER_LENGTH;

export interface WebpFile {
  /** Without metadata, but with its color profile. */
  bytes: Buffer;
  /** Pixels; absent when no chunk states it. */
  canvas?: Size;
  /** The number of ANMF chunks. */
  frames: number;
}

/**
 * Drops EXIF, XMP, large profiles, unknown chunks and data after the image. Takes linear time and at most one
 * copy of the file.
 * @param bytes a file with the signature of a WebP
 */
export function readWebp(bytes: Buffer): WebpFile {
  let canvas: Size | undefined;
  let frames = 0;
  let profile: number | undefined;
  visitChunks(bytes, (type, start, end) => {
    const data = start + CHUNK_HEADER_LENGTH;
    if (type === 'ANMF') frames++;
    // Every chunk that has a size has at least 10 bytes.
    if (data + 10 <= bytes.length) canvas ??= CANVAS_READERS[type]?.(bytes, data);
    if (type === 'ICCP' && end - start <= MAX_PROFILE_BYTES) profile ??= start;
  });
  const isKept = (type: string, start: number) => NEEDED.has(type) || start === profile;
  let dropped = 0;
  visitChunks(bytes, (type, start, end) => {
    if (!isKept(type, start)) dropped += end - start;
  });
  const unset = HAS_EXIF | HAS_XMP | (profile === undefined ? HAS_PROFILE : 0);
  const hasFlags = bytes.length > FLAGS && codeAt(bytes, HEADER_LENGTH) === 'VP8X';
  const isClean = dropped === 0 && !(hasFlags && ((bytes[FLAGS] as number) & unset) !== 0);
  const file = isClean
    ? bytes
    : rewrite(bytes, ({ keep, add }) => {
        const header = Buffer.from(bytes.subarray(0, HEADER_LENGTH));
        header.writeUInt32LE(claimedEnd(bytes) - 8 - dropped, 4);
        add(header);
        visitChunks(bytes, (type, start, end) => {
          if (!isKept(type, start)) return;
          let rest = start;
          if (hasFlags && start === HEADER_LENGTH) {
            keep(start, FLAGS);
            add(Buffer.from([(bytes[FLAGS] as number) & ~unset]));
            rest = FLAGS + 1;
          }
          keep(rest, Math.min(end, bytes.length));
        });
      });
  return { bytes: file, ...(canvas && { canvas }), frames };
}

/** Frame duration, section 2.7.1.1: offset in the data of ANMF, and the longest, milliseconds. */
const DURATION_OFFSET = 12;
const MAX_DURATION = 2 ** 24 - 1;

/**
 * Sets the delays of an encoded animation. The encoder merges equal frames and adds up their delays, so with one
 * equal delay for all, a frame's delay states of how many frames it was made.
 * @param webp is changed in place
 * @param provisional the delay that each frame was encoded with, milliseconds
 * @param delays those to set, milliseconds, one for each frame before the encoding
 * @returns `webp`
 */
export function replaceDelays(
  webp: Buffer,
  provisional: number,
  delays: readonly number[],
): Buffer {
  let index = 0;
  visitChunks(webp, (type, start) => {
    if (type !== 'ANMF') return;
    const at = start + CHUNK_HEADER_LENGTH + DURATION_OFFSET;
    const next = index + webp.readUIntLE(at, 3) / provisional;
    const total = delays.slice(index, next).reduce((sum, delay) => sum + delay, 0);
    webp.writeUIntLE(Math.min(total, MAX_DURATION), at, 3);
    index = next;
  });
  return webp;
}

/**
 * Adds a profile to a file without one.
 * @param webp an output of an encoder
 * @returns a new file
 */
export function addWebpProfile(webp: Buffer, profile: Buffer): Buffer {
  const isExtended = codeAt(webp, HEADER_LENGTH) === 'VP8X';
  const extended = isExtended ? webp.subarray(HEADER_LENGTH, EXTENDED_END) : createExtended(webp);
  const head = Buffer.concat([
    webp.subarray(0, HEADER_LENGTH),
    extended,
    createChunk('ICCP', profile),
  ]);
  const file = Buffer.concat([head, webp.subarray(isExtended ? EXTENDED_END : HEADER_LENGTH)]);
  file.writeUInt32LE(file.length - 8, 4);
  file[FLAGS] = (file[FLAGS] as number) | HAS_PROFILE;
  return file;
}

/** Section 2.7.1: the chunk VP8X of a file that has none, so one image and no animation. */
function createExtended(webp: Buffer): Buffer {
  const { canvas } = readWebp(webp);
  if (!canvas) throw new Error('expected a WebP with its size, found none');
  const data = Buffer.alloc(EXTENDED_LENGTH);
  // Section 3.4: a bit after both lengths. A lossy image with alpha has VP8X.
  const isLossless = codeAt(webp, HEADER_LENGTH) === 'VP8L';
  if (isLossless && ((webp[FLAGS + 4] as number) & 0x10) !== 0) data[0] = HAS_ALPHA;
  data.writeUIntLE(canvas.width - 1, 4, 3);
  data.writeUIntLE(canvas.height - 1, 7, 3);
  return createChunk('VP8X', data);
}

/** Section 2.7.1: bytes of the data of VP8X, and where that chunk ends when it is the first. */
const EXTENDED_LENGTH = 10;
const EXTENDED_END = HEADER_LENGTH + CHUNK_HEADER_LENGTH + EXTENDED_LENGTH;

/** Section 2.3: padded to an even length. */
function createChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(CHUNK_HEADER_LENGTH + 2 * Math.ceil(data.length / 2));
  chunk.write(type, 0, 'latin1');
  chunk.writeUInt32LE(data.length, 4);
  data.copy(chunk, CHUNK_HEADER_LENGTH);
  return chunk;
}

/** Where the file ends by its own header, which is beyond `bytes` when it is cut short. */
const claimedEnd = (bytes: Buffer) => 8 + bytes.readUInt32LE(4);

/**
 * Visits all chunks, also one that is cut short.
 * @param visit receives the offsets at which the chunk starts and ends by its own header
 */
function visitChunks(
  bytes: Buffer,
  visit: (type: string, start: number, end: number) => void,
): void {
  const fileEnd = claimedEnd(bytes);
  const lastStart = Math.min(fileEnd, bytes.length) - CHUNK_HEADER_LENGTH;
  for (let start = HEADER_LENGTH; start <= lastStart;) {
    const size = bytes.readUInt32LE(start + 4);
    // Chunks are padded to even lengths.
    const end = Math.min(fileEnd, start + CHUNK_HEADER_LENGTH + 2 * Math.ceil(size / 2));
    visit(codeAt(bytes, start), start, end);
    start = end;
  }
}

/** Reads the image size from each type of chunk that has one (RFC 6386, section 9.1, for VP8). */
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
