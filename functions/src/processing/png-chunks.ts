/** Reads the structure of a PNG. PNG (third edition). */
import { inflateSync } from 'node:zlib';
import { MAX_PROFILE_BYTES } from './limits.js';
import { codeAt } from './text.js';

/** Section 5.2. */
export const SIGNATURE_LENGTH = 8;
/** Length, type and checksum of a chunk, section 5.3. */
export const CHUNK_OVERHEAD = 12;

/**
 * Visits the complete chunks before the pixels.
 * @param visit receives the offset of the chunk's length, and the one after its checksum
 * @returns the offset of the first IDAT, or the end of the file
 */
export function visitChunks(
  bytes: Buffer,
  visit: (type: string, start: number, end: number) => void,
): number {
  for (let start = SIGNATURE_LENGTH; start + CHUNK_OVERHEAD <= bytes.length;) {
    const type = typeAt(bytes, start);
    if (type === 'IDAT') return start;
    const end = start + CHUNK_OVERHEAD + bytes.readUInt32BE(start);
    if (type === 'IEND' || end > bytes.length) break;
    visit(type, start, end);
    start = end;
  }
  return bytes.length;
}

/** @param start offset of a chunk */
export const typeAt = (bytes: Buffer, start: number) => codeAt(bytes, start + 4);

/** @param start offset of a complete chunk */
export const dataOf = (bytes: Buffer, start: number) =>
  bytes.subarray(start + 8, start + 8 + bytes.readUInt32BE(start));

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
