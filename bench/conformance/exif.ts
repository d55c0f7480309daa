/** Writes EXIF directories of one entry, the orientation (Exif 3.0, section 4.6.5.1.6), in a TIFF header. */
import { le16, le32, text, u16, u32 } from '../processing/fields.js';

export type ByteOrder = 'II' | 'MM';

/** Type and count of the orientation are 3 (SHORT) and 1; other ones are wrong. @param value 4 bytes */
export function exifEntry(
  type: number,
  count: number,
  value: Buffer,
  order: ByteOrder = 'MM',
): Buffer {
  const [short, long] = order === 'MM' ? [u16, u32] : [le16, le32];
  return Buffer.concat([
    text(order),
    short(42),
    long(8),
    short(1),
    short(0x0112, type),
    long(count),
    value,
    long(0),
  ]);
}

export const exifOrientation = (orientation: number, order: ByteOrder = 'MM') =>
  exifEntry(3, 1, (order === 'MM' ? u16 : le16)(orientation, 0), order);
