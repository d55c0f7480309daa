/** Opens sealed tokens. The format is that of functions/src/domain/seal-codec.ts. */
import {
  decodeGrant,
  decodeSealed,
  sealInfo,
  toBase64Url,
  type SealGrant,
  type SealPublicKeys,
} from '../../../functions/src/domain/seal-codec.js';
import { parseSealingKeys } from '../../../functions/src/domain/sealing-keys.js';
import { decrypt, deriveKeyPair, openContext, type KeyPair } from './hpke.js';

export interface Seals {
  /** Whether a text has the form of a sealed token, and names a key. Costs next to nothing. */
  canOpen(text: string): boolean;
  /** @returns undefined when the text was not sealed for this installation */
  open(text: string): Promise<SealGrant | undefined>;
  /** What `seal-keys.json` publishes; undefined without keys. */
  publicKeys: SealPublicKeys | undefined;
}

/**
 * @param text SEALING_KEYS: the same as that of `serve`
 * @param audience name of the bucket of the originals
 * @throws Error when the keys are malformed; the message has no part of a key
 */
export async function openSeals(text: string, audience: string): Promise<Seals> {
  const keys = parseSealingKeys(text);
  if ('expected' in keys) {
    throw new Error(`SEALING_KEYS: expected ${keys.expected}, found ${keys.found}`);
  }
  if (keys.length > 0 && audience === '') {
    throw new Error('BUCKET: expected the name of the bucket of the originals, found nothing');
  }
  const pairs = new Map<number, KeyPair>();
  for (const { kid, seed } of keys) pairs.set(kid, await deriveKeyPair(seed));
  const context = await openContext(sealInfo(audience));
  const [first] = pairs;
  return {
    publicKeys: first && {
      audience,
      keys: [{ kid: first[0], key: toBase64Url(first[1].publicKey) }],
    },
    canOpen: (sealed) => pairs.has(decodeSealed(sealed)?.kid ?? -1),
    async open(sealed) {
      const parts = decodeSealed(sealed);
      const pair = parts && pairs.get(parts.kid);
      const plaintext = pair && (await decrypt(pair, parts, context));
      return plaintext && decodeGrant(plaintext);
    },
  };
}
