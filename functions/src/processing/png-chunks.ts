/** Reads the structure of a PNG. PNG (third edition). */
import { crc32, inflateSync } from 'node:zlib';
import { MAX_PROFILE_BYTES } from './limits.js';
import { codeAt } from './text.js';

/** Section 5.2. */
export const SIGNATURE_LENGTH = 8;
/** Length, type and checksum of a chunk, section 5.3. */
export const CHUNK_OVERHEAD = 12;

/**
 * Visits complete chunks up to pixels.
 * @param visit receives the offset of a chunk's length
 * @param from offset of a chunk
 * @returns the offset of the first IDAT, or the end of the file
 */
export function visitChunks(
  bytes: Buffer,
  visit: (type: string, start: number) => void,
  from = SIGNATURE_LENGTH,
): number {
  for (let start = from; start + CHUNK_OVERHEAD <= bytes.length;) {
    const type = typeAt(bytes, start);
    if (type === 'IDAT') return start;
    const end = endOf(bytes, start);
    if (type === 'IEND' || end > bytes.length) break;
    visit(type, start);
    start = end;
  }
  return bytes.length;
}

/** @returns the offset after the complete chunks of a type that begin at `start`; `start` itself if there are none */
export function skipChunks(bytes: Buffer, start: number, type: string): number {
  let at = start;
  while (at + CHUNK_OVERHEAD <= bytes.length && typeAt(bytes, at) === type) {
    const end = endOf(bytes, at);
    if (end > bytes.length) break;
    at = end;
  }
  return at;
}

/** @param start offset of a chunk */
export const typeAt = (bytes: Buffer, start: number) => codeAt(bytes, start + 4);

/** @returns the offset after the checksum of a chunk */
export const endOf = (bytes: Buffer, start: number) =>
  start + CHUNK_OVERHEAD + bytes.readUInt32BE(start);

/** @param start offset of a complete chunk */
export const dataOf = (bytes: Buffer, start: number) =>
  bytes.subarray(start + 8, endOf(bytes, start) - 4);

/** @returns whether the checksum of a complete chunk is right, section 5.3 */
export function hasChecksum(bytes: Buffer, start: number): boolean {
  const end = endOf(bytes, start) - 4;
  return bytes.readUInt32BE(end) === crc32(bytes.subarray(start + 4, end));
}

export function createChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(CHUNK_OVERHEAD + data.length);
  chunk.writeUInt32BE(data.length);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}

const MAX_NAME_LENGTH = 79;

/**
 * Reads the data of iCCP, section 11.3.2.3: a name that ends with 0, the compression method 0, and the profile.
 * @returns undefined when the data is invalid, or inflates to more than MAX_PROFILE_BYTES
 */
export function readProfile(data: Buffer): Buffer | undefined {
  const end = data.subarray(0, MAX_NAME_LENGTH + 1).indexOf(0);
  if (end < 1 || data[end + 1] !== 0) return undefined;
  try {
    return inflateSync(data.subarray(end + 2), { maxOutputLength: MAX_PROFILE_BYTES });
  } catch {
    return undefined;
  }
}
