/** What the file worker adds to its requests so that the origin answers them: the value of `Authorization`. */

/** Secrets and variables of the file worker that are about its credential. */
export interface CredentialEnv {
  /** `none` by default. */
  CREDENTIAL?: string;
  /** For `basic`: `user:password` (RFC 7617). */
  BASIC?: string;
  /** For `bearer`: the token (RFC 6750). */
  BEARER?: string;
  /** For `google`: the JSON file of a service account's key. */
  SERVICE_ACCOUNT?: string;
}

/** @returns the value of `Authorization`; undefined for no such header */
export type Credential = () => Promise<string | undefined>;

/** How long a signed token is valid, seconds: AIP-4111 allows no other value. */
const TOKEN_SECONDS = 3600;
/** A token is used until this long before it expires, seconds: clocks differ, and a request takes time. */
const MARGIN_SECONDS = 300;
/** The audience of Cloud Storage. */
const AUDIENCE = 'https://storage.googleapis.com/';
const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/**
 * @param now milliseconds since 1970
 * @throws Error when a value is missing or malformed; the message has no part of it
 */
export function openCredential(env: CredentialEnv, now: () => number = Date.now): Credential {
  const kind = env.CREDENTIAL ?? 'none';
  switch (kind) {
    case 'none':
      return () => Promise.resolve(undefined);
    case 'basic': {
      const value = `Basic ${btoa(latin1(required('BASIC', env.BASIC, /^[^:]+:/)))}`;
      return () => Promise.resolve(value);
    }
    case 'bearer': {
      const value = `Bearer ${required('BEARER', env.BEARER, /^[\w.~+/-]+=*$/)}`;
      return () => Promise.resolve(value);
    }
    case 'google':
      return openGoogle(required('SERVICE_ACCOUNT', env.SERVICE_ACCOUNT, /^\s*\{/), now);
    default:
      throw new Error(`CREDENTIAL: expected none, basic, bearer or google, found "${kind}"`);
  }
}

function required(name: string, value: string | undefined, pattern: RegExp): string {
  if (value !== undefined && pattern.test(value)) return value;
  const found = value === undefined ? 'nothing' : 'something else';
  const expected = {
    BASIC: 'user:password',
    BEARER: 'a token',
    SERVICE_ACCOUNT: "the JSON of a service account's key",
  }[name];
  throw new Error(`${name}: expected ${expected}, found ${found}`);
}

interface ServiceAccount {
  client_email: string;
  private_key_id: string;
  /** PEM, PKCS #8. */
  private_key: string;
}

function openGoogle(json: string, now: () => number): Credential {
  const account = parseServiceAccount(json);
  let current: { value: string; usableUntil: number } | undefined;
  return async () => {
    const seconds = Math.floor(now() / 1000);
    if (current === undefined || seconds >= current.usableUntil) {
      const value = `Bearer ${await signToken(account, seconds)}`;
      current = { value, usableUntil: seconds + TOKEN_SECONDS - MARGIN_SECONDS };
    }
    return current.value;
  };
}

function parseServiceAccount(json: string): ServiceAccount {
  let account: Partial<ServiceAccount> | undefined;
  try {
    account = JSON.parse(json) as Partial<ServiceAccount>;
  } catch {
    // Its message may quote the key.
  }
  const names = ['client_email', 'private_key_id', 'private_key'] as const;
  const missing = names.filter((name) => typeof account?.[name] !== 'string');
  if (missing.length === 0) return account as ServiceAccount;
  throw new Error(`SERVICE_ACCOUNT: expected JSON with ${missing.join(', ')}, found none`);
}

/**
 * Signs an access token: no request to Google is needed.
 * @see https://google.aip.dev/auth/4111
 */
async function signToken(account: ServiceAccount, iat: number): Promise<string> {
  const { client_email: email, private_key_id: kid, private_key: pem } = account;
  const header = { alg: 'RS256', typ: 'JWT', kid };
  const payload = { iss: email, sub: email, aud: AUDIENCE, iat, exp: iat + TOKEN_SECONDS };
  const text = `${encodeJson(header)}.${encodeJson(payload)}`;
  const der = bytesOf(atob(pem.replace(/-----[A-Z ]+-----|\s/g, '')));
  const key = await crypto.subtle.importKey('pkcs8', der, RS256, false, ['sign']);
  const signature = await crypto.subtle.sign(RS256.name, key, bytesOf(text));
  return `${text}.${toBase64Url(String.fromCharCode(...new Uint8Array(signature)))}`;
}

function encodeJson(value: object): string {
  return toBase64Url(latin1(JSON.stringify(value)));
}

/** The UTF-8 bytes of a text, one character each. */
function latin1(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function toBase64Url(text: string): string {
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
