/**
 * Requests to the JSON API of Cloud Storage. Google's client library takes more CPU time for one request than the rest
 * of the function, and longer to load.
 * @see https://cloud.google.com/storage/docs/json_api/v1/objects
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { crc32c } from './crc32c.js';

/** The fields of an object's metadata that are used: https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export interface ObjectMetadata {
  name: string;
  /** Decimal. */
  generation: string;
  contentType?: string;
  /** Decimal, bytes. */
  size: string;
  /** ISO 8601. */
  timeCreated: string;
  /** Custom metadata. */
  metadata?: Record<string, string>;
  /** Base64. */
  crc32c?: string;
}

/** https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
export interface BucketMetadata {
  softDeletePolicy?: { /** Decimal; 0: off. */ retentionDurationSeconds?: string };
  versioning?: { enabled?: boolean };
}

/** An object in a bucket. */
export interface ObjectId {
  bucket: string;
  name: string;
}

/** One page of a list. */
export interface ObjectList {
  items?: ObjectMetadata[];
  prefixes?: string[];
  nextPageToken?: string;
}

/** Each method throws a StorageError, whose code is the HTTP status, unless the status is a success. */
export interface StorageApi {
  get(bucket: string, name: string): Promise<ObjectMetadata>;
  /**
   * The bytes as they are stored: not decompressed.
   * @param generation absent: the live version
   */
  read(bucket: string, name: string, generation?: string): Promise<Buffer>;
  /** Sets custom metadata; `null` removes a key. */
  patch(
    bucket: string,
    name: string,
    generation: string,
    metadata: Record<string, string | null>,
  ): Promise<void>;
  /** Writes an object in one request; Cloud Storage compares its checksum. */
  write(
    bucket: string,
    name: string,
    data: Buffer,
    metadata: { contentType: string; cacheControl: string },
  ): Promise<void>;
  /**
   * Copies within Cloud Storage, with no other metadata than what is given.
   * @param ifGeneration of the object that the copy replaces; `0`: there must be none. Status 412 otherwise
   * @see https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
   */
  rewrite(
    source: ObjectId & { generation: string },
    target: ObjectId,
    ifGeneration: string,
    metadata: { contentType?: string; metadata: Record<string, string> },
  ): Promise<ObjectMetadata>;
  list(bucket: string, query: Record<string, string>): Promise<ObjectList>;
  getBucket(bucket: string): Promise<BucketMetadata>;
  /** Only if the live version has that generation; status 412 otherwise. */
  delete(bucket: string, name: string, generation: string): Promise<void>;
}

/** An unexpected response. The message contains no names. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** @param code HTTP status, or what is wrong with the response */
  constructor(readonly code: number | string) {
    super(`Cloud Storage: expected a 2xx status, found ${code}`);
  }
}

export interface StorageApiOptions {
  /** `host:port` or URL of an emulator, for development. */
  emulator?: string | undefined;
  /** The headers that authorize a request. Not called for an emulator. */
  authorize: () => Promise<Record<string, string>>;
  /** Resolves after so many milliseconds; replaced by tests. */
  sleep?: (milliseconds: number) => Promise<unknown>;
  /** From 0 to 1. */
  random?: () => number;
}

/** Requests of one call. */
const MAX_ATTEMPTS = 4;
/** Before the first retry, milliseconds; doubled each time, with jitter: https://cloud.google.com/storage/docs/retry-strategy */
const FIRST_DELAY_MS = 1000;
/** Without any byte from Cloud Storage, milliseconds. */
const IDLE_TIMEOUT_MS = 60_000;

interface StorageRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  headers?: Record<string, string | number>;
  body?: readonly Buffer[];
}

interface StorageResponse {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Opens Cloud Storage with connections that are kept alive. */
export function openStorageApi({
  emulator,
  authorize,
  sleep = setTimeout,
  random = Math.random,
}: StorageApiOptions): StorageApi {
  const origin = new URL(
    emulator ? `http://${emulator.replace(/^https?:\/\//, '')}` : 'https://storage.googleapis.com',
  );
  // Most of the emulator's paths lack it.
  const version = emulator ? '' : '/storage/v1';
  const { Agent, request: open } = origin.protocol === 'http:' ? http : https;
  const agent = new Agent({ keepAlive: true });

  async function sendOnce({ method, path, headers, body = [] }: StorageRequest) {
    const authorization = emulator ? { authorization: 'Bearer owner' } : await authorize();
    return new Promise<StorageResponse>((resolve, reject) => {
      const request = open(origin, {
        method,
        path,
        agent,
        timeout: IDLE_TIMEOUT_MS,
        headers: {
          ...authorization,
          ...headers,
          'content-length': body.reduce((sum, { length }) => sum + length, 0),
        },
      });
      request.on('timeout', () => request.destroy(new StorageError('timeout')));
      request.on('error', reject);
      request.on('response', (response) => {
        collect(response).then((bytes) => {
          const { statusCode = 0 } = response;
          if (statusCode < 200 || statusCode >= 300) reject(new StorageError(statusCode));
          else resolve({ headers: response.headers, body: bytes });
        }, reject);
      });
      for (const part of body) request.write(part);
      request.end();
    });
  }

  /** @param check throws for a response that must be requested again */
  async function send(request: StorageRequest, check?: (response: StorageResponse) => void) {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await sendOnce(request);
        check?.(response);
        return response;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isTransient(error)) throw error;
        await sleep(FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + random()));
      }
    }
  }

  const objectsOf = (bucket: string) => `/b/${encodeURIComponent(bucket)}/o`;
  const objectPath = (bucket: string, name: string) =>
    `${objectsOf(bucket)}/${encodeURIComponent(name)}`;
  const pathOf = (bucket: string, name: string) => `${version}${objectPath(bucket, name)}`;

  const json = async (request: StorageRequest) =>
    JSON.parse((await send(request)).body.toString()) as unknown;

  return {
    get: async (bucket, name) =>
      (await json({ method: 'GET', path: pathOf(bucket, name) })) as ObjectMetadata,

    async read(bucket, name, generation) {
      const ofGeneration = generation === undefined ? '' : `&generation=${generation}`;
      const path = `${pathOf(bucket, name)}?alt=media${ofGeneration}`;
      // Otherwise Cloud Storage decompresses: a client may declare gzip, and a small file may expand to gigabytes.
      const headers = { 'accept-encoding': 'gzip' };
      const { body } = await send({ method: 'GET', path, headers }, checkBytes);
      return body;
    },

    async patch(bucket, name, generation, metadata) {
      const path = `${pathOf(bucket, name)}?generation=${generation}`;
      const body = [Buffer.from(JSON.stringify({ metadata }))];
      await send({ method: 'PATCH', path, headers: JSON_BODY, body });
    },

    async write(bucket, name, data, metadata) {
      const { contentType } = metadata;
      // Nobody can make an image that contains it.
      const boundary = randomUUID();
      const resource = JSON.stringify({ ...metadata, name, crc32c: crc32c(data) });
      const body = [
        Buffer.from(
          `--${boundary}\r\ncontent-type: application/json\r\n\r\n${resource}\r\n` +
            `--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`,
        ),
        data,
        Buffer.from(`\r\n--${boundary}--`),
      ];
      const path = `/upload/storage/v1${objectsOf(bucket)}?uploadType=multipart`;
      const headers = { 'content-type': `multipart/related; boundary=${boundary}` };
      await send({ method: 'POST', path, headers, body });
    },

    async rewrite(source, target, ifGeneration, metadata) {
      const path = `${pathOf(source.bucket, source.name)}/rewriteTo${objectPath(target.bucket, target.name)}`;
      const query = new URLSearchParams({
        sourceGeneration: source.generation,
        ifGenerationMatch: ifGeneration,
      });
      const body = [Buffer.from(JSON.stringify(metadata))];
      for (;;) {
        const url = `${path}?${query.toString()}`;
        const answer = (await json({ method: 'POST', path: url, headers: JSON_BODY, body })) as {
          done: boolean;
          rewriteToken?: string;
          resource: ObjectMetadata;
        };
        if (answer.done) return answer.resource;
        // A large object takes several requests.
        query.set('rewriteToken', answer.rewriteToken ?? '');
      }
    },

    getBucket: async (bucket) =>
      (await json({
        method: 'GET',
        path: `${version}/b/${encodeURIComponent(bucket)}`,
      })) as BucketMetadata,

    list: async (bucket, query) =>
      (await json({
        method: 'GET',
        path: `${version}${objectsOf(bucket)}?${new URLSearchParams(query).toString()}`,
      })) as ObjectList,

    async delete(bucket, name, generation) {
      // A precondition instead of a generation to delete: the latter would also delete a noncurrent version.
      const path = `${pathOf(bucket, name)}?ifGenerationMatch=${generation}`;
      await send({ method: 'DELETE', path });
    },
  };
}

const JSON_BODY = { 'content-type': 'application/json' };

/** Reads a body into a single allocation if its length is known. */
async function collect(response: http.IncomingMessage): Promise<Buffer> {
  const length = Number(response.headers['content-length'] ?? NaN);
  if (!Number.isSafeInteger(length)) return Buffer.concat(await response.toArray());
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) filled += chunk.copy(bytes, filled);
  if (filled !== length) throw new StorageError('fewer bytes than its length');
  return bytes;
}

/** @throws StorageError when the bytes are not those that are stored */
function checkBytes({ headers, body }: StorageResponse): void {
  const [, expected] = /crc32c=([^,]+)/.exec(String(headers['x-goog-hash'])) ?? [];
  if (expected !== undefined && expected !== crc32c(body)) throw new StorageError('wrong checksum');
}

/** Statuses that may pass: https://cloud.google.com/storage/docs/retry-strategy#retryable */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** Whether a retry may succeed: also a network error or a timeout. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof StorageError)) return true;
  return typeof error.code === 'string' || TRANSIENT.has(error.code);
}
