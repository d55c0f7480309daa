/**
 * The two reads of a request, over the REST APIs of Firestore and Cloud Storage: loading Firestore's
 * client library would add 400 ms to a cold start. Reads can be aborted; read-retry.ts retries them.
 */
import { Readable } from 'node:stream';
import type { TokenRecord } from '../domain/records.js';
import {
  openRetry,
  parseRetryAfter,
  ReadError,
  REAL_TIMING,
  type RetryTiming,
} from './read-retry.js';

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

export interface ReaderOptions {
  projectId: string;
  databaseId: string;
  tokensCollection: string;
  /** `host:port` of an emulator, for development. */
  firestoreEmulator?: string | undefined;
  /** `host:port` or URL of an emulator, for development. */
  storageEmulator?: string | undefined;
  /** Returns an OAuth 2.0 access token; must cache it. Not called for an emulator. */
  accessToken: () => Promise<string>;
  timing?: RetryTiming;
}

/** Opens the project's Firestore and Cloud Storage for reading. */
export function openReader(options: ReaderOptions): Reader {
  const { projectId, databaseId, tokensCollection, firestoreEmulator, storageEmulator } = options;
  const { timing = REAL_TIMING } = options;
  // One may be down while the other is not.
  const runFirestore = openRetry(timing);
  const runStorage = openRetry(timing);
  const firestore = firestoreEmulator
    ? `http://${firestoreEmulator}`
    : 'https://firestore.googleapis.com';
  const storage = storageEmulator
    ? `http://${storageEmulator.replace(/^https?:\/\//, '')}`
    : 'https://storage.googleapis.com';
  const documents = `projects/${projectId}/databases/${databaseId}/documents`;

  /** @throws ReadError for a 429 or a 5xx, a network error, or the signal's reason */
  async function request(url: string, init: RequestInit, isEmulator: boolean): Promise<Response> {
    const bearer = isEmulator ? 'owner' : await options.accessToken();
    const headers = { ...init.headers, Authorization: `Bearer ${bearer}` };
    const response = await fetch(url, { ...init, headers });
    const { status } = response;
    if (status !== 429 && status < 500) return response;
    await response.body?.cancel();
    throw new ReadError(status, parseRetryAfter(response.headers.get('retry-after'), Date.now()));
  }

  return {
    async findToken(hash, signal) {
      const name = `${documents}/${tokensCollection}/${hash}`;
      // Not `get`: its 404 does not distinguish a missing document from a missing database.
      const url = `${firestore}/v1/${documents}:batchGet`;
      const body = JSON.stringify({ documents: [name] });
      const headers = { 'Content-Type': 'application/json' };
      const [status, text] = await runFirestore(async (attemptSignal) => {
        const init = { method: 'POST', headers, body, signal: attemptSignal };
        const response = await request(url, init, firestoreEmulator !== undefined);
        return [response.status, await response.text()];
      }, signal);
      const results: unknown = status === 200 && JSON.parse(text);
      if (!Array.isArray(results)) throw new ReadError(status);
      const [{ found, missing } = {}] = results as { found?: MapValue; missing?: string }[];
      if (found === undefined && missing === undefined) throw new ReadError('no document');
      return found && (decodeFields(found) as unknown as TokenRecord<number>);
    },

    async readRendition(bucket, object, range, signal) {
      const url = `${storage}/storage/v1/b/${bucket}/o/${encodeURIComponent(object)}?alt=media`;
      const headers: Record<string, string> = range
        ? { Range: `bytes=${range.start}-${range.end}` }
        : {};
      const response = await runStorage(
        (attemptSignal) =>
          request(url, { headers, signal: attemptSignal }, storageEmulator !== undefined),
        signal,
      );
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
