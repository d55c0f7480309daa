/**
 * The two reads that a view costs, over REST: Firestore's own client takes four hundred milliseconds
 * to load, which a cold start would pay. A read can be stopped, and is tried twice.
 */
import { Readable } from 'node:stream';
import type { TokenRecord } from '../domain/records.js';

export interface ByteRange {
  /** First byte and last byte, both included. */
  start: number;
  end: number;
}

export interface Reader {
  /** What a hashed token resolves to: one read of a document. Times are milliseconds since 1970. */
  findToken(hash: string, signal: AbortSignal): Promise<TokenRecord<number> | undefined>;
  /**
   * A rendition's bytes, or those of a range: one read of an object.
   * @returns undefined when the object is gone; `bytes` is how many Storage says will come
   */
  readRendition(
    bucket: string,
    object: string,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<{ bytes: number; body: Readable } | undefined>;
}

/** Until the first byte of an answer, milliseconds: longer than that, a view is better refused. */
const FIRST_BYTE_MS = 10_000;
const TRIES = 2;

/** An answer of Google's that is not what was asked for. Its message names nothing. */
class ReadError extends Error {
  override readonly name = 'ReadError';
  constructor(readonly code: number | string) {
    super(`expected an answer, found ${code}`);
  }
}

export interface ReaderOptions {
  projectId: string;
  tokensCollection: string;
  /** `host:port` of an emulator, for development. */
  firestoreEmulator?: string | undefined;
  /** `host:port` or address of an emulator, for development. */
  storageEmulator?: string | undefined;
  /** An OAuth 2.0 access token; cached by whoever gives it. Not asked for with an emulator. */
  accessToken: () => Promise<string>;
}

/** Opens the project's own Firestore and Storage for reading. */
export function openReader(options: ReaderOptions): Reader {
  const { projectId, tokensCollection, firestoreEmulator, storageEmulator } = options;
  const firestore = firestoreEmulator
    ? `http://${firestoreEmulator}`
    : 'https://firestore.googleapis.com';
  const storage = storageEmulator
    ? `http://${storageEmulator.replace(/^https?:\/\//, '')}`
    : 'https://storage.googleapis.com';
  const documents = `projects/${projectId}/databases/(default)/documents`;

  async function ask(url: string, init: RequestInit, isEmulator: boolean): Promise<Response> {
    for (let left = TRIES - 1; ; left--) {
      try {
        const bearer = isEmulator ? 'owner' : await options.accessToken();
        const headers = { ...init.headers, Authorization: `Bearer ${bearer}` };
        const response = await firstByteWithin(url, { ...init, headers });
        if (response.status < 500 || left === 0) return response;
        await response.body?.cancel();
      } catch (error) {
        if (init.signal?.aborted || left === 0) throw error;
      }
    }
  }

  return {
    async findToken(hash, signal) {
      const name = `${documents}/${tokensCollection}/${hash}`;
      // Not `get`: its 404 is the same for a document and for a database that is not there.
      const url = `${firestore}/v1/${documents}:batchGet`;
      const body = JSON.stringify({ documents: [name] });
      const headers = { 'Content-Type': 'application/json' };
      const init = { method: 'POST', headers, body, signal };
      const response = await ask(url, init, firestoreEmulator !== undefined);
      const answer: unknown = await response.json();
      if (!response.ok || !Array.isArray(answer)) throw new ReadError(response.status);
      const [{ found, missing } = {}] = answer as { found?: MapValue; missing?: string }[];
      if (found === undefined && missing === undefined) throw new ReadError('no document');
      return found && (plainFields(found) as unknown as TokenRecord<number>);
    },

    async readRendition(bucket, object, range, signal) {
      const url = `${storage}/storage/v1/b/${bucket}/o/${encodeURIComponent(object)}?alt=media`;
      const headers: Record<string, string> = range
        ? { Range: `bytes=${range.start}-${range.end}` }
        : {};
      const response = await ask(url, { headers, signal }, storageEmulator !== undefined);
      if (response.status === (range ? 206 : 200) && response.body) {
        const bytes = response.headers.get('content-length');
        if (bytes === null) throw new ReadError('no length');
        return { bytes: Number(bytes), body: Readable.fromWeb(response.body) };
      }
      await response.body?.cancel();
      // 416: the object is another one now, and shorter.
      if (response.status === 404 || response.status === 416) return undefined;
      throw new ReadError(response.status);
    },
  };
}

async function firstByteWithin(url: string, init: RequestInit): Promise<Response> {
  const controller = new AbortController();
  const stop = () => controller.abort(init.signal?.reason);
  const timer = setTimeout(() => controller.abort(new ReadError('timeout')), FIRST_BYTE_MS);
  if (init.signal?.aborted) stop();
  init.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await fetch(url, { ...init, signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

/** A value as Firestore's REST API writes it. https://firebase.google.com/docs/firestore/reference/rest/Shared.Types/ArrayValue#Value */
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

function plainFields({ fields = {} }: MapValue): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
}

function plain(value: Value): unknown {
  if (value.mapValue) return plainFields(value.mapValue);
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plain);
  if (value.integerValue !== undefined) return Number(value.integerValue);
  if (value.timestampValue !== undefined) return Date.parse(value.timestampValue);
  return value.stringValue ?? value.booleanValue ?? value.doubleValue ?? null;
}
