/**
 * Reads and writes the only EXIF field that changes how an image looks: the orientation. Libraries follow
 * every pointer of an EXIF directory, also those that lead back to it, which can take seconds per kilobyte.
 */
import { readFirstDirectory, SHORT } from './tiff-directory.js';

/** EXIF 2.32, section 4.6.4 A: the tag Orientation, one SHORT. */
const ORIENTATION_TAG = 0x112;

/**
 * Reads the orientation as Chromium does: from the first directory only, and only when it is one SHORT.
 * @param tiff an EXIF block, from its byte order mark on
 * @returns 1 to 8; 1 (upright) when the block is invalid or has no orientation
 */
export function readOrientation(tiff: Buffer): number {
  for (const { tag, type, count, short } of readFirstDirectory(tiff)) {
    if (tag !== ORIENTATION_TAG) continue;
    return type === SHORT && count === 1 && short >= 1 && short <= 8 ? short : 1;
  }
  return 1;
}

/** Writes an EXIF block, from its byte order mark on, that has nothing but the orientation. */
export function writeOrientation(orientation: number): Buffer {
  // The header, a directory of one entry, and no next directory.
  const tiff = Buffer.alloc(8 + 2 + 12 + 4);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(ORIENTATION_TAG, 10);
  tiff.writeUInt16LE(SHORT, 12);
  tiff.writeUInt32LE(1, 14);
  tiff.writeUInt16LE(orientation, 18);
  return tiff;
}
