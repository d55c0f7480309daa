/** What an instance of `serve` keeps in memory: the budgets count what is held. */
import { Readable } from 'node:stream';
import { entityTag } from '../domain/entity-tag.js';
import type { TokenRecord } from '../domain/records.js';
import { hashToken, mintToken } from '../domain/token.js';
import { neverAborted, PLACEHOLDER } from '../../test/serve/serve-fixture.js';
import { MAX_CACHE_BYTES, openRenditions } from './renditions.js';
import { openResolver } from './resolve.js';

const KIB = 2 ** 10;

describe('renditions', () => {
  /** @param data of every object @param chunks that a read of it returns */
  const openWith = (data: Buffer, chunks = [data]) => {
    const reader = {
      readRendition: () => Promise.resolve({ bytes: data.length, body: Readable.from(chunks) }),
    };
    const store = openRenditions(reader, () => 0);
    const etag = entityTag(data);
    const infoOf = (object: string) => ({ object, bytes: data.length, etag });
    const read = (object: string) =>
      store.read('bucket', infoOf(object), undefined, neverAborted()) as Promise<Buffer>;
    return { read, get: (object: string) => store.get(infoOf(object)) };
  };

  test.each([1, 100, 4 * KIB, 100 * KIB])(
    'a cached rendition of %d bytes keeps nothing else in memory',
    async (bytes) => {
      const { read, get } = openWith(Buffer.alloc(bytes, 7));
      await read('a');
      expect(get('a')?.buffer.byteLength).toBe(bytes);
    },
  );

  test('a rendition that arrives in chunks is cached in one piece', async () => {
    const data = Buffer.from('one two three');
    const { read, get } = openWith(data, [
      data.subarray(0, 4),
      data.subarray(4, 8),
      data.subarray(8),
    ]);
    expect(await read('a')).toEqual(data);
    expect(get('a')).toEqual(data);
  });

  test('the cache holds as much as its budget, keys and small renditions included', async () => {
    const { read, get } = openWith(Buffer.alloc(300 * KIB, 7));
    const names = Array.from({ length: 600 }, (_, index) => `${index}`.padEnd(KIB, 'x'));
    for (const name of names) await read(name);
    const held = names.flatMap((name) => {
      const bytes = get(name);
      return bytes ? [bytes.buffer.byteLength + name.length] : [];
    });
    const total = held.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeLessThanOrEqual(MAX_CACHE_BYTES);
    expect(total).toBeGreaterThan(0.95 * MAX_CACHE_BYTES);
  });
});

describe('token records', () => {
  /** Resolves tokens of images with so many renditions. @returns how many are in memory afterwards */
  async function countCached(tokens: number, variants: number): Promise<number> {
    const reader = { findToken: () => Promise.resolve(recordWith(variants)) };
    const usage = { reads: { used: 0, windowEnd: 0 }, bytes: { used: 0, windowEnd: 0 } };
    const limiter = { setFound: () => usage, setUnknown: () => undefined };
    const resolver = openResolver(reader, 60, () => 0, limiter);
    const hashes = Array.from({ length: tokens }, () => hashToken(mintToken()));
    for (const hash of hashes) await resolver.resolve(hash, neverAborted());
    return hashes.filter((hash) => resolver.get(hash) !== undefined).length;
  }

  test('5,000 records of the default variants and formats are cached', async () => {
    expect(await countCached(6_000, 4)).toBe(5_000);
  });

  test('fewer are cached when each lists many renditions', async () => {
    const cached = await countCached(4_000, 20);
    expect(cached).toBeGreaterThan(500);
    expect(cached).toBeLessThan(4_000);
  });
});

function recordWith(variants: number): TokenRecord<number> {
  const info = (name: string) => ({
    object: `variants/${'x'.repeat(43)}/1700000000000000/${name}`,
    bytes: 100_000,
    etag: `"${'e'.repeat(27)}"`,
  });
  const renditions = Array.from({ length: variants }, (_, index) => {
    const formats = variants > 4 ? { avif: info(`w${index}.avif`) } : {};
    const [webp, jpeg] = [info(`w${index}.webp`), info(`w${index}.jpg`)];
    return [`w${index}`, { width: 800, height: 600, webp, jpeg, ...formats }] as const;
  });
  return {
    uid: 'u'.repeat(28),
    imageId: 'i'.repeat(20),
    imagePath: `users/${'u'.repeat(28)}/images/${'i'.repeat(20)}`,
    kind: 'default',
    createdAt: 0,
    image: {
      attempt: 'a'.repeat(36),
      bucket: 'my-project.firebasestorage.app',
      generation: '1700000000000000',
      placeholder: PLACEHOLDER,
      renditions: Object.fromEntries(renditions),
    },
  };
}
