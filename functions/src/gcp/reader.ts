/**
 * The two reads of a request, over the REST APIs of Firestore and Cloud Storage: loading Firestore's
 * client library would add 400 ms to a cold start. Reads can be aborted, and are attempted twice.
 */
import { Readable } from 'node:stream';
import type { TokenRecord } from '../domain/records.js';

export interface ByteRange {
  /** Offsets of the first and the last byte, both inclusive. */
  start: number;
  end: number;
}

export interface Reader {
  /**
   * Reads a token record with one document read. Times are milliseconds since 1970.
   * @param hash base64url SHA-256 of the token
   * @returns undefined when there is no record
   */
  findToken(hash: string, signal: AbortSignal): Promise<TokenRecord<number> | undefined>;
  /**
   * Reads a rendition, or a range of it, with one object read.
   * @returns undefined when the object is missing; `bytes` is the Content-Length of the body
   */
  readRendition(
    bucket: string,
    object: string,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<{ bytes: number; body: Readable } | undefined>;
}

/** How long to wait for response headers, milliseconds; afterwards the request fails with a 503. */
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 2;

/** An unexpected response. Its message contains no object name and no token. */
class ReadError extends Error {
  override readonly name = 'ReadError';
  /** @param code HTTP status, or what is wrong with the response */
  constructor(readonly code: number | string) {
    super(`expected a response with data, found ${code}`);
  }
}

export interface ReaderOptions {
  projectId: string;
  tokensCollection: string;
  /** `host:port` of an emulator, for development. */
  firestoreEmulator?: string | undefined;
  /** `host:port` or URL of an emulator, for development. */
  storageEmulator?: string | undefined;
  /** Returns an OAuth 2.0 access token; must cache it. Not called for an emulator. */
  accessToken: () => Promise<string>;
}

/** Opens the project's Firestore and Cloud Storage for reading. */
export function openReader(options: ReaderOptions): Reader {
  const { projectId, tokensCollection, firestoreEmulator, storageEmulator } = options;
  const firestore = firestoreEmulator
    ? `http://${firestoreEmulator}`
    : 'https://firestore.googleapis.com';
  const storage = storageEmulator
    ? `http://${storageEmulator.replace(/^https?:\/\//, '')}`
    : 'https://storage.googleapis.com';
  const documents = `projects/${projectId}/databases/(default)/documents`;

  /** Retries network errors and 5xx responses. */
  async function fetchWithRetry(
    url: string,
    init: RequestInit & { signal: AbortSignal },
    isEmulator: boolean,
  ): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      try {
        const bearer = isEmulator ? 'owner' : await options.accessToken();
        const headers = { ...init.headers, Authorization: `Bearer ${bearer}` };
        const response = await fetchWithTimeout(url, { ...init, headers });
        if (response.status < 500 || attempt === MAX_ATTEMPTS) return response;
        await response.body?.cancel();
      } catch (error) {
        if (init.signal.aborted || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  return {
    async findToken(hash, signal) {
      const name = `${documents}/${tokensCollection}/${hash}`;
      // Not `get`: its 404 does not distinguish a missing document from a missing database.
      const url = `${firestore}/v1/${documents}:batchGet`;
      const body = JSON.stringify({ documents: [name] });
      const headers = { 'Content-Type': 'application/json' };
      const init = { method: 'POST', headers, body, signal };
      const response = await fetchWithRetry(url, init, firestoreEmulator !== undefined);
      const results: unknown = await response.json();
      if (!response.ok || !Array.isArray(results)) throw new ReadError(response.status);
      const [{ found, missing } = {}] = results as { found?: MapValue; missing?: string }[];
      if (found === undefined && missing === undefined) throw new ReadError('no document');
      return found && (decodeFields(found) as unknown as TokenRecord<number>);
    },

    async readRendition(bucket, object, range, signal) {
      const url = `${storage}/storage/v1/b/${bucket}/o/${encodeURIComponent(object)}?alt=media`;
      const headers: Record<string, string> = range
        ? { Range: `bytes=${range.start}-${range.end}` }
        : {};
      const init = { headers, signal };
      const response = await fetchWithRetry(url, init, storageEmulator !== undefined);
      if (response.status === (range ? 206 : 200) && response.body) {
        const bytes = response.headers.get('content-length');
        if (bytes === null) throw new ReadError('no length');
        return { bytes: Number(bytes), body: Readable.fromWeb(response.body) };
      }
      await response.body?.cancel();
      // 416: the object was overwritten by a shorter one.
      if (response.status === 404 || response.status === 416) return undefined;
      throw new ReadError(response.status);
    },
  };
}

/** The timeout ends with the response headers; `init.signal` also aborts the body. */
async function fetchWithTimeout(
  url: string,
  init: RequestInit & { signal: AbortSignal },
): Promise<Response> {
  // Not AbortSignal.timeout(): it cannot be canceled, and would abort a long body.
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new ReadError('timeout')), HEADERS_TIMEOUT_MS);
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any([init.signal, timeout.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

/** A value in Firestore's REST API: https://firebase.google.com/docs/firestore/reference/rest/Shared.Types/ArrayValue#Value */
interface Value {
  mapValue?: MapValue;
  arrayValue?: { values?: Value[] };
  stringValue?: string;
  booleanValue?: boolean;
  integerValue?: string;
  doubleValue?: number;
  timestampValue?: string;
}
interface MapValue {
  fields?: Record<string, Value>;
}

function decodeFields({ fields = {} }: MapValue): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, decodeValue(value)]),
  );
}

function decodeValue(value: Value): unknown {
  if (value.mapValue) return decodeFields(value.mapValue);
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(decodeValue);
  if (value.integerValue !== undefined) return Number(value.integerValue);
  if (value.timestampValue !== undefined) return Date.parse(value.timestampValue);
  return value.stringValue ?? value.booleanValue ?? value.doubleValue ?? null;
}
