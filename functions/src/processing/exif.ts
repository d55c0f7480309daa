/**
 * Reads and writes the only EXIF field that changes how an image looks: the orientation. Libraries follow
 * every pointer of an EXIF directory, also those that lead back to it, which can take seconds per kilobyte.
 */

/** EXIF 2.32, section 4.6.2: byte order, 42, offset of the first directory. */
const HEADER_LENGTH = 8;
/** Tag, type, count, and value or offset. */
const ENTRY_LENGTH = 12;
/** EXIF 2.32, section 4.6.4 A: the tag Orientation, one SHORT. */
const ORIENTATION_TAG = 0x112;
const SHORT = 3;

/**
 * Reads the orientation as Chromium does: from the first directory only, and only when it is one SHORT.
 * @param tiff an EXIF block, from its byte order mark on
 * @returns 1 to 8; 1 (upright) when the block is invalid or has no orientation
 */
export function readOrientation(tiff: Buffer): number {
  const order = tiff.toString('latin1', 0, 4);
  if (tiff.length < HEADER_LENGTH || (order !== 'II*\0' && order !== 'MM\0*')) return 1;
  const isLittle = order === 'II*\0';
  const u16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number) => (isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const directory = u32(4);
  if (directory + 2 > tiff.length) return 1;
  const end = Math.min(directory + 2 + u16(directory) * ENTRY_LENGTH, tiff.length);
  for (let at = directory + 2; at + ENTRY_LENGTH <= end; at += ENTRY_LENGTH) {
    if (u16(at) !== ORIENTATION_TAG) continue;
    const value = u16(at + 2) === SHORT && u32(at + 4) === 1 ? u16(at + 8) : 1;
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Writes an EXIF block, from its byte order mark on, that has nothing but the orientation. */
export function writeOrientation(orientation: number): Buffer {
  const tiff = Buffer.alloc(HEADER_LENGTH + 2 + ENTRY_LENGTH + 4);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(HEADER_LENGTH, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(ORIENTATION_TAG, 10);
  tiff.writeUInt16LE(SHORT, 12);
  tiff.writeUInt32LE(1, 14);
  tiff.writeUInt16LE(orientation, 18);
  return tiff;
}
