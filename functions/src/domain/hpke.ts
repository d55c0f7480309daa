/**
 * HPKE (RFC 9180) for one message: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. Synchronous, with
 * node:crypto alone.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

export interface KeyPair {
  privateKey: KeyObject;
  /** 32 bytes. */
  publicKey: Uint8Array;
}

/** What is sent of one message. */
export interface Encrypted {
  /** The encapsulated key, 32 bytes. */
  enc: Uint8Array;
  /** With its tag. */
  ciphertext: Uint8Array;
}

/** Must be the same for both sides. */
export interface Bound {
  /** See `contextOf`. */
  context: Uint8Array;
  /** Authenticated, but not encrypted. */
  aad: Uint8Array;
}

// RFC 9180 section 7: the identifiers of the algorithms.
const KEM = Buffer.from('KEM\x00\x20', 'latin1');
const SUITE = Buffer.from('HPKE\x00\x20\x00\x01\x00\x01', 'latin1');
const VERSION = Buffer.from('HPKE-v1');
const NOTHING = Buffer.alloc(0);
const MODE_BASE = Buffer.of(0);
const [HASH_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES] = [32, 16, 12, 16] as const;
const CIPHER = 'aes-128-gcm';

/** RFC 8410 section 7: what precedes the 32 bytes of a private X25519 key in DER. */
const PRIVATE_KEY = Buffer.from('302e020100300506032b656e04220420', 'hex');
/** Bytes before those of a public key in DER, section 4. */
const PUBLIC_KEY_START = 12;

/** DeriveKeyPair of RFC 9180 section 7.1.3. @param seed at least 32 random bytes */
export function deriveKeyPair(seed: Uint8Array): KeyPair {
  const prk = extract(KEM, NOTHING, 'dkp_prk', seed);
  const key = expand(KEM, prk, 'sk', NOTHING, HASH_BYTES);
  const der = Buffer.concat([PRIVATE_KEY, key]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: publicKey.subarray(PUBLIC_KEY_START) };
}

/**
 * Encrypts one message.
 * @param publicKey the recipient's, 32 bytes
 * @param ephemeral only for test vectors: must be new for each message
 * @throws Error when the public key has a small order
 */
export function encrypt(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  bound: Bound,
  ephemeral: KeyPair = deriveKeyPair(randomBytes(HASH_BYTES)),
): Encrypted {
  const enc = ephemeral.publicKey;
  const shared = sharedSecret(ephemeral.privateKey, publicKey, enc, publicKey);
  const { key, nonce } = schedule(shared, bound.context);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(bound.aad);
  const parts = [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
  return { enc, ciphertext: Buffer.concat(parts) };
}

/** Decrypts one message. @returns undefined when it was not encrypted for this key, context and `aad` */
export function decrypt(
  { privateKey, publicKey }: KeyPair,
  { enc, ciphertext }: Encrypted,
  bound: Bound,
): Buffer | undefined {
  try {
    const shared = sharedSecret(privateKey, enc, enc, publicKey);
    const { key, nonce } = schedule(shared, bound.context);
    const end = ciphertext.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(bound.aad).setAuthTag(ciphertext.subarray(end));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]);
  } catch {
    // A point of small order, or a wrong tag.
    return undefined;
  }
}

/** Encap and Decap of RFC 9180 section 4.1. @throws Error when the other's key has a small order (section 7.1.4) */
function sharedSecret(
  privateKey: KeyObject,
  other: Uint8Array,
  enc: Uint8Array,
  recipient: Uint8Array,
): Buffer {
  // Ten times faster than from DER.
  const key = { kty: 'OKP', crv: 'X25519', x: Buffer.from(other).toString('base64url') };
  const publicKey = createPublicKey({ key, format: 'jwk' });
  // OpenSSL refuses the shared secret zero, as section 7.1.4 demands.
  const dh = diffieHellman({ privateKey, publicKey });
  const prk = extract(KEM, NOTHING, 'eae_prk', dh);
  return expand(KEM, prk, 'shared_secret', Buffer.concat([enc, recipient]), HASH_BYTES);
}

/**
 * The `key_schedule_context` of RFC 9180 section 5.1, without a pre-shared key.
 * @param info names the application and the recipient
 */
export function contextOf(info: Uint8Array): Uint8Array {
  return Buffer.concat([
    MODE_BASE,
    extract(SUITE, NOTHING, 'psk_id_hash', NOTHING),
    extract(SUITE, NOTHING, 'info_hash', info),
  ]);
}

/** The rest of KeySchedule, and the nonce of the first message. */
function schedule(shared: Buffer, context: Uint8Array): { key: Buffer; nonce: Buffer } {
  const secret = extract(SUITE, shared, 'secret', NOTHING);
  return {
    key: expand(SUITE, secret, 'key', context, KEY_BYTES),
    nonce: expand(SUITE, secret, 'base_nonce', context, NONCE_BYTES),
  };
}

/** LabeledExtract of RFC 9180 section 4. */
function extract(suite: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer {
  return createHmac('sha256', salt)
    .update(VERSION)
    .update(suite)
    .update(label)
    .update(ikm)
    .digest();
}

/** LabeledExpand of RFC 9180 section 4. @param length at most that of one hash, 32 bytes */
function expand(
  suite: Buffer,
  prk: Buffer,
  label: string,
  info: Uint8Array,
  length: number,
): Buffer {
  const hash = createHmac('sha256', prk)
    .update(Buffer.of(0, length))
    .update(VERSION)
    .update(suite)
    .update(label)
    .update(info)
    .update(Buffer.of(1));
  return hash.digest().subarray(0, length);
}
