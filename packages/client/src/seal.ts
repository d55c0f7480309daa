/**
 * Seals public tokens in the browser: the link that this makes does not contain the token, and its limits can't be
 * removed. The format is that of the functions, bundled into this entry; `hpke` is an optional peer.
 */
import { AEAD_AES_128_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke';
import {
  encodeGrant,
  encodeSealed,
  sealAad,
  sealingKeyOf,
} from '../../../functions/src/domain/seal-codec.js';
import { toGrant, type SealOptions } from './seal-options.js';

export type { SealOptions, SealPublicKeys } from './seal-options.js';

let supported: Promise<boolean> | undefined;

/**
 * Whether this browser can seal: X25519 of WebCrypto is in current Chromium, Firefox and Safari, and only pages from
 * https or localhost have WebCrypto.
 */
export function canSeal(): Promise<boolean> {
  return (supported ??= detect());
}

async function detect(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a sealed token, which takes the place of the token in every URL. Two of them for one image have nothing in
 * common.
 *
 * @param options the token, the public keys and the limits
 * @returns `sps_…`
 * @throws TypeError when an option is not valid, or Error when `canSeal()` is false
 */
export async function seal(options: SealOptions): Promise<string> {
  const plaintext = encodeGrant(toGrant(options));
  const { kid, key, info } = sealingKeyOf(options.publicKeys);
  if (!(await canSeal())) {
    throw new Error(
      'Expected WebCrypto with X25519, found none: use a current browser and https, or seal on a server (/admin)',
    );
  }
  const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_128_GCM);
  const aad = sealAad(kid);
  const recipient = await suite.DeserializePublicKey(key);
  const sealed = await suite.Seal(recipient, plaintext, { aad, info });
  return encodeSealed({ aad, enc: sealed.encapsulatedSecret, ciphertext: sealed.ciphertext });
}
