/** Test fixture: a `serve` instance with one image, on an in-memory backend. */
import { Readable } from 'node:stream';
import { entityTag } from '../../src/domain/entity-tag.js';
import type { TokenRecord } from '../../src/domain/records.js';
import { inMemoryBackend } from '../gcp/in-memory-backend.js';
import { openSealOpener, seal, type SealLimits } from '../../src/domain/seal.js';
import { hashToken, mintToken } from '../../src/domain/token.js';
import type { ServeConfig, ServeRequest } from '../../src/serve/context.js';
import { openHandler } from '../../src/serve/handler.js';
import type { ServeResponse } from '../../src/serve/refuse.js';

/** Time of the fixture, milliseconds since 1970. */
export const NOW = Date.UTC(2026, 0, 1);
export const PLACEHOLDER = { thumbhash: 'AAAA', color: '#102030' };

const BUCKET = 'bucket';
/** For `config.sealingKeys`. */
export const SEALING_KEYS = [{ kid: 1, seed: Buffer.alloc(32, 1) }];

/** Makes a sealed token for an instance with SEALING_KEYS. */
export function sealFor(token: string, limits: SealLimits = {}, keys = SEALING_KEYS): string {
  return seal({ token, ...limits }, openSealOpener(keys, BUCKET).publicKeys);
}

/** A response with its headers by name, in lower case, and its body in one piece. */
export interface CollectedResponse {
  status: number;
  headers: Record<string, string>;
  body?: Buffer;
}

export interface FixtureOptions {
  record?: Partial<TokenRecord<number>>;
  config?: Partial<ServeConfig>;
}

/**
 * Opens the fixture. Renditions: `w800` and `thumb` (cropped), small; `w1600`, too large to be cached in
 * memory.
 */
export function openServeFixture({ record = {}, config = {} }: FixtureOptions = {}) {
  const backend = inMemoryBackend();
  const token = mintToken();
  const time = { now: NOW, clock: 0 };
  const logged: unknown[][] = [];
  const put = (name: string, data: Buffer) => {
    backend.renditions.set(name, data);
    return { object: name, bytes: data.length, etag: entityTag(data) };
  };
  const renditions = {
    w800: {
      width: 800,
      height: 600,
      webp: put('w800.webp', Buffer.from('w800.webp')),
      jpeg: put('w800.jpg', Buffer.from('w800.jpg')),
    },
    thumb: {
      width: 200,
      height: 200,
      cropped: true as const,
      webp: put('thumb.webp', Buffer.from('thumb.webp')),
    },
    w1600: { width: 1600, height: 1200, webp: put('w1600.webp', Buffer.alloc(600 * 1024, 7)) },
  };
  const image = {
    attempt: 'a',
    bucket: BUCKET,
    generation: '1',
    placeholder: PLACEHOLDER,
    renditions,
  };
  backend.tokens.set(hashToken(token), {
    uid: 'alice',
    imageId: 'cat',
    imagePath: 'users/alice/images/cat',
    kind: 'default',
    createdAt: 0,
    image,
    ...record,
  });
  const openRaw = () =>
    openHandler({
      config: {
        revocationSeconds: 60,
        noindex: true,
        trustedProxies: [],
        edgeKeyHashes: [],
        quotas: { views: 0, token: 0, tokenBytes: 0 },
        variants: [],
        formats: [],
        bucket: BUCKET,
        ...config,
      },
      reader: backend.reader,
      enqueueWidth: (task, id) => backend.queues.enqueueWidth(task, id),
      log: (...line) => logged.push(line),
      now: () => time.now,
      clock: () => time.clock,
    });
  const openInstance = () => {
    const serve = openRaw();
    return async (url: string, request: Partial<ServeRequest> = {}): Promise<CollectedResponse> =>
      collect(await serve({ method: 'GET', url, headers: {}, signal: neverAborted(), ...request }));
  };
  const get = openInstance();
  return {
    backend,
    token,
    time,
    logged,
    put,
    image,
    get,
    openInstance,
    serve: openRaw(),
    hash: hashToken(token),
  };
}

/** A signal for a client that stays connected. */
export const neverAborted = () => new AbortController().signal;

async function collect(response: ServeResponse): Promise<CollectedResponse> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < response.headers.length; at += 2) {
    headers[(response.headers[at] as string).toLowerCase()] = response.headers[at + 1] as string;
  }
  const { status, body } = response;
  if (body === undefined) return { status, headers };
  if (!(body instanceof Readable)) return { status, headers, body: Buffer.from(body) };
  return { status, headers, body: Buffer.concat((await body.toArray()) as Buffer[]) };
}
