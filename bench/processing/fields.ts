/** The binary fields of image files. */

export const text = (value: string) => Buffer.from(value, 'latin1');

/** Big endian, 2 bytes each. */
export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i);
  return bytes;
}

/** Big endian, 4 bytes each. */
export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}

/** Little endian. */
export const le16 = (...values: number[]) => u16(...values).swap16();
export const le24 = (value: number) => Buffer.from([value & 255, (value >> 8) & 255, value >> 16]);
export const le32 = (...values: number[]) => u32(...values).swap32();

/** Repeats the bytes without an intermediate array, for millions of copies. */
export const repeat = (bytes: Buffer, count: number) => Buffer.alloc(bytes.length * count, bytes);
