/** Resume tokens: the read time up to which a client knows its targets, and whose clock that was. */
import { toMicroseconds, toTimestamp } from '../store/times.js';
import type * as v1 from '../v1.js';

/** Bytes of the identifier of a database in memory. */
export const SOURCE_BYTES = 8;

/**
 * Makes a resume token.
 * @param source identifies the database in memory: another run of the emulator has another history
 */
export function encodeResumeToken(source: Buffer, readTime: v1.Timestamp): Buffer {
  const token = Buffer.alloc(SOURCE_BYTES + 8);
  source.copy(token);
  token.writeBigUInt64BE(BigInt(toMicroseconds(readTime)), SOURCE_BYTES);
  return token;
}

/** The read time of a resume token; undefined when the token is not one of this database. */
export function decodeResumeToken(
  source: Buffer,
  token: Uint8Array | string,
): v1.Timestamp | undefined {
  const bytes = typeof token === 'string' ? Buffer.from(token, 'base64') : Buffer.from(token);
  if (bytes.length !== SOURCE_BYTES + 8 || !bytes.subarray(0, SOURCE_BYTES).equals(source)) {
    return undefined;
  }
  return toTimestamp(Number(bytes.readBigUInt64BE(SOURCE_BYTES)));
}
