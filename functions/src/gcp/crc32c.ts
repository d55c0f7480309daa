/**
 * CRC32C, by which Cloud Storage and its clients detect changed bytes. Node.js has only the other CRC32, and Google's
 * client library takes a byte at a time, which for a photo is as slow as its decoding.
 * @see https://cloud.google.com/storage/docs/data-validation
 */

/** The polynomial of RFC 9260 appendix A, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
/** Bytes at a time: one table of 256 entries for each. */
const SLICES = 8;
const TABLES = createTables();

/** @returns base64 of the checksum in big-endian order, as Cloud Storage states it */
export function crc32c(data: Uint8Array): string {
  const sum = Buffer.allocUnsafe(4);
  sum.writeInt32BE(checksum(data));
  return sum.toString('base64');
}

/** Eight bytes at a time ("slicing-by-8"): each byte's part of the checksum is in a table of its own. */
function checksum(data: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
    ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ];
  const at = (table: Int32Array, index: number) => table[index & 0xff] as number;
  let sum = -1;
  let offset = 0;
  const end = data.length - (data.length % SLICES);
  while (offset < end) {
    const low =
      sum ^
      ((data[offset] as number) |
        ((data[offset + 1] as number) << 8) |
        ((data[offset + 2] as number) << 16) |
        ((data[offset + 3] as number) << 24));
    sum =
      at(t7, low) ^
      at(t6, low >>> 8) ^
      at(t5, low >>> 16) ^
      at(t4, low >>> 24) ^
      at(t3, data[offset + 4] as number) ^
      at(t2, data[offset + 5] as number) ^
      at(t1, data[offset + 6] as number) ^
      at(t0, data[offset + 7] as number);
    offset += SLICES;
  }
  for (; offset < data.length; offset++) sum = at(t0, sum ^ (data[offset] as number)) ^ (sum >>> 8);
  return ~sum;
}

function createTables(): Int32Array[] {
  const tables = Array.from({ length: SLICES }, () => new Int32Array(256));
  const [first] = tables as [Int32Array];
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
    first[byte] = sum;
  }
  for (let slice = 1; slice < SLICES; slice++) {
    const [previous, table] = tables.slice(slice - 1) as [Int32Array, Int32Array];
    for (let byte = 0; byte < 256; byte++) {
      const sum = previous[byte] as number;
      table[byte] = (sum >>> 8) ^ (first[sum & 0xff] as number);
    }
  }
  return tables;
}
