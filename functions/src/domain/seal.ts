/** Sealed tokens: makes them with a public key, and opens them with its seed. seal-codec.ts has their format. */
import { contextOf, decrypt, deriveKeyPair, encrypt, type KeyPair } from './hpke.js';
import {
  decodeGrant,
  decodeSealed,
  encodeGrant,
  encodeSealed,
  sealAad,
  sealInfo,
  sealingKeyOf,
  toBase64Url,
  type SealGrant,
  type SealPublicKeys,
} from './seal-codec.js';
import type { SealingKey } from './sealing-keys.js';

export type { SealGrant, SealLimits, SealPublicKeys } from './seal-codec.js';

export interface SealOpener {
  /** Whether a text has the form of a sealed token, of a key that this opener has. Costs little. */
  canOpen(text: string): boolean;
  /** Takes about 0.2 ms. @returns undefined when the text was not sealed for this installation */
  open(text: string): SealGrant | undefined;
  /** What `seal-keys.json` publishes. */
  publicKeys: SealPublicKeys;
}

/**
 * @param keys SEALING_KEYS: all of them open, the first one is published
 * @param audience name of the bucket of the originals
 */
export function openSealOpener(keys: readonly SealingKey[], audience: string): SealOpener {
  const pairs = new Map<number, KeyPair>();
  for (const { kid, seed } of keys) pairs.set(kid, deriveKeyPair(seed));
  const context = contextOf(sealInfo(audience));
  const published = [...pairs].slice(0, 1);
  return {
    publicKeys: {
      audience,
      keys: published.map(([kid, { publicKey }]) => ({ kid, key: toBase64Url(publicKey) })),
    },
    canOpen: (text) => pairs.has(decodeSealed(text)?.kid ?? -1),
    open(text) {
      const parts = decodeSealed(text);
      const pair = parts && pairs.get(parts.kid);
      const plaintext = pair && decrypt(pair, parts, { context, aad: parts.aad });
      return plaintext && decodeGrant(plaintext);
    },
  };
}

/**
 * Makes a sealed token.
 * @param ephemeral only for test vectors
 * @throws TypeError when the grant or the public keys are not valid
 */
export function seal(grant: SealGrant, publicKeys: SealPublicKeys, ephemeral?: KeyPair): string {
  const { kid, key, info } = sealingKeyOf(publicKeys);
  const aad = sealAad(kid);
  const bound = { context: contextOf(info), aad };
  return encodeSealed({ aad, ...encrypt(key, encodeGrant(grant), bound, ephemeral) });
}
