import type { Firestore } from 'firebase-admin/firestore';
import { parseTemplate, type PathTemplate } from '../domain/path.js';
import { migrationOf } from './migration.js';
import { StorageError, type BucketMetadata, type StorageApi } from './storage-api.js';

const SOURCE = { bucket: 'old', name: 'cat.jpg', generation: '7', bytes: 3, metadata: {} };
const TARGET = { bucket: 'new', name: 'originals/alice/cat' };

/** Cloud Storage that answers every request the same. */
function open(answer: () => Promise<unknown>) {
  const calls: unknown[][] = [];
  const api = new Proxy({} as StorageApi, {
    get:
      (_, method) =>
      (...args: unknown[]) => {
        calls.push([method, ...args]);
        return answer();
      },
  });
  return { migration: migrationOf(api, () => ({}) as Firestore), calls };
}
const failWith = (status: number) => () => Promise.reject(new StorageError(status));

test('a copy has its source in its metadata, and no other metadata but the type', async () => {
  const resource = { name: TARGET.name, generation: '9', size: '3', timeCreated: '' };
  const { migration, calls } = open(() =>
    Promise.resolve({ ...resource, crc32c: 'AAAA', metadata: { copyOfGeneration: '7' } }),
  );
  const metadata = { firebaseStorageDownloadTokens: 'open', resizedImage: 'true' };
  await expect(
    migration.copyObject({ ...SOURCE, contentType: 'image/png', metadata }, TARGET),
  ).resolves.toMatchObject({ ...TARGET, generation: '9', bytes: 3, crc32c: 'AAAA', copyOf: '7' });
  const written = { contentType: 'image/png', metadata: { copyOfGeneration: '7' } };
  expect(calls).toEqual([
    [
      'rewrite',
      expect.objectContaining({ name: 'cat.jpg', generation: '7' }),
      TARGET,
      '0',
      written,
    ],
  ]);
});

test('knows a source that is gone from a target that is taken, and throws any other error', async () => {
  const copy = (status: number) => open(failWith(status)).migration.copyObject(SOURCE, TARGET, '8');
  await expect(copy(404)).resolves.toBe('missing');
  await expect(copy(412)).resolves.toBe('conflict');
  await expect(copy(403)).rejects.toThrow('found 403');
});

test('an object that is gone is not changed', async () => {
  const { migration } = open(failWith(404));
  await expect(migration.findObject(TARGET)).resolves.toBeUndefined();
  await expect(migration.readObject(SOURCE)).resolves.toBeUndefined();
  await expect(migration.setDownloadTokens(SOURCE, undefined)).resolves.toBe(false);
  await expect(migration.deleteObject(SOURCE)).resolves.toBe(false);
  await expect(open(failWith(412)).migration.deleteObject(SOURCE)).resolves.toBe(false);
  await expect(open(failWith(403)).migration.deleteObject(SOURCE)).rejects.toThrow('found 403');
});

test('sets and removes download tokens', async () => {
  const { migration, calls } = open(() => Promise.resolve());
  await expect(migration.setDownloadTokens(SOURCE, 'a,b')).resolves.toBe(true);
  await migration.setDownloadTokens(SOURCE, undefined);
  const patches = calls.map((call) => call.at(-1));
  expect(patches).toEqual([
    { firebaseStorageDownloadTokens: 'a,b' },
    { firebaseStorageDownloadTokens: null },
  ]);
});

const softDelete = (retentionDurationSeconds: string): BucketMetadata => ({
  softDeletePolicy: { retentionDurationSeconds },
});
test.each([
  [softDelete('604800'), 'soft delete'],
  [softDelete('0'), undefined],
  [{ ...softDelete('0'), versioning: { enabled: true } }, 'object versioning'],
  [{ versioning: { enabled: false } }, undefined],
  [{}, undefined],
])('a bucket with %j restores from: %s', async (bucket, expected) => {
  const { migration } = open(() => Promise.resolve(bucket));
  await expect(migration.retention('old')).resolves.toBe(expected);
});

test('reads and changes documents in the database that is named', async () => {
  const opened: string[] = [];
  const openDatabase = (database: string) => {
    opened.push(database);
    return {
      collection: () => ({ select: () => QUERY }),
      runTransaction: () => Promise.resolve('missing'),
    } as unknown as Firestore;
  };
  const migration = migrationOf({} as StorageApi, openDatabase);
  const posts = parseTemplate('posts', []) as PathTemplate;
  await expect(migration.listDocuments('photos', posts, ['url'])).resolves.toEqual({ items: [] });
  const change = { field: 'url', from: 'a', to: 'b' };
  await migration.changeFields({ database: 'app-data', path: 'posts/cat' }, [change]);
  expect(opened).toEqual(['photos', 'app-data']);
});

/** Has no documents. */
const QUERY = {
  orderBy: () => QUERY,
  limit: () => QUERY,
  get: () => Promise.resolve({ docs: [] }),
};
