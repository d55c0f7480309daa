/**
 * The contract of every backend. Runs against the backend in memory as a unit test, and against Firestore and
 * Storage on the local stack as an integration test.
 */
import { randomUUID } from 'node:crypto';
import type { Owner } from '../../src/domain/path.js';
import type { OriginalInfo } from '../../src/domain/records.js';
import { hashToken } from '../../src/domain/token.js';
import { testObjectsContract } from './objects-contract.js';
import { testQuotaContract } from './quota-contract.js';
import { testSharesContract } from './shares-contract.js';
import { testWidthsContract } from './widths-contract.js';
import type { Backend, ReprocessMode, ProcessingResult } from '../../src/gcp/backend.js';

export interface Subject {
  backend: Backend;
  /** Uploads an original. @returns its generation */
  put: (name: string, data: Buffer, hasDownloadToken: boolean) => Promise<string>;
  /** Deletes a token record by hand. */
  deleteToken: (hash: string) => Promise<void>;
  /** Deletes a share record by hand. */
  deleteShare: (uid: string, shareId: string) => Promise<void>;
  /** Deletes an image record by hand. */
  deleteImage: (owner: Owner) => Promise<void>;
  /** Writes a document at the path of an image record. */
  putImage: (owner: Owner, fields: object) => Promise<void>;
  /** Adds copies of a token record with other hashes and the kind `share`. */
  copyToken: (hash: string, copies: string[], changes?: { imagePath: string }) => Promise<void>;
  /** The revocation bound, milliseconds. */
  boundMs: number;
}

const SETTINGS = { renditions: 'renditions', all: 'all', quota: 'quota' };
const OTHER_SETTINGS = { renditions: 'other renditions', all: 'other all', quota: 'quota' };
const FAILURE = { code: 'not-an-image', message: 'The file is not an image.' };

const owner = () => ({ uid: `u-${randomUUID()}`, imageId: 'cat' });

/**
 * @param prefix of the originals' names; ends with a slash
 * @param open is called in each test
 */
export function testBackendContract(prefix: string, open: () => Subject): void {
  const plan = (generation: string, reprocess: ReprocessMode = 'never', settings = SETTINGS) => {
    const original: OriginalInfo = {
      bucket: 'bucket',
      name: `${prefix}cat`,
      generation,
      contentType: 'image/jpeg',
      bytes: 3,
    };
    return { original, settings, reprocess };
  };
  const result = (generation: string): ProcessingResult => {
    const file = { object: `o/${generation}/w8.webp`, bytes: 3, etag: '"e"' };
    return {
      original: { ...plan(generation).original, width: 8, height: 6 },
      variantsBucket: 'variants-bucket',
      placeholder: { thumbhash: 'AAAA', color: '#102030' },
      variants: { w8: { width: 8, height: 6, formats: { webp: file } } },
      renditions: { w8: { width: 8, height: 6, webp: file } },
    };
  };
  const begin = async (of: Owner, generation: string) => {
    const start = await open().backend.records.begin(of, plan(generation));
    if (typeof start === 'string') throw new Error(`expected an attempt, found ${start}`);
    return start;
  };
  const beginAndFinish = async (of: Owner, generation: string) => {
    const { attempt } = await begin(of, generation);
    const { records } = open().backend;
    await expect(records.finish(of, attempt, result(generation), SETTINGS)).resolves.toBe(true);
    return attempt;
  };

  describe('records', () => {
    test('begin() creates a default token without renditions for a new image', async () => {
      const records = open().backend.records;
      const cat = owner();
      await expect(begin(cat, '10')).resolves.toMatchObject({ hasStaleRenditions: false });
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'processing', original: { generation: '10' } });
      expect(Date.now() - (image?.updatedAt ?? 0)).toBeLessThan(3_600_000);
      const [[hash, token] = []] = tokens;
      expect(hash).toBe(hashToken(image?.token ?? ''));
      expect(token).toMatchObject({ ...cat, kind: 'default' });
      expect(token).not.toHaveProperty('image');
      await expect(records.findImage(cat)).resolves.toEqual(image);
      await expect(records.findImage(owner())).resolves.toBeUndefined();
    });

    test('finish() writes the renditions to the image record and to its token records', async () => {
      const records = open().backend.records;
      const cat = owner();
      const attempt = await beginAndFinish(cat, '10');
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'ready', variants: result('10').variants });
      expect(image).not.toHaveProperty('attempt');
      const { generation } = result('10').original;
      const { variantsBucket: bucket, placeholder, renditions } = result('10');
      const shown = { attempt, bucket, generation, placeholder, renditions };
      expect([...tokens.values()].map((token) => token.image)).toEqual([shown]);
    });

    test('begin() returns done for the same generation, stale for an older one, an attempt for a newer one', async () => {
      const records = open().backend.records;
      const cat = owner();
      await beginAndFinish(cat, '10');
      await expect(records.begin(cat, plan('10'))).resolves.toBe('done');
      await expect(records.begin(cat, plan('9'))).resolves.toBe('stale');
      await expect(begin(cat, '100')).resolves.toMatchObject({ hasStaleRenditions: true });
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'processing', variants: result('10').variants });
      expect(tokens.size).toBe(1);
    });

    test('begin() restarts a ready image when it is outdated or on request; its state stays ready', async () => {
      const records = open().backend.records;
      const cat = owner();
      await beginAndFinish(cat, '10');
      await expect(records.begin(cat, plan('10', 'outdated'))).resolves.toBe('done');
      await expect(records.begin(cat, plan('10', 'never', OTHER_SETTINGS))).resolves.toBe('done');
      const again = await records.begin(cat, plan('10', 'outdated', OTHER_SETTINGS));
      expect(again).toMatchObject({ hasStaleRenditions: true });
      await expect(records.begin(cat, plan('10', 'always'))).resolves.toMatchObject({});
      expect((await records.find(cat)).image?.state).toBe('ready');
    });

    test('begin() returns busy while an attempt for an older upload may be running', async () => {
      const records = open().backend.records;
      const cat = owner();
      const { attempt } = await begin(cat, '10');
      const before = await records.findImage(cat);
      await expect(records.begin(cat, plan('11'))).resolves.toBe('busy');
      await expect(records.findImage(cat)).resolves.toEqual(before);
      // It has ended without a result, and may have written renditions.
      await records.release(cat, attempt, true);
      await expect(begin(cat, '11')).resolves.toMatchObject({ hasStaleRenditions: true });
    });

    test('release() ends an attempt; one that may have written renditions leaves a mark', async () => {
      const records = open().backend.records;
      const cat = owner();
      const first = await begin(cat, '10');
      await records.release(cat, first.attempt, false);
      expect((await records.findImage(cat))?.attempt).toBeUndefined();
      const second = await begin(cat, '10');
      expect(second).toMatchObject({ hasStaleRenditions: false });
      expect(second).not.toHaveProperty('triedAt');
      // Not the current attempt.
      await records.release(cat, first.attempt, true);
      expect((await records.findImage(cat))?.attempt).toBe(second.attempt);
      await records.release(cat, second.attempt, true);
      const third = await begin(cat, '10');
      expect(third).toMatchObject({ hasStaleRenditions: true });
      expect(third).not.toHaveProperty('triedAt');
      await expect(records.finish(cat, second.attempt, result('10'), SETTINGS)).resolves.toBe(
        false,
      );
    });

    test('runningAttempts() returns the attempts of a user that have not ended, the earliest first', async () => {
      const records = open().backend.records;
      const { uid } = owner();
      await expect(records.runningAttempts(uid, 9)).resolves.toEqual([]);
      const ids = ['a', 'b', 'c', 'd'].map((imageId) => ({ uid, imageId }));
      const attempts: string[] = [];
      for (const id of ids) attempts.push((await begin(id, '10')).attempt);
      await begin({ ...owner(), imageId: 'a' }, '10');
      await expect(records.runningAttempts(uid, 9)).resolves.toEqual([...attempts].sort());
      await expect(records.runningAttempts(uid, 2)).resolves.toEqual(
        [...attempts].sort().slice(0, 2),
      );
      const [a, b, c, d] = attempts as [string, string, string, string];
      await records.release(ids[0] as Owner, a, true);
      await records.release(ids[1] as Owner, b, false);
      await records.finish(ids[2] as Owner, c, result('10'), SETTINGS);
      await expect(records.runningAttempts(uid, 9)).resolves.toEqual([d]);
    });

    test('a superseded attempt cannot finish, fail or abandon', async () => {
      const records = open().backend.records;
      const cat = owner();
      const first = await begin(cat, '10');
      const second = await begin(cat, '10');
      await expect(records.finish(cat, first.attempt, result('10'), SETTINGS)).resolves.toBe(false);
      await expect(records.fail(cat, first.attempt, FAILURE, SETTINGS)).resolves.toBeUndefined();
      await records.abandon(cat, first.attempt);
      await expect(records.finish(cat, second.attempt, result('10'), SETTINGS)).resolves.toBe(true);
    });

    test('fail() records the failure and keeps the previous renditions', async () => {
      const records = open().backend.records;
      const cat = owner();
      await beginAndFinish(cat, '10');
      const { attempt } = await begin(cat, '11');
      await expect(records.fail(cat, attempt, FAILURE, SETTINGS)).resolves.toBe('failed');
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'failed', error: FAILURE, variants: { w8: {} } });
      expect([...tokens.values()][0]?.image?.generation).toBe('10');
      await expect(records.begin(cat, plan('11', 'outdated'))).resolves.toBe('done');
      await expect(
        records.begin(cat, plan('11', 'outdated', OTHER_SETTINGS)),
      ).resolves.toMatchObject({});
    });

    test('finish() of a held image writes its record, and leaves nothing to see to any token', async () => {
      const records = open().backend.records;
      const cat = owner();
      await beginAndFinish(cat, '10');
      const { attempt } = await begin(cat, '11');
      const written = result('11');
      await expect(records.finish(cat, attempt, written, SETTINGS, 'held')).resolves.toBe(true);
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'held', variants: written.variants });
      expect([...tokens.values()].map((token) => 'image' in token)).toEqual([false]);
      await expect(records.begin(cat, plan('11', 'always'))).resolves.not.toHaveProperty(
        'isAllowed',
      );
    });

    test('an abandoned attempt cannot finish', async () => {
      const records = open().backend.records;
      const cat = owner();
      const { attempt } = await begin(cat, '10');
      await records.abandon(cat, attempt);
      await expect(records.finish(cat, attempt, result('10'), SETTINGS)).resolves.toBe(false);
      expect((await records.find(cat)).image).not.toHaveProperty('attempt');
    });

    test('remove() deletes all records unless a newer upload was recorded', async () => {
      const records = open().backend.records;
      const cat = owner();
      await beginAndFinish(cat, '10');
      await expect(records.remove(cat, { newest: '9' })).resolves.toBe(false);
      expect((await records.find(cat)).tokens.size).toBe(1);
      await expect(records.remove(cat, { newest: '10' })).resolves.toBe(true);
      expect(await records.find(cat)).toEqual({ tokens: new Map() });
      await expect(records.remove(cat, { newest: undefined })).resolves.toBe(true);
    });

    test('a token whose record was deleted stays revoked after the next upload', async () => {
      const { backend, deleteToken } = open();
      const cat = owner();
      await beginAndFinish(cat, '10');
      const [hash = ''] = (await backend.records.find(cat)).tokens.keys();
      await deleteToken(hash);
      await beginAndFinish(cat, '11');
      expect((await backend.records.find(cat)).tokens.size).toBe(0);
    });

    test('an image whose retries were exhausted is outdated, whatever its settings', async () => {
      const records = open().backend.records;
      const cat = owner();
      const exhausted = { code: 'retries-exhausted', message: 'The image could not be processed.' };
      const first = await begin(cat, '10');
      expect(first).not.toHaveProperty('triedAt');
      await records.fail(cat, first.attempt, exhausted, SETTINGS);
      await expect(records.begin(cat, plan('10'))).resolves.toBe('done');
      const again = await records.begin(cat, plan('10', 'outdated'));
      expect(again).not.toHaveProperty('triedAt');
      await expect(records.begin(cat, plan('10'))).resolves.toBe('done');
    });

    test('begin() returns when an unfinished attempt of the same upload began', async () => {
      const cat = owner();
      await expect(begin(cat, '10')).resolves.not.toHaveProperty('triedAt');
      const { updatedAt } = (await open().backend.records.findImage(cat)) ?? {};
      const again = await begin(cat, '10');
      expect(again).toMatchObject({ triedAt: updatedAt });
      await open().backend.records.release(cat, again.attempt, true);
      const released = await begin(cat, '10');
      expect(released).not.toHaveProperty('triedAt');
      await open().backend.records.release(cat, released.attempt, true);
      await expect(begin(cat, '11')).resolves.not.toHaveProperty('triedAt');
    });

    test('a document that something else wrote is not listed or deleted; an upload overwrites it', async () => {
      const { backend, putImage } = open();
      const cat = owner();
      for (const fields of [{ caption: 'a cat' }, { original: { generation: 'first' } }]) {
        await putImage(cat, fields);
        await expect(backend.records.listImages(9, undefined, cat.uid)).resolves.toMatchObject({
          items: [],
        });
        await expect(backend.records.remove(cat, { newest: undefined })).resolves.toBe(true);
        expect((await backend.records.find(cat)).image).toMatchObject(fields);
      }
      await beginAndFinish(cat, '10');
      expect((await backend.records.find(cat)).image).toMatchObject({ state: 'ready' });
    });

    test('a token record with another image path is listed as elsewhere, and can be deleted by hash', async () => {
      const { backend, copyToken } = open();
      const cat = owner();
      await beginAndFinish(cat, '10');
      const [hash = ''] = (await backend.records.find(cat)).tokens.keys();
      await copyToken(hash, [`elsewhere-${cat.uid}`], { imagePath: `before/${cat.uid}/x/cat` });
      const listed = await backend.records.listTokens(9, undefined, cat.uid);
      expect(new Set(listed.items)).toEqual(
        new Set([
          { ...cat, hash, isElsewhere: false, hasShare: false },
          { ...cat, hash: `elsewhere-${cat.uid}`, isElsewhere: true, hasShare: false },
        ]),
      );
      await backend.records.deleteToken(`elsewhere-${cat.uid}`);
      await backend.records.deleteToken(`elsewhere-${cat.uid}`);
      const rest = await backend.records.listTokens(9, undefined, cat.uid);
      expect(rest.items).toEqual([{ ...cat, hash, isElsewhere: false, hasShare: false }]);
    });

    test('an image whose record was deleted by hand gets a new token; the old one is deleted', async () => {
      const { backend, copyToken, deleteImage } = open();
      const cat = owner();
      await beginAndFinish(cat, '10');
      const [old = ''] = (await backend.records.find(cat)).tokens.keys();
      const share = `share-${cat.uid}`;
      await copyToken(old, [share]);
      await deleteImage(cat);
      const start = await begin(cat, '10');
      expect(start.hasStaleRenditions).toBe(true);
      const { image, tokens } = await backend.records.find(cat);
      expect(new Set(tokens.keys())).toEqual(new Set([share, hashToken(image?.token ?? '')]));
      expect(tokens.has(old)).toBe(false);
    });

    test('updates and deletes more tokens than fit in one commit', async () => {
      const { backend, copyToken } = open();
      const cat = owner();
      await beginAndFinish(cat, '10');
      const [hash = ''] = (await backend.records.find(cat)).tokens.keys();
      const copies = Array.from({ length: 1000 }, (_, index) => `${cat.uid}-${index}`);
      await copyToken(hash, copies);
      await beginAndFinish(cat, '11');
      const { tokens } = await backend.records.find(cat);
      expect(tokens.size).toBe(1001);
      expect(new Set([...tokens.values()].map(({ image }) => image?.generation))).toEqual(
        new Set(['11']),
      );
      await expect(backend.records.remove(cat, { newest: '11' })).resolves.toBe(true);
      expect((await backend.records.find(cat)).tokens.size).toBe(0);
    }, 120_000);

    test('lists the images and tokens of a user in pages', async () => {
      const records = open().backend.records;
      const { uid } = owner();
      const ids = ['a', 'b', 'c', 'd', 'e'];
      for (const imageId of ids) await begin({ uid, imageId }, '10');
      for (const method of ['listImages', 'listTokens'] as const) {
        const listed: string[] = [];
        let after: string | undefined;
        do {
          const page = await records[method](2, after, uid);
          expect(page.items.length).toBeLessThanOrEqual(2);
          listed.push(...page.items.map(({ imageId }) => imageId));
          after = page.next;
        } while (after !== undefined);
        expect(listed.sort()).toEqual(ids);
      }
      const all = await records.listImages(100_000);
      expect(all.items.filter((image) => image.uid === uid)).toHaveLength(5);
    });
  });

  testObjectsContract(prefix, open);
  testQuotaContract(open);
  testSharesContract(() => ({
    ...open(),
    makeReady: async (of, generation) => void (await beginAndFinish(of, generation)),
    async makeFailed(of) {
      const { attempt } = await begin(of, '10');
      await open().backend.records.fail(of, attempt, FAILURE, SETTINGS);
    },
  }));

  testWidthsContract(open, beginAndFinish);

  describe('jobs', () => {
    test('a run counts each page once and completes with the last one', async () => {
      const jobs = open().backend.jobs;
      const run = randomUUID();
      await expect(jobs.start(run, run, false)).resolves.toBe(true);
      await expect(jobs.start(run, run, false)).resolves.toBe(true);
      await expect(jobs.current()).resolves.toBe(run);
      await jobs.counted(run, 15);
      await expect(jobs.start(run, run, false)).resolves.toBe(false);
      const first = { page: 0, isLast: false, done: 10, failed: 1 };
      await jobs.add(run, first);
      const progress = await jobs.add(run, first);
      expect(progress).toMatchObject({ state: 'running', total: 15, done: 10, failed: 1 });
      expect(progress?.eta).toBeGreaterThanOrEqual(progress?.started ?? Infinity);
      const end = await jobs.add(run, { page: 1, isLast: true, done: 5, failed: 0 });
      expect(end).toMatchObject({ state: 'done', total: 15, done: 15, failed: 1, pages: 2 });
      expect(end).not.toHaveProperty('eta');
      // The last page is delivered again: nothing is added.
      await expect(jobs.add(run, { page: 1, isLast: true, done: 5, failed: 0 })).resolves.toEqual(
        expect.objectContaining({ state: 'done', total: 15, done: 15, failed: 1, pagesDone: 2 }),
      );
      await expect(jobs.start(run, run, false)).resolves.toBe(false);
      await expect(jobs.start(randomUUID(), run, true)).resolves.toBe(false);
      const next = randomUUID();
      await expect(jobs.start(next, 'other settings', true)).resolves.toBe(true);
      await expect(jobs.current()).resolves.toBe(next);
      // The first task of the replaced run is delivered again, late.
      await expect(jobs.start(run, run, false)).resolves.toBe(false);
      await expect(jobs.current()).resolves.toBe(next);
      await expect(jobs.add(run, first)).resolves.toBeUndefined();
    });
  });
}
