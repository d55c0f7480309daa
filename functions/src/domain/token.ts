/** Creates public tokens, and the ids of their records; token-text.ts has their format. */
import { hash, randomBytes } from 'node:crypto';
import { encodeToken, TOKEN_BYTES } from './token-text.js';

export { isToken } from './token-text.js';

/** Creates a public token from 160 bits of the system's cryptographic random source. */
export function mintToken(): string {
  return encodeToken(randomBytes(TOKEN_BYTES));
}

/** The document id of the token's record: base64url(SHA-256(token)), 43 characters. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}
