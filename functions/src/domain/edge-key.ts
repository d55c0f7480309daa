/** Keys with which the edge proves to `serve` that a request comes from it. Only their hashes are configured. */
import { createHash, randomBytes } from 'node:crypto';

/** Rotation needs two. */
export const MAX_EDGE_KEYS = 4;

/** What a hash looks like, for a regular expression. */
export const EDGE_KEY_HASH = '[A-Za-z0-9_-]{43}';

/** Makes a key: 256 random bits as 43 characters of base64url. */
export function mintEdgeKey(): string {
  return randomBytes(32).toString('base64url');
}

/** @returns base64url SHA-256, 43 characters. Without a salt: a key is random, so nobody can guess it from its hash. */
export function hashEdgeKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
