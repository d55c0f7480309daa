/** The part of the contract of every backend that limits the images of a user: see backend-contract.ts. */
import { randomUUID } from 'node:crypto';
import type { Owner } from '../../src/domain/path.js';
import type { Records } from '../../src/gcp/backend.js';

const FAILURE = { code: 'too-many-images', message: 'You have too many images.' };

/** gRPC code of a transaction that lost against another. */
const ABORTED = 10;
/** Calls of begin() that may lose: the tasks of an upload make more of them within an hour, and spread them. */
const MAX_TRIES = 10;

/** @param open is called in each test */
export function testQuotaContract(open: () => { backend: { records: Records } }) {
  describe('records of a user with a limit', () => {
    const settings = { renditions: 'renditions', all: 'all', quota: 'quota' };
    const begin = (
      { uid, imageId }: Owner,
      generation: string,
      maxImages: number,
      { deletesOriginal = false, limit = 'quota' } = {},
    ) => {
      const object = { bucket: 'bucket', name: `${uid}/${imageId}`, generation };
      return open().backend.records.begin(
        { uid, imageId },
        {
          original: { ...object, contentType: 'image/jpeg', bytes: 3 },
          settings: { ...settings, quota: limit },
          reprocess: limit === 'quota' ? 'never' : 'outdated',
          quota: { maxImages, failure: FAILURE, deletesOriginal },
        },
      );
    };
    const ownersOf = (uid: string, count: number) =>
      Array.from({ length: count }, (_, number) => ({ uid, imageId: `i${number}` }));
    const open3 = () => ownersOf(`u-${randomUUID()}`, 3) as [Owner, Owner, Owner];
    const attempt = { attempt: expect.any(String) as string };

    test('begin() refuses an image beyond the limit, without a token; others are not affected', async () => {
      const { records } = open().backend;
      const [cat, dog, cow] = open3();
      await expect(begin(cat, '10', 2)).resolves.toMatchObject(attempt);
      await expect(begin(dog, '10', 2)).resolves.toMatchObject(attempt);
      await expect(begin(cow, '10', 2)).resolves.toBe('refused');
      const { image, tokens } = await records.find(cow);
      expect(image).toMatchObject({
        state: 'failed',
        original: { generation: '10' },
        token: '',
        error: FAILURE,
        settings: 'quota',
      });
      expect(image).not.toHaveProperty('attempt');
      expect(tokens.size).toBe(0);
      await expect(begin({ ...cow, uid: randomUUID() }, '10', 1)).resolves.toMatchObject(attempt);
    });

    test('begin() accepts an upload over an image, and one after a deletion', async () => {
      const { records } = open().backend;
      const [cat, dog] = open3();
      const start = await begin(cat, '10', 1);
      if (typeof start === 'string') throw new Error(`expected an attempt, found ${start}`);
      await records.release(cat, start.attempt, false);
      await expect(begin(cat, '11', 1)).resolves.toMatchObject(attempt);
      await expect(begin(dog, '10', 1)).resolves.toBe('refused');
      await expect(begin(dog, '11', 1)).resolves.toBe('refused');
      await records.remove(cat, { newest: '11' });
      // The event is delivered twice: the decision stays.
      await expect(begin(dog, '11', 1)).resolves.toBe('refused');
      await expect(begin(dog, '12', 1)).resolves.toMatchObject(attempt);
      const { image, tokens } = await records.find(dog);
      expect(image).toMatchObject({ state: 'processing', original: { generation: '12' } });
      expect(image).not.toHaveProperty('error');
      expect(tokens.size).toBe(1);
      await expect(begin(cat, '12', 1)).resolves.toBe('refused');
    });

    test('begin() decides again when the limit has changed', async () => {
      const [cat, dog] = open3();
      await begin(cat, '10', 1);
      await begin(dog, '10', 1);
      await expect(begin(dog, '10', 1, { limit: 'other' })).resolves.toBe('refused');
      await expect(begin(dog, '10', 2, { limit: 'other' })).resolves.toBe('refused');
      await expect(begin(dog, '10', 2, { limit: 'third' })).resolves.toMatchObject(attempt);
    });

    test('remove() keeps the record of a refused upload whose original the functions delete', async () => {
      const { records } = open().backend;
      const [cat, dog, cow] = open3();
      await begin(cat, '10', 1);
      await expect(begin(dog, '10', 1, { deletesOriginal: true })).resolves.toBe('refused-deleted');
      await expect(begin(dog, '10', 1)).resolves.toBe('refused-deleted');
      expect((await records.findImage(dog))?.original.deleted).toBe(true);
      await expect(records.remove(dog, { newest: '10' })).resolves.toBe(false);
      await expect(records.remove(dog, { newest: '9', includesRefused: true })).resolves.toBe(
        false,
      );
      await expect(records.remove(dog, { newest: '10', includesRefused: true })).resolves.toBe(
        true,
      );
      await begin(cow, '10', 1);
      await expect(records.remove(cow, { newest: '10' })).resolves.toBe(true);
      await records.forgetUser(cat.uid);
      await expect(begin(dog, '11', 1)).resolves.toBe('refused');
    });

    test('begin() accepts exactly as many of 50 concurrent uploads as the limit says', async () => {
      const limit = 10;
      const owners = ownersOf(`u-${randomUUID()}`, 50);
      const beginAsTask = async (owner: Owner, tries = MAX_TRIES): ReturnType<typeof begin> => {
        try {
          return await begin(owner, '10', limit);
        } catch (error) {
          if ((error as { code?: unknown }).code !== ABORTED || tries === 1) throw error;
          return beginAsTask(owner, tries - 1);
        }
      };
      const starts = await Promise.all(owners.map((owner) => beginAsTask(owner)));
      const refused = starts.filter((start) => start === 'refused');
      expect(refused).toHaveLength(owners.length - limit);
      expect(starts.filter((start) => typeof start !== 'string')).toHaveLength(limit);
    }, 120_000);
  });
}
