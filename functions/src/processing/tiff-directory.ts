/** Reads the first directory of a TIFF structure: TIFF 6.0 section 2, also EXIF 2.32 section 4.6.2. */

/** Byte order, 42, offset of the first directory. */
const HEADER_LENGTH = 8;
/** Tag, type, count, and value or offset of the values. */
const ENTRY_LENGTH = 12;

export const ASCII = 2;
export const SHORT = 3;

export interface TiffEntry {
  tag: number;
  type: number;
  count: number;
  /** The value field as a SHORT, and as a LONG or an offset. */
  short: number;
  long: number;
}

/**
 * Reads entry by entry, in the order of the file, and follows no offset but that of the directory. An entry that
 * is cut short is left out.
 * @param tiff from the byte order mark on
 */
export function* readFirstDirectory(tiff: Buffer): Generator<TiffEntry> {
  const order = tiff.toString('latin1', 0, 4);
  if (tiff.length < HEADER_LENGTH || (order !== 'II*\0' && order !== 'MM\0*')) return;
  const isLittle = order === 'II*\0';
  const u16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number) => (isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const directory = u32(4);
  if (directory + 2 > tiff.length) return;
  const end = Math.min(directory + 2 + u16(directory) * ENTRY_LENGTH, tiff.length);
  for (let at = directory + 2; at + ENTRY_LENGTH <= end; at += ENTRY_LENGTH) {
    const [tag, type, count] = [u16(at), u16(at + 2), u32(at + 4)];
    yield { tag, type, count, short: u16(at + 8), long: u32(at + 8) };
  }
}
