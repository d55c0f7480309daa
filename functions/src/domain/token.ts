/**
 * Public tokens: `spv_` + 27 base62 characters of 160 random bits + 6 base62 characters of the CRC32 of
 * everything before. The checksum rejects malformed tokens without a database read; it is not a secret.
 */
import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'spv_';
const RANDOM_BYTES = 20;
/** base62 characters that encode 160 bits: ceil(160 / log2(62)). */
const BODY_LENGTH = 27;
/** base62 characters that encode 32 bits: ceil(32 / log2(62)). */
const CHECKSUM_LENGTH = 6;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TOKEN = new RegExp(`^${PREFIX}[0-9A-Za-z]{${BODY_LENGTH + CHECKSUM_LENGTH}}$`);

/** Creates a public token from 160 bits of the system's cryptographic random source. */
export function mintToken(): string {
  const body = base62(BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`), BODY_LENGTH);
  return PREFIX + body + checksum(PREFIX + body);
}

/** Whether a text has the format and checksum of a token. Does not tell whether it was ever issued. */
export function isToken(text: string): boolean {
  return (
    TOKEN.test(text) && checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH)
  );
}

/** The document id of the token's record: base64url(SHA-256(token)), 43 characters. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}

function checksum(text: string): string {
  let digits = '';
  // Numbers instead of BigInts: this runs on every request.
  for (let rest = crc32(text); rest > 0; rest = Math.floor(rest / 62)) {
    digits = ALPHABET.charAt(rest % 62) + digits;
  }
  return digits.padStart(CHECKSUM_LENGTH, '0');
}

function base62(value: bigint, length: number): string {
  let digits = '';
  for (let rest = value; rest > 0n; rest /= 62n) digits = ALPHABET[Number(rest % 62n)] + digits;
  return digits.padStart(length, '0');
}
