/** The secret parameter SEALING_KEYS: `kid:seed[,kid:seed…]`, a seed being 32 random bytes in base64url. */
import { decodeKey, KEY_BYTES, toBase64Url } from './seal-codec.js';

/** A key pair by its seed: DeriveKeyPair of RFC 9180 makes the pair. */
export interface SealingKey {
  /** Key id, 0 to 255. */
  kid: number;
  seed: Uint8Array;
}

/** Rotation needs two. */
const MAX_KEYS = 16;

/**
 * Parses SEALING_KEYS.
 * @returns the keys, none for an empty text; or what was expected and found, without any part of a key
 */
export function parseSealingKeys(text: string): SealingKey[] | { expected: string; found: string } {
  if (text.trim() === '') return [];
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length > MAX_KEYS) {
    return { expected: `at most ${MAX_KEYS} keys`, found: `${entries.length}` };
  }
  const keys: SealingKey[] = [];
  for (const [index, entry] of entries.entries()) {
    const at = `in entry ${index + 1}`;
    const colon = entry.indexOf(':');
    // A text that is no key id may be a part of a seed.
    const kid = /^(0|[1-9]\d{0,2})$/.test(entry.slice(0, Math.max(0, colon)))
      ? Number(entry.slice(0, colon))
      : 256;
    if (kid > 255) {
      return { expected: `${at} a key id from 0 to 255 and a colon`, found: 'something else' };
    }
    if (keys.some((key) => key.kid === kid)) {
      return { expected: `${at} a key id of its own`, found: `key id ${kid} again` };
    }
    const seedText = entry.slice(colon + 1);
    const seed = decodeKey(seedText);
    if (seed === undefined) {
      return {
        expected: `${at}, key id ${kid}, ${KEY_BYTES} bytes as 43 characters of base64url`,
        found: seedText.length === 43 ? 'others' : `${seedText.length} characters`,
      };
    }
    keys.push({ kid, seed });
  }
  return keys;
}

/** The text of SEALING_KEYS. */
export function formatSealingKeys(keys: readonly SealingKey[]): string {
  return keys.map(({ kid, seed }) => `${kid}:${toBase64Url(seed)}`).join(',');
}
