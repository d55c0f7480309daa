/** Overwriting and deleting images, deleting a user's images, and backfill on the local stack. */
import { createMockUserToken } from '@firebase/util';
import { deleteObject, ref } from 'firebase/storage';
import { renditionsFolder } from '../../functions/src/domain/path.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { callFunction } from '../support/callable.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

let context: TestContext;

beforeAll(() => {
  context = new TestContext();
});
afterAll(() => context.close());

async function renditionsOf(name: string): Promise<string[]> {
  const prefix = renditionsFolder('variants', context.stack.bucket, name);
  const [files] = await context.bucket.getFiles({ prefix });
  return files.map((file) => file.name);
}

test('deletes the renditions of the previous upload after an overwrite', async () => {
  const owner = await context.user();
  const { imageId, name, record } = await context.upload(
    owner,
    await plainJpeg(900, 40, '#808000'),
  );
  const before = await renditionsOf(name);
  const again = await context.upload(owner, await plainJpeg(500, 40, '#008080'), { imageId });
  expect(again.record.token).toBe(record.token);
  await eventually(
    () => renditionsOf(name),
    (names) => expect(names.filter((rendition) => before.includes(rendition))).toEqual([]),
    60_000,
  );
  expect(await statusOf(context.serveUrl(record.token, 'w400'))).toBe(200);
  const tokenRecord = await context.tokenRecord(hashToken(record.token));
  expect(tokenRecord?.image?.generation).toBe(again.generation);
}, 90_000);

test('deletes records, token and renditions after the original is deleted', async () => {
  const owner = await context.user();
  const { imageId, name, record } = await context.upload(
    owner,
    await plainJpeg(900, 40, '#808000'),
  );
  expect(await renditionsOf(name)).not.toEqual([]);
  await deleteObject(ref(owner.storage, name));
  await eventually(
    () => renditionsOf(name),
    (names) => expect(names).toEqual([]),
  );
  expect(await context.tokenRecord(hashToken(record.token))).toBeUndefined();
  const image = await context.firestore.doc(`users/${owner.uid}/images/${imageId}`).get();
  expect(image.exists).toBe(false);
  expect(await statusOf(context.serveUrl(record.token, 'w400'))).toBe(404);
}, 60_000);

/**
 * Calls a callable function.
 *
 * @param claims custom claims of the caller; undefined for a caller who is signed out
 * @returns the HTTP status
 */
async function call(name: string, data: object, claims: object | undefined): Promise<number> {
  // The functions emulator accepts unsigned ID tokens.
  const iat = Math.floor(Date.now() / 1000);
  const token = createMockUserToken({ sub: 'caller', iat, ...claims }, context.stack.projectId);
  return (await callFunction(context, name, data, claims && token)).status;
}

describe('deleteUserImages', () => {
  const remove = (uid: string, claims?: object) => call('deleteUserImages', { uid }, claims);

  test('requires the admin claim, and deletes all images of the user and no others', async () => {
    const [owner, other] = await Promise.all([context.user(), context.user()]);
    const jpeg = await plainJpeg(300, 40, '#808000');
    const deleted = await Promise.all([context.upload(owner, jpeg), context.upload(owner, jpeg)]);
    const kept = await context.upload(other, jpeg);
    expect(await remove(owner.uid)).toBe(403);
    expect(await remove(owner.uid, {})).toBe(403);
    expect(await remove('a/b', { admin: true })).toBe(400);
    expect(await remove(owner.uid, { admin: true })).toBe(200);
    await eventually(
      () => context.firestore.collection('imageTokens').where('uid', '==', owner.uid).count().get(),
      (count) => expect(count.data().count).toBe(0),
      30_000,
    );
    for (const { name } of deleted) {
      await eventually(
        () => renditionsOf(name),
        (names) => expect(names).toEqual([]),
      );
      expect((await context.bucket.file(name).exists())[0]).toBe(false);
    }
    const images = await context.firestore.collection(`users/${owner.uid}/images`).count().get();
    expect(images.data().count).toBe(0);
    expect(await statusOf(context.serveUrl(kept.record.token, 'w400'))).toBe(200);
  }, 90_000);
});

test('startBackfill creates missing records and renditions and reports its progress', async () => {
  const owner = await context.user();
  const { imageId, name } = await context.upload(owner, await plainJpeg(300, 40, '#808000'));
  const image = context.firestore.doc(`users/${owner.uid}/images/${imageId}`);
  // As if the original had been uploaded before the installation.
  await image.delete();
  const renditions = await renditionsOf(name);
  for (const rendition of renditions) await context.bucket.file(rendition).delete();
  expect(await call('startBackfill', {}, undefined)).toBe(403);
  expect(await call('startBackfill', {}, {})).toBe(403);
  expect(await call('startBackfill', {}, { admin: true })).toBe(200);
  await eventually(
    async () => (await image.get()).get('state') as unknown,
    (state) => expect(state).toBe('ready'),
    60_000,
  );
  await eventually(
    async () => (await context.firestore.doc('imageJobs/backfill').get()).data(),
    (job) => {
      expect(job).toMatchObject({ state: 'done' });
      expect(job?.['done']).toBe(job?.['total']);
    },
    60_000,
  );
  expect((await renditionsOf(name)).sort()).toEqual(renditions.sort());
  // The page documents are deleted after the state is `done`.
  await eventually(
    () => context.firestore.collection('imageJobs/backfill/pages').count().get(),
    (pages) => expect(pages.data().count).toBe(0),
  );
}, 150_000);
