/**
 * Sealed tokens, version 1: bytes and texts, without cryptography. docs/reference/sealed-links.md specifies the format,
 * tests/fixtures/seal/vectors.json has test vectors for every implementation.
 *
 * A sealed token is `sps_` + base64url of: version, key id, encapsulated key, ciphertext of the grant.
 *
 * Portable: packages/client and packages/edge bundle this file for browsers and workers.
 */
import { decodeToken, encodeToken, TOKEN_BYTES } from './token-text.js';

/** What a sealed link gives access to, at most: its token may give access to less. */
export interface SealGrant extends SealLimits {
  /** The public token. */
  token: string;
}

/** How a sealed link limits its token. */
export interface SealLimits {
  /** Seconds since 1970: the link works before this time. */
  notAfter?: number | undefined;
  /** Widest rendition, pixels. */
  maxWidth?: number | undefined;
  /** Names of variants; absent: all. */
  variants?: readonly string[] | undefined;
}

/** What `seal-keys.json` publishes. */
export interface SealPublicKeys {
  /** Name of the bucket of the originals. */
  audience: string;
  /** The first one seals. */
  keys: readonly {
    /** Key id, 0 to 255. */
    kid: number;
    /** X25519 public key, base64url. */
    key: string;
  }[];
}

/** The parts of a sealed token. */
export interface SealedParts {
  kid: number;
  /** Authenticated with the ciphertext: version and key id. */
  aad: Uint8Array;
  /** The encapsulated key. */
  enc: Uint8Array;
  /** With its tag. */
  ciphertext: Uint8Array;
}

const PREFIX = 'sps_';
const VERSION = 1;
/** Bytes of an X25519 key and of a seed. */
export const KEY_BYTES = 32;
const AAD_BYTES = 2;
/** Bytes of the tag of AES-GCM. */
export const TAG_BYTES = 16;

/** The kind of a grant for one token. 2 is reserved. */
const KIND_TOKEN = 1;
// Offsets of the fields.
const NOT_AFTER = 1 + TOKEN_BYTES;
const MAX_WIDTH = 25;
const NAMES_LENGTH = 27;
/** Bytes of a grant without names. */
const FIXED_BYTES = 28;
/** Names are padded to a multiple of this, so that the whole is a multiple of 3 bytes: base64url has one spelling. */
const NAMES_UNIT = 12;
const MAX_NAMES_BYTES = 255;
const VARIANT_NAME = /^[A-Za-z0-9_-]{1,40}$/;

/** Characters of a sealed token without names after its prefix, and of each unit of names. */
const MIN_CHARACTERS = ((AAD_BYTES + KEY_BYTES + FIXED_BYTES + TAG_BYTES) * 4) / 3;
const UNIT_CHARACTERS = (NAMES_UNIT * 4) / 3;
const MAX_UNITS = Math.ceil(MAX_NAMES_BYTES / NAMES_UNIT);

/** Whether a text has the form of a sealed token. Does not say whether it can be opened. */
export function isSealed(text: string): boolean {
  const units = (text.length - PREFIX.length - MIN_CHARACTERS) / UNIT_CHARACTERS;
  const isLength = Number.isInteger(units) && units >= 0 && units <= MAX_UNITS;
  return isLength && text.startsWith(PREFIX) && /^[\w-]+$/.test(text);
}

/**
 * Encodes the plaintext of a sealed token.
 * @throws TypeError when the grant can't be encoded; the message does not contain the token
 */
export function encodeGrant({ token, notAfter, maxWidth, variants }: SealGrant): Uint8Array {
  const tokenBytes = decodeToken(token);
  if (tokenBytes === undefined) {
    throw new TypeError('token: expected a public token, found another text');
  }
  const names = encodeNames(variants);
  const padded = Math.ceil(names.length / NAMES_UNIT) * NAMES_UNIT;
  const bytes = new Uint8Array(FIXED_BYTES + padded);
  const view = new DataView(bytes.buffer);
  bytes[0] = KIND_TOKEN;
  bytes.set(tokenBytes, 1);
  view.setUint32(NOT_AFTER, limit('notAfter', notAfter, 2 ** 32 - 1));
  view.setUint16(MAX_WIDTH, limit('maxWidth', maxWidth, 2 ** 16 - 1));
  bytes[NAMES_LENGTH] = names.length;
  bytes.set(names, FIXED_BYTES);
  return bytes;
}

/** Decodes a plaintext. @returns undefined unless `encodeGrant` makes these bytes */
export function decodeGrant(bytes: Uint8Array): SealGrant | undefined {
  const length = bytes[NAMES_LENGTH];
  if (length === undefined || bytes[0] !== KIND_TOKEN) return undefined;
  const padded = Math.ceil(length / NAMES_UNIT) * NAMES_UNIT;
  const end = FIXED_BYTES + length;
  if (bytes.length !== FIXED_BYTES + padded || bytes.slice(end).some(Boolean)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const notAfter = view.getUint32(NOT_AFTER);
  const maxWidth = view.getUint16(MAX_WIDTH);
  const grant: SealGrant = {
    token: encodeToken(bytes.subarray(1, 1 + TOKEN_BYTES)),
    ...(notAfter > 0 && { notAfter }),
    ...(maxWidth > 0 && { maxWidth }),
  };
  if (length === 0) return grant;
  const variants = String.fromCharCode(...bytes.subarray(FIXED_BYTES, end)).split(',');
  return problemOfNames(variants) === undefined ? { ...grant, variants } : undefined;
}

/** @throws TypeError */
function limit(name: string, value: number | undefined, max: number): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new TypeError(`${name}: expected a whole number from 1 to ${max}, found ${value}`);
}

/** @throws TypeError */
function encodeNames(variants: readonly string[] | undefined): Uint8Array {
  if (variants === undefined) return new Uint8Array();
  const problem = problemOfNames(variants);
  if (problem !== undefined) throw new TypeError(`variants: expected ${problem}`);
  return toBytes(variants.join(','));
}

function problemOfNames(variants: readonly string[]): string | undefined {
  if (variants.length === 0) return 'at least one name of a variant, found none';
  if (!variants.every((name) => VARIANT_NAME.test(name))) {
    return 'names of 1 to 40 letters, digits, _ or -, found another name';
  }
  if (new Set(variants).size < variants.length) return 'each name once, found one again';
  const { length } = variants.join();
  return length <= MAX_NAMES_BYTES
    ? undefined
    : `at most ${MAX_NAMES_BYTES} characters of names and commas, found ${length}`;
}

/** The bytes that are authenticated but not encrypted. */
export function sealAad(kid: number): Uint8Array {
  return Uint8Array.of(VERSION, kid);
}

/** The `info` of HPKE: binds a sealed token to one installation. */
export function sealInfo(audience: string): Uint8Array {
  return new TextEncoder().encode(`storage-public-variants seal v1\0${audience}`);
}

/** Joins the parts of a sealed token. */
export function encodeSealed({ aad, enc, ciphertext }: Omit<SealedParts, 'kid'>): string {
  return PREFIX + toBase64Url(Uint8Array.of(...aad, ...enc, ...ciphertext));
}

/** @returns the parts; undefined unless the text has the form of a sealed token of version 1 */
export function decodeSealed(text: string): SealedParts | undefined {
  if (!isSealed(text)) return undefined;
  const bytes = fromBase64Url(text.slice(PREFIX.length));
  const [version, kid] = bytes;
  if (version !== VERSION || kid === undefined) return undefined;
  return {
    kid,
    aad: bytes.subarray(0, AAD_BYTES),
    enc: bytes.subarray(AAD_BYTES, AAD_BYTES + KEY_BYTES),
    ciphertext: bytes.subarray(AAD_BYTES + KEY_BYTES),
  };
}

/**
 * Reads the key that seals from what `seal-keys.json` publishes.
 * @throws TypeError when there is none
 */
export function sealingKeyOf(publicKeys: SealPublicKeys): {
  kid: number;
  key: Uint8Array;
  info: Uint8Array;
} {
  const { audience, keys } = publicKeys;
  const [first] = keys;
  const key = first && decodeKey(first.key);
  const isKid = first !== undefined && first.kid === (first.kid & 255);
  if (typeof audience !== 'string' || audience === '' || key === undefined || !isKid) {
    throw new TypeError('publicKeys: expected the content of seal-keys.json, found something else');
  }
  return { kid: first.kid, key, info: sealInfo(audience) };
}

/** Decodes a key or a seed. @returns undefined unless it is 32 bytes in canonical base64url */
export function decodeKey(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
  const bytes = fromBase64Url(text);
  return toBase64Url(bytes) === text ? bytes : undefined;
}

export function toBase64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param text valid base64url */
function fromBase64Url(text: string): Uint8Array {
  return toBytes(atob(text.replaceAll('-', '+').replaceAll('_', '/')));
}

/** @param text Latin-1 */
function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
