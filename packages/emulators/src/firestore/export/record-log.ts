/**
 * The record format of LevelDB's log files, which exports of Firestore use.
 * @see https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
import { crc32c } from './crc32c.js';

const BLOCK_BYTES = 32 * 1024;
/** Checksum (4 bytes), length (2 bytes), type (1 byte). */
const HEADER_BYTES = 7;
const MASK_DELTA = 0xa282ead8;

const PADDING = 0;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

/**
 * Reads the records of a log.
 * @param source what the log is, for errors
 * @throws Error when the log is incomplete or damaged
 */
export function* readRecords(log: Buffer, source: string): Iterable<Buffer> {
  let parts: Buffer[] | undefined;
  for (let offset = 0; offset < log.length;) {
    const inBlock = BLOCK_BYTES - (offset % BLOCK_BYTES);
    if (inBlock < HEADER_BYTES) {
      offset += inBlock;
      continue;
    }
    const damaged = (problem: string): Error =>
      new Error(`${source} is damaged: ${problem} at byte ${offset}.`);
    if (offset + HEADER_BYTES > log.length) throw damaged('a record is cut off');
    const length = log.readUInt16LE(offset + 4);
    const type = log.readUInt8(offset + 6);
    if (type === PADDING && length === 0) {
      // The rest of the block is unused.
      offset += inBlock;
      continue;
    }
    const end = offset + HEADER_BYTES + length;
    if (length > inBlock - HEADER_BYTES || end > log.length) throw damaged('a record is cut off');
    if (log.readUInt32LE(offset) !== checksum(log.subarray(offset + 6, end))) {
      throw damaged('expected another checksum');
    }
    const isStart = type === FULL || type === FIRST;
    if (type > LAST || isStart !== (parts === undefined)) {
      throw damaged(`found a record of type ${type}`);
    }
    parts = [...(parts ?? []), log.subarray(offset + HEADER_BYTES, end)];
    if (type === FULL || type === LAST) {
      yield parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      parts = undefined;
    }
    offset = end;
  }
  if (parts) throw new Error(`${source} is damaged: its last record is cut off.`);
}

/** Writes records to a log. */
export function writeRecords(records: Iterable<Buffer>): Buffer {
  const chunks: Buffer[] = [];
  let left = BLOCK_BYTES;
  for (const record of records) {
    let rest = record;
    let isFirst = true;
    do {
      if (left < HEADER_BYTES) {
        chunks.push(Buffer.alloc(left));
        left = BLOCK_BYTES;
      }
      const data = rest.subarray(0, left - HEADER_BYTES);
      rest = rest.subarray(data.length);
      const isLast = rest.length === 0;
      const type = isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
      chunks.push(fragment(type, data));
      left -= HEADER_BYTES + data.length;
      isFirst = false;
    } while (rest.length > 0);
  }
  return Buffer.concat(chunks);
}

function fragment(type: number, data: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BYTES), data]);
  bytes.writeUInt16LE(data.length, 4);
  bytes.writeUInt8(type, 6);
  bytes.writeUInt32LE(checksum(bytes.subarray(6)), 0);
  return bytes;
}

/** @param bytes the type and the data */
function checksum(bytes: Buffer): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
