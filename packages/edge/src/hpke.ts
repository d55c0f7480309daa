/**
 * HPKE (RFC 9180) for one message, the recipient's side: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM,
 * over WebCrypto. `serve` has the same with node:crypto, because it must not wait for promises.
 */

export interface KeyPair {
  privateKey: CryptoKey;
  /** 32 bytes. */
  publicKey: Uint8Array;
}

type Bytes = Uint8Array<ArrayBuffer>;

const X25519 = { name: 'X25519' };
const HMAC = { name: 'HMAC', hash: 'SHA-256' };
const AES = 'AES-GCM';
const [HASH_BYTES, KEY_BYTES, NONCE_BYTES] = [32, 16, 12] as const;
// RFC 9180 section 7: the identifiers of the algorithms.
const KEM = Uint8Array.of(...ascii('KEM'), 0, 0x20);
const SUITE = Uint8Array.of(...ascii('HPKE'), 0, 0x20, 0, 1, 0, 1);
const VERSION = ascii('HPKE-v1');
const NOTHING = new Uint8Array();
/** HMAC pads a key with zeros: the same as an empty one, which WebCrypto does not import. */
const NO_SALT = new Uint8Array(HASH_BYTES);
/** RFC 8410 section 7: what precedes the 32 bytes of a private key in DER. */
const PRIVATE_KEY = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32);
/** RFC 7748 section 6.1: the point whose product with a private key is the public key. */
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31));

/** DeriveKeyPair of RFC 9180 section 7.1.3. @param seed at least 32 random bytes */
export async function deriveKeyPair(seed: Uint8Array): Promise<KeyPair> {
  const prk = await extract(KEM, NO_SALT, 'dkp_prk', seed);
  const key = await expand(KEM, prk, 'sk', NOTHING, HASH_BYTES);
  const der = join(PRIVATE_KEY, key);
  const privateKey = await crypto.subtle.importKey('pkcs8', der, X25519, false, ['deriveBits']);
  return { privateKey, publicKey: await multiply(privateKey, BASE_POINT) };
}

/** Hashes what is the same for all messages. @param info names the application and the recipient */
export async function openContext(info: Uint8Array): Promise<Uint8Array> {
  const modeBase = Uint8Array.of(0);
  const pskId = await extract(SUITE, NO_SALT, 'psk_id_hash', NOTHING);
  return join(modeBase, pskId, await extract(SUITE, NO_SALT, 'info_hash', info));
}

/**
 * Decrypts one message.
 * @param context of `openContext`
 * @returns undefined when it was not encrypted for this key, `info` and `aad`
 */
export async function decrypt(
  { privateKey, publicKey }: KeyPair,
  { enc, ciphertext, aad }: { enc: Uint8Array; ciphertext: Uint8Array; aad: Uint8Array },
  context: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    // Decap (section 4.1), then KeySchedule (section 5.1) and the nonce of the first message.
    const prk = await extract(KEM, NO_SALT, 'eae_prk', await multiply(privateKey, enc));
    const shared = await expand(KEM, prk, 'shared_secret', join(enc, publicKey), HASH_BYTES);
    const secret = await extract(SUITE, shared, 'secret', NOTHING);
    const [rawKey, iv] = await Promise.all([
      expand(SUITE, secret, 'key', context, KEY_BYTES),
      expand(SUITE, secret, 'base_nonce', context, NONCE_BYTES),
    ]);
    const key = await crypto.subtle.importKey('raw', rawKey, AES, false, ['decrypt']);
    const parameters = { name: AES, iv, additionalData: join(aad) };
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, join(ciphertext)));
  } catch (error) {
    // A point of small order, or a wrong tag.
    if (error instanceof DOMException || error instanceof SmallOrder) return undefined;
    throw error;
  }
}

class SmallOrder extends Error {}

/** @throws DOMException or SmallOrder for a point of small order (RFC 9180 section 7.1.4) */
async function multiply(privateKey: CryptoKey, point: Uint8Array): Promise<Bytes> {
  const other = await crypto.subtle.importKey('raw', join(point), X25519, false, []);
  const algorithm = { ...X25519, public: other };
  const product = new Uint8Array(
    await crypto.subtle.deriveBits(algorithm, privateKey, 8 * HASH_BYTES),
  );
  if (!product.some(Boolean)) throw new SmallOrder('expected a public key of large order');
  return product;
}

/** LabeledExtract of RFC 9180 section 4. */
function extract(suite: Uint8Array, salt: Bytes, label: string, ikm: Uint8Array): Promise<Bytes> {
  return hmac(salt, join(VERSION, suite, ascii(label), ikm));
}

/** LabeledExpand of RFC 9180 section 4. @param length at most that of one hash, 32 bytes */
async function expand(
  suite: Uint8Array,
  prk: Bytes,
  label: string,
  info: Uint8Array,
  length: number,
): Promise<Bytes> {
  const [lengthBytes, counter] = [Uint8Array.of(0, length), Uint8Array.of(1)];
  const hash = await hmac(prk, join(lengthBytes, VERSION, suite, ascii(label), info, counter));
  return hash.slice(0, length);
}

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey('raw', key, HMAC, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data));
}

function join(...parts: Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
