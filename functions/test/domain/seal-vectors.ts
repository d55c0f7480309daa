/**
 * Test vectors of sealed tokens, for every implementation: tests/fixtures/seal/vectors.json. Made with fixed ephemeral
 * keys, which real ones never have.
 */
import { contextOf, deriveKeyPair, encrypt } from '../../src/domain/hpke.js';
import {
  encodeGrant,
  encodeSealed,
  sealAad,
  sealInfo,
  toBase64Url,
  type SealGrant,
} from '../../src/domain/seal-codec.js';
import { formatSealingKeys } from '../../src/domain/sealing-keys.js';
import { encodeToken } from '../../src/domain/token-text.js';

export interface SealVectors {
  about: string;
  audience: string;
  /** SEALING_KEYS of the opener. */
  sealingKeys: string;
  publicKeys: { audience: string; keys: { kid: number; key: string }[] };
  /** Open to `grant`. */
  valid: {
    name: string;
    kid: number;
    grant: SealGrant;
    /** Hexadecimal. */
    plaintext: string;
    /** The seed of the ephemeral key pair, base64url. */
    ephemeralSeed: string;
    sealed: string;
  }[];
  /** Open to nothing. */
  invalid: { name: string; sealed: string }[];
}

const AUDIENCE = 'vectors.appspot.com';
const seedOf = (value: number) => Buffer.alloc(32, value);
const KEYS = [
  { kid: 7, seed: seedOf(7) },
  { kid: 0, seed: seedOf(100) },
];
const EPHEMERAL = seedOf(200);
const TOKEN = encodeToken(Uint8Array.from({ length: 20 }, (_, index) => index + 1));

/** `a` to `z` and so on: 255 bytes with the commas. */
const LONGEST_NAMES = [
  ...Array.from({ length: 6 }, (_, index) => String(index).repeat(40)),
  'a_-Z09xyz',
];

const GRANTS: Record<string, SealGrant> = {
  'no limits': { token: TOKEN },
  'an expiry': { token: TOKEN, notAfter: 1_800_000_000 },
  'a largest width': { token: TOKEN, maxWidth: 800 },
  'one variant': { token: TOKEN, variants: ['w800'] },
  'twelve bytes of names': { token: TOKEN, variants: ['thumb', 'w1600-'] },
  'all limits': {
    token: TOKEN,
    notAfter: 4_294_967_295,
    maxWidth: 65_535,
    variants: ['a', 'B_-9'],
  },
  'the longest names': { token: TOKEN, notAfter: 1, maxWidth: 1, variants: LONGEST_NAMES },
  'a token of zeros': { token: encodeToken(new Uint8Array(20)) },
  'the highest token': { token: encodeToken(new Uint8Array(20).fill(255)) },
};

/** Encrypts any plaintext as a sealed token. */
function encryptAs(
  plaintext: Uint8Array,
  { kid = 7, seed = seedOf(7), audience = AUDIENCE, aad = sealAad(kid) } = {},
): string {
  const { publicKey } = deriveKeyPair(seed);
  const bound = { context: contextOf(sealInfo(audience)), aad };
  return encodeSealed({ aad, ...encrypt(publicKey, plaintext, bound, deriveKeyPair(EPHEMERAL)) });
}

const PLAIN = encodeGrant({ token: TOKEN });
const NAMED = encodeGrant({ token: TOKEN, variants: ['w800'] });

/** A copy with other bytes at `at`. */
function changed(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, at);
  return copy;
}

/** A grant with these names, as they are. */
function withNames(names: string, length = names.length): Uint8Array {
  const bytes = new Uint8Array(28 + Math.ceil(names.length / 12) * 12);
  bytes.set(PLAIN);
  bytes[27] = length;
  bytes.set(Buffer.from(names, 'latin1'), 28);
  return bytes;
}

function changedText(sealed: string, at: number): string {
  const other = sealed[at] === 'A' ? 'B' : 'A';
  return sealed.slice(0, at) + other + sealed.slice(at + 1);
}

/** Replaces the encapsulated key of a sealed token. */
function withPoint(sealed: string, point: Uint8Array): string {
  const bytes = Buffer.from(sealed.slice(4), 'base64url');
  bytes.set(point, 2);
  return `sps_${bytes.toString('base64url')}`;
}

function invalidVectors(): Record<string, string> {
  const valid = encryptAs(PLAIN);
  return {
    empty: '',
    'a public token': TOKEN,
    'another prefix': `spv_${valid.slice(4)}`,
    'one character less': valid.slice(0, -1),
    'four characters less': valid.slice(0, -4),
    'one character more': `${valid}A`,
    'sixteen characters more': `${valid}${'A'.repeat(16)}`,
    'a line break at the end': `${valid}\n`,
    'base64 instead of base64url': `${valid.slice(0, -1)}+`,
    'padding of base64': `${valid.slice(0, -1)}=`,
    'version 0': encryptAs(PLAIN, { aad: Uint8Array.of(0, 7) }),
    'version 2': encryptAs(PLAIN, { aad: Uint8Array.of(2, 7) }),
    'an unknown key id': encryptAs(PLAIN, { kid: 8 }),
    'another known key id than that of the key': encryptAs(PLAIN, { kid: 0 }),
    'the key id changed after sealing': changedText(valid, 5),
    'the encapsulated key changed': changedText(valid, 20),
    'the ciphertext changed': changedText(valid, 60),
    'the tag changed': changedText(valid, valid.length - 1),
    'another audience': encryptAs(PLAIN, { audience: `${AUDIENCE}2` }),
    'another key': encryptAs(PLAIN, { seed: seedOf(9) }),
    'the point zero': withPoint(valid, new Uint8Array(32)),
    'a point of small order': withPoint(
      valid,
      Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'),
    ),
    'kind 0': encryptAs(changed(PLAIN, 0, 0)),
    'kind 2, which is reserved': encryptAs(changed(PLAIN, 0, 2)),
    'names without their length': encryptAs(changed(NAMED, 27, 0)),
    'a length without names': encryptAs(changed(PLAIN, 27, 4)),
    'a length that is too large': encryptAs(changed(NAMED, 27, 13)),
    'a length in the padding': encryptAs(changed(NAMED, 27, 5)),
    'padding that is not zero': encryptAs(changed(NAMED, 39, 1)),
    'padding without names': encryptAs(withNames('\0'.repeat(12), 0)),
    'an empty name': encryptAs(withNames('a,,b')),
    'a comma at the end': encryptAs(withNames('a,')),
    'only a comma': encryptAs(withNames(',')),
    'a name twice': encryptAs(withNames('a,b,a')),
    'a name of 41 characters': encryptAs(withNames('a'.repeat(41))),
    'a name with a dot': encryptAs(withNames('a.webp')),
    'a name with a slash': encryptAs(withNames('a/b')),
    'a name that is not ASCII': encryptAs(withNames('\u00e9')),
  };
}

/** Makes all vectors. */
export function makeSealVectors(): SealVectors {
  const [first] = KEYS;
  const publicKey = first && deriveKeyPair(first.seed).publicKey;
  const entries = Object.entries(GRANTS).map(([name, grant], index) => {
    const plaintext = encodeGrant(grant);
    // Both keys open.
    const { kid, seed } = KEYS[index % 2] as (typeof KEYS)[0];
    const sealed = encryptAs(plaintext, { kid, seed });
    const [hex, ephemeralSeed] = [Buffer.from(plaintext).toString('hex'), toBase64Url(EPHEMERAL)];
    return { name, kid, grant, plaintext: hex, ephemeralSeed, sealed };
  });
  return {
    about:
      'Sealed tokens of docs/reference/sealed-links.md. Each of `valid` opens to `grant`, and sealing `grant` with the ' +
      'ephemeral key of `ephemeralSeed` (DeriveKeyPair of RFC 9180) gives `sealed`; none of `invalid` opens. Written by npm run docs.',
    audience: AUDIENCE,
    sealingKeys: formatSealingKeys(KEYS),
    publicKeys: {
      audience: AUDIENCE,
      keys: publicKey ? [{ kid: first.kid, key: toBase64Url(publicKey) }] : [],
    },
    valid: entries,
    invalid: Object.entries(invalidVectors()).map(([name, sealed]) => ({ name, sealed })),
  };
}
