/** The library in memory, for tests of the rooms that use it. */
import { Readable } from 'node:stream';
import { entityTag } from '../images/entity-tag.js';
import type { Owner } from '../images/path.js';
import type { ImageRecord, TokenRecord } from '../images/records.js';
import { hashToken, mintToken } from '../tokens/token.js';
import type { Library } from './library.js';
import type { Reader } from './reader.js';

export interface FakeLibrary extends Library {
  reader: Reader;
  originals: Map<string, { generation: string; data: Buffer; locked: boolean }>;
  renditions: Map<string, Buffer>;
  images: Map<string, ImageRecord<number>>;
  tokens: Map<string, TokenRecord<number>>;
  /** How often each call was made. */
  calls: Record<string, number>;
}

export function fakeLibrary(): FakeLibrary {
  const originals: FakeLibrary['originals'] = new Map();
  const renditions: FakeLibrary['renditions'] = new Map();
  const images: FakeLibrary['images'] = new Map();
  const tokens: FakeLibrary['tokens'] = new Map();
  const calls: Record<string, number> = {};
  const key = ({ uid, imageId }: Owner) => `${uid}/${imageId}`;
  const count = (name: string) => (calls[name] = (calls[name] ?? 0) + 1);

  return {
    originals,
    renditions,
    images,
    tokens,
    calls,
    reader: {
      findToken: (hash, signal) => {
        count('findToken');
        return arrive(tokens.get(hash), signal);
      },
      readRendition: async (_bucket, object, range, signal) => {
        count('readRendition');
        const whole = await arrive(renditions.get(object), signal);
        if (whole === undefined || (range && range.start >= whole.length)) return undefined;
        const data = range ? whole.subarray(range.start, range.end + 1) : whole;
        return { bytes: data.length, body: Readable.from([data]) };
      },
    },
    objects: {
      readOriginal: (name, generation) => {
        count('readOriginal');
        const found = originals.get(name);
        return Promise.resolve(found?.generation === generation ? found.data : undefined);
      },
      lock: (name, generation) => {
        count('lock');
        const found = originals.get(name);
        if (found?.generation === generation) found.locked = true;
        return Promise.resolve();
      },
      writeRendition: (name, _format, data) => {
        count('writeRendition');
        renditions.set(name, data);
        return Promise.resolve({ object: name, bytes: data.length, etag: entityTag(data) });
      },
    },
    records: {
      begin: (owner, original) => {
        count('begin');
        const found = images.get(key(owner));
        const before = found?.original === undefined ? undefined : found;
        const order = before
          ? BigInt(original.generation) - BigInt(before.original.generation)
          : 1n;
        if (order < 0n) return Promise.resolve('stale');
        if (order === 0n && before?.state !== 'processing') return Promise.resolve('done');
        const token = before?.token ?? mintToken();
        if (before === undefined) {
          tokens.set(hashToken(token), { ...owner, kind: 'default', createdAt: 0 });
        }
        images.set(key(owner), {
          ...(before?.variants && { variants: before.variants }),
          ...(before?.placeholder && { placeholder: before.placeholder }),
          state: 'processing',
          original,
          token,
          createdAt: before?.createdAt ?? 0,
          updatedAt: 0,
        });
        return Promise.resolve('begun');
      },
      finish: ({ uid, imageId }, { original, placeholder, variants, renditions: shown }) => {
        count('finish');
        const before = images.get(key({ uid, imageId }));
        if (before?.original.generation !== original.generation) return Promise.resolve(false);
        const { bucket, generation } = original;
        const image = { bucket, generation, placeholder, renditions: shown };
        for (const [hash, record] of tokens) {
          if (record.uid === uid && record.imageId === imageId)
            tokens.set(hash, { ...record, image });
        }
        images.set(key({ uid, imageId }), {
          state: 'ready',
          original,
          token: before.token,
          variants,
          placeholder,
          createdAt: 0,
          updatedAt: 0,
        });
        return Promise.resolve(true);
      },
      fail: (owner, original, error) => {
        count('fail');
        const before = images.get(key(owner));
        if (before?.original.generation !== original.generation) return Promise.resolve(false);
        images.set(key(owner), { ...before, state: 'failed', original, error });
        return Promise.resolve(true);
      },
    },
  };
}

/** A moment later, as over a network: two requests of one moment meet. */
async function arrive<T>(value: T, signal: AbortSignal): Promise<T> {
  await Promise.resolve();
  signal.throwIfAborted();
  return value;
}
