/**
 * What every backend must do, whoever stands behind it: run against the one in memory beside the unit
 * tests, and against Firestore and Storage on the local stack.
 */
import { randomUUID } from 'node:crypto';
import type { Owner } from '../../src/domain/path.js';
import type { OriginalInfo } from '../../src/domain/records.js';
import { hashToken } from '../../src/domain/token.js';
import type { Backend, ReprocessMode, ProcessingResult } from '../../src/gcp/backend.js';

export interface Subject {
  backend: Backend;
  /** Uploads an original, with a download token if it is to be open. @returns its generation */
  put: (name: string, data: Buffer, isOpen: boolean) => Promise<string>;
  /** Deletes a token record, as an admin may. */
  deleteToken: (hash: string) => Promise<void>;
  /** Deletes an image record, as an admin may. */
  deleteImage: (owner: Owner) => Promise<void>;
  /** Writes a document where image records are. */
  putImage: (owner: Owner, fields: object) => Promise<void>;
  /** Adds copies of a token record under other hashes, of kind `share`. */
  copyToken: (hash: string, copies: string[], changes?: { imagePath: string }) => Promise<void>;
}

const SETTINGS = { renditions: 'renditions', all: 'all' };
const OTHER = { renditions: 'other renditions', all: 'other all' };
const FAILURE = { code: 'not-an-image', message: 'The file is not an image.' };

/** @param prefix where originals of this run are, with a slash at its end */
export function testBackendContract(prefix: string, open: () => Subject): void {
  const owner = () => ({ uid: `u-${randomUUID()}`, imageId: 'cat' });
  const plan = (generation: string, reprocess: ReprocessMode = 'never', settings = SETTINGS) => {
    const original: OriginalInfo = {
      ...{ bucket: 'bucket', name: `${prefix}cat`, generation },
      ...{ contentType: 'image/jpeg', bytes: 3 },
    };
    return { original, settings, reprocess };
  };
  const result = (generation: string): ProcessingResult => {
    const file = { object: `o/${generation}`, bytes: 3, etag: '"e"' };
    return {
      original: { ...plan(generation).original, width: 8, height: 6 },
      placeholder: { thumbhash: 'AAAA', color: '#102030' },
      variants: { w8: { width: 8, height: 6, formats: { webp: file } } },
      renditions: { w8: { width: 8, height: 6, webp: file } },
    };
  };
  const begun = async (of: ReturnType<typeof owner>, generation: string) => {
    const beginning = await open().backend.records.begin(of, plan(generation));
    if (typeof beginning === 'string') throw new Error(`expected an attempt, found ${beginning}`);
    return beginning;
  };
  const made = async (of: ReturnType<typeof owner>, generation: string) => {
    const { attempt } = await begun(of, generation);
    const isMade = await open().backend.records.finish(of, attempt, result(generation), SETTINGS);
    expect(isMade).toBe(true);
    return attempt;
  };

  describe('records', () => {
    test('a new image is begun with a token that shows nothing', async () => {
      const records = open().backend.records;
      const cat = owner();
      await expect(begun(cat, '10')).resolves.toMatchObject({ hasStaleRenditions: false });
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

    test('finished, it and its tokens show the same', async () => {
      const records = open().backend.records;
      const cat = owner();
      const attempt = await made(cat, '10');
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'ready', variants: result('10').variants });
      expect(image).not.toHaveProperty('attempt');
      const { bucket, generation } = result('10').original;
      const { placeholder, renditions } = result('10');
      const shown = { attempt, bucket, generation, placeholder, renditions };
      expect([...tokens.values()].map((token) => token.image)).toEqual([shown]);
    });

    test('the same again is done, an older one stale, a newer one begun with leftovers', async () => {
      const records = open().backend.records;
      const cat = owner();
      await made(cat, '10');
      await expect(records.begin(cat, plan('10'))).resolves.toBe('done');
      await expect(records.begin(cat, plan('9'))).resolves.toBe('stale');
      await expect(begun(cat, '100')).resolves.toMatchObject({ hasStaleRenditions: true });
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'processing', variants: result('10').variants });
      expect(tokens.size).toBe(1);
    });

    test('it is made anew when it is outdated, or always, and stays ready meanwhile', async () => {
      const records = open().backend.records;
      const cat = owner();
      await made(cat, '10');
      await expect(records.begin(cat, plan('10', 'outdated'))).resolves.toBe('done');
      await expect(records.begin(cat, plan('10', 'never', OTHER))).resolves.toBe('done');
      const again = await records.begin(cat, plan('10', 'outdated', OTHER));
      expect(again).toMatchObject({ hasStaleRenditions: true });
      await expect(records.begin(cat, plan('10', 'always'))).resolves.toMatchObject({});
      expect((await records.find(cat)).image?.state).toBe('ready');
    });

    test('an attempt that was overtaken has no say', async () => {
      const records = open().backend.records;
      const cat = owner();
      const first = await begun(cat, '10');
      const second = await begun(cat, '10');
      await expect(records.finish(cat, first.attempt, result('10'), SETTINGS)).resolves.toBe(false);
      await expect(records.fail(cat, first.attempt, FAILURE, SETTINGS)).resolves.toBe(false);
      await records.abandon(cat, first.attempt);
      await expect(records.finish(cat, second.attempt, result('10'), SETTINGS)).resolves.toBe(true);
    });

    test('a failure is told, and what was good before stays', async () => {
      const records = open().backend.records;
      const cat = owner();
      await made(cat, '10');
      const { attempt } = await begun(cat, '11');
      await expect(records.fail(cat, attempt, FAILURE, SETTINGS)).resolves.toBe(true);
      const { image, tokens } = await records.find(cat);
      expect(image).toMatchObject({ state: 'failed', error: FAILURE, variants: { w8: {} } });
      expect([...tokens.values()][0]?.image?.generation).toBe('10');
      await expect(records.begin(cat, plan('11', 'outdated'))).resolves.toBe('done');
      await expect(records.begin(cat, plan('11', 'outdated', OTHER))).resolves.toMatchObject({});
    });

    test('an attempt that is abandoned is over', async () => {
      const records = open().backend.records;
      const cat = owner();
      const { attempt } = await begun(cat, '10');
      await records.abandon(cat, attempt);
      await expect(records.finish(cat, attempt, result('10'), SETTINGS)).resolves.toBe(false);
      expect((await records.find(cat)).image).not.toHaveProperty('attempt');
    });

    test('removed, nothing is left of it, unless a newer upload was seen', async () => {
      const records = open().backend.records;
      const cat = owner();
      await made(cat, '10');
      await expect(records.remove(cat, '9')).resolves.toBe(false);
      expect((await records.find(cat)).tokens.size).toBe(1);
      await expect(records.remove(cat, '10')).resolves.toBe(true);
      expect(await records.find(cat)).toEqual({ tokens: new Map() });
      await expect(records.remove(cat, undefined)).resolves.toBe(true);
    });

    test('a token whose record was deleted stays dead', async () => {
      const { backend, deleteToken } = open();
      const cat = owner();
      await made(cat, '10');
      const [hash = ''] = (await backend.records.find(cat)).tokens.keys();
      await deleteToken(hash);
      await made(cat, '11');
      expect((await backend.records.find(cat)).tokens.size).toBe(0);
    });

    test('what was given up is outdated, whatever the settings', async () => {
      const records = open().backend.records;
      const cat = owner();
      const gaveUp = { code: 'retries-exhausted', message: 'The image could not be processed.' };
      const first = await begun(cat, '10');
      expect(first).not.toHaveProperty('triedAt');
      await records.fail(cat, first.attempt, gaveUp, SETTINGS);
      await expect(records.begin(cat, plan('10'))).resolves.toBe('done');
      const again = await records.begin(cat, plan('10', 'outdated'));
      expect(again).not.toHaveProperty('triedAt');
      await expect(records.begin(cat, plan('10'))).resolves.toBe('done');
    });

    test('an upload that was begun and has not ended is begun again', async () => {
      const cat = owner();
      await expect(begun(cat, '10')).resolves.not.toHaveProperty('triedAt');
      const { updatedAt } = (await open().backend.records.findImage(cat)) ?? {};
      await expect(begun(cat, '10')).resolves.toMatchObject({ triedAt: updatedAt });
      await expect(begun(cat, '11')).resolves.not.toHaveProperty('triedAt');
    });

    test("a document of somebody else's is no image, is left alone, and taken over by an upload", async () => {
      const { backend, putImage } = open();
      const cat = owner();
      for (const fields of [{ caption: 'a cat' }, { original: { generation: 'first' } }]) {
        await putImage(cat, fields);
        await expect(backend.records.listImages(9, undefined, cat.uid)).resolves.toMatchObject({
          items: [],
        });
        await expect(backend.records.remove(cat, undefined)).resolves.toBe(true);
        expect((await backend.records.find(cat)).image).toMatchObject(fields);
      }
      await made(cat, '10');
      expect((await backend.records.find(cat)).image).toMatchObject({ state: 'ready' });
    });

    test('a token that names an image elsewhere is listed as such, and deleted by its hash', async () => {
      const { backend, copyToken } = open();
      const cat = owner();
      await made(cat, '10');
      const [hash = ''] = (await backend.records.find(cat)).tokens.keys();
      await copyToken(hash, [`elsewhere-${cat.uid}`], { imagePath: `before/${cat.uid}/x/cat` });
      const listed = await backend.records.listTokens(9, undefined, cat.uid);
      expect(new Set(listed.items)).toEqual(
        new Set([
          { ...cat, hash, isElsewhere: false },
          { ...cat, hash: `elsewhere-${cat.uid}`, isElsewhere: true },
        ]),
      );
      await backend.records.deleteToken(`elsewhere-${cat.uid}`);
      await backend.records.deleteToken(`elsewhere-${cat.uid}`);
      const rest = await backend.records.listTokens(9, undefined, cat.uid);
      expect(rest.items).toEqual([{ ...cat, hash, isElsewhere: false }]);
    });

    test('an image whose record was deleted by hand gets a new token, and the old one dies', async () => {
      const { backend, copyToken, deleteImage } = open();
      const cat = owner();
      await made(cat, '10');
      const [old = ''] = (await backend.records.find(cat)).tokens.keys();
      const share = `share-${cat.uid}`;
      await copyToken(old, [share]);
      await deleteImage(cat);
      const beginning = await begun(cat, '10');
      expect(beginning.hasStaleRenditions).toBe(true);
      const { image, tokens } = await backend.records.find(cat);
      expect(new Set(tokens.keys())).toEqual(new Set([share, hashToken(image?.token ?? '')]));
      expect(tokens.has(old)).toBe(false);
    });

    test('more tokens than a commit takes are all brought up to date, and all removed', async () => {
      const { backend, copyToken } = open();
      const cat = owner();
      await made(cat, '10');
      const [hash = ''] = (await backend.records.find(cat)).tokens.keys();
      const copies = Array.from({ length: 1000 }, (_, index) => `${cat.uid}-${index}`);
      await copyToken(hash, copies);
      await made(cat, '11');
      const { tokens } = await backend.records.find(cat);
      expect(tokens.size).toBe(1001);
      expect(new Set([...tokens.values()].map(({ image }) => image?.generation))).toEqual(
        new Set(['11']),
      );
      await expect(backend.records.remove(cat, '11')).resolves.toBe(true);
      expect((await backend.records.find(cat)).tokens.size).toBe(0);
    }, 120_000);

    test('the images and tokens of a user are listed in pages', async () => {
      const records = open().backend.records;
      const { uid } = owner();
      const ids = ['a', 'b', 'c', 'd', 'e'];
      for (const imageId of ids) await begun({ uid, imageId }, '10');
      for (const what of ['listImages', 'listTokens'] as const) {
        const found: string[] = [];
        let after: string | undefined;
        do {
          const page = await records[what](2, after, uid);
          expect(page.items.length).toBeLessThanOrEqual(2);
          found.push(...page.items.map(({ imageId }) => imageId));
          after = page.next;
        } while (after !== undefined);
        expect(found.sort()).toEqual(ids);
      }
      const all = await records.listImages(100_000);
      expect(all.items.filter((image) => image.uid === uid)).toHaveLength(5);
    });
  });

  describe('objects', () => {
    const named = () => `${prefix}${randomUUID()}/cat`;

    test('an original is found, read, locked and deleted, by generation', async () => {
      const { backend, put } = open();
      const { objects } = backend;
      const name = named();
      await expect(objects.findOriginal(name)).resolves.toBeUndefined();
      const generation = await put(name, Buffer.from('cat'), true);
      const stored = { name, generation, bytes: 3, isOpen: true };
      await expect(objects.findOriginal(name)).resolves.toMatchObject(stored);
      expect((await objects.readOriginal(name, generation))?.toString()).toBe('cat');
      await expect(objects.readOriginal(name, '1')).resolves.toBeUndefined();
      await expect(objects.revokeDownloadTokens(name, '1')).resolves.toBe(false);
      await expect(objects.revokeDownloadTokens(name, generation)).resolves.toBe(true);
      await expect(objects.findOriginal(name)).resolves.toMatchObject({ ...stored, isOpen: false });
      await objects.deleteOriginal(name, generation);
      await objects.deleteOriginal(name, generation);
      await expect(objects.findOriginal(name)).resolves.toBeUndefined();
      await expect(objects.readOriginal(name, generation)).resolves.toBeUndefined();
      await expect(objects.revokeDownloadTokens(name, generation)).resolves.toBe(false);
    });

    test('originals are listed in pages, in the order of their names', async () => {
      const { backend, put } = open();
      const folder = `${named()}/`;
      const names = ['a', 'b', 'c', 'd', 'e'].map((id) => `${folder}${id}`);
      for (const name of [...names].reverse()) await put(name, Buffer.from('cat'), false);
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = await backend.objects.listOriginals(folder, 2, after);
        expect(page.items.length).toBeLessThanOrEqual(2);
        found.push(...page.items.map(({ name }) => name));
        after = page.next;
      } while (after !== undefined);
      expect(found).toEqual(names);
    });

    test('renditions are written, listed and deleted, their folders listed', async () => {
      const objects = open().backend.objects;
      const root = `${named()}/`;
      const name = `${root}hash/10/w8.webp`;
      const info = await objects.writeRendition(name, 'webp', Buffer.from('cat'));
      expect(info).toMatchObject({ object: name, bytes: 3 });
      await objects.writeRendition(`${root}other/10/w8.webp`, 'webp', Buffer.from('dog'));
      const [listed, ...rest] = await objects.listRenditions(`${root}hash/`);
      expect([listed?.name, rest]).toEqual([name, []]);
      const folders = new Set<string>();
      let after: string | undefined;
      do {
        // The emulator counts no folders: a page may have more of them.
        const page = await objects.listFolders(root, 1, after);
        page.items.forEach((folder) => folders.add(folder));
        after = page.next;
      } while (after !== undefined);
      expect(folders).toEqual(new Set([`${root}hash/`, `${root}other/`]));
      if (listed) await objects.deleteRendition(listed);
      if (listed) await objects.deleteRendition(listed);
      await expect(objects.listRenditions(`${root}hash/`)).resolves.toEqual([]);
    });
  });

  describe('jobs', () => {
    test('a run counts each page once, and ends with the last one', async () => {
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
      // Delivered once more, long after: the end is told again, and nothing is added.
      await expect(jobs.add(run, { page: 1, isLast: true, done: 5, failed: 0 })).resolves.toEqual(
        expect.objectContaining({ state: 'done', total: 15, done: 15, failed: 1, pagesDone: 2 }),
      );
      await expect(jobs.start(run, run, false)).resolves.toBe(false);
      await expect(jobs.start(randomUUID(), run, true)).resolves.toBe(false);
      const next = randomUUID();
      await expect(jobs.start(next, 'others', true)).resolves.toBe(true);
      await expect(jobs.current()).resolves.toBe(next);
      // Its first task comes once more, late.
      await expect(jobs.start(run, run, false)).resolves.toBe(false);
      await expect(jobs.current()).resolves.toBe(next);
      await expect(jobs.add(run, first)).resolves.toBeUndefined();
    });
  });
}
