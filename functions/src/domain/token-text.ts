/**
 * Public tokens as text: `spv_` + 27 base62 characters of 160 bits + 6 base62 characters of the CRC32 of everything
 * before. The checksum rejects malformed tokens without a database read; it is not a secret.
 *
 * Portable: packages/client and packages/edge bundle this file for browsers and workers.
 */

const PREFIX = 'spv_';
/** Bytes of a token: 160 bits. */
export const TOKEN_BYTES = 20;
/** base62 characters that encode 160 bits: ceil(160 / log2(62)). */
const BODY_LENGTH = 27;
/** base62 characters that encode 32 bits: ceil(32 / log2(62)). */
const CHECKSUM_LENGTH = 6;
/** Characters of a token. */
export const TOKEN_LENGTH = PREFIX.length + BODY_LENGTH + CHECKSUM_LENGTH;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TOKEN = new RegExp(`^${PREFIX}[0-9A-Za-z]{${BODY_LENGTH + CHECKSUM_LENGTH}}$`);

/** @param bytes the 20 bytes of a token */
export function encodeToken(bytes: Uint8Array): string {
  let body = '';
  for (let rest = toInteger(bytes); rest > 0n; rest /= 62n) {
    body = ALPHABET.charAt(Number(rest % 62n)) + body;
  }
  body = PREFIX + body.padStart(BODY_LENGTH, '0');
  return body + checksum(body);
}

/** @returns the 20 bytes; undefined unless `encodeToken` makes this text */
export function decodeToken(text: string): Uint8Array | undefined {
  if (!isToken(text)) return undefined;
  let rest = 0n;
  for (const digit of text.slice(PREFIX.length, -CHECKSUM_LENGTH)) {
    rest = rest * 62n + BigInt(ALPHABET.indexOf(digit));
  }
  const bytes = new Uint8Array(TOKEN_BYTES);
  for (let at = TOKEN_BYTES - 1; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 255n);
  // 27 characters hold 160.8 bits.
  return rest === 0n ? bytes : undefined;
}

/** Whether a text has the format and checksum of a token. Does not say whether it was ever issued. */
export function isToken(text: string): boolean {
  return (
    TOKEN.test(text) && checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH)
  );
}

function toInteger(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function checksum(text: string): string {
  let digits = '';
  // Numbers instead of BigInts: this runs on every request.
  for (let rest = crc32(text); rest > 0; rest = Math.floor(rest / 62)) {
    digits = ALPHABET.charAt(rest % 62) + digits;
  }
  return digits.padStart(CHECKSUM_LENGTH, '0');
}

/** The remainders of the 16 values of four bits, for CRC32 (ISO 3309). */
const REMAINDERS = Uint32Array.from({ length: 16 }, (_, value) => {
  let rest = value;
  for (let bit = 0; bit < 4; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** @param text ASCII */
function crc32(text: string): number {
  let crc = -1;
  for (let at = 0; at < text.length; at++) {
    crc ^= text.charCodeAt(at);
    crc = (crc >>> 4) ^ (REMAINDERS[crc & 15] as number);
    crc = (crc >>> 4) ^ (REMAINDERS[crc & 15] as number);
  }
  return ~crc >>> 0;
}
