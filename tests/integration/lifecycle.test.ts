/** What becomes of an image on the real local stack: overwritten, deleted, its owner gone, its variants changed. */
import { deleteObject, ref } from 'firebase/storage';
import { renditionsFolder } from '../../functions/src/domain/path.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

let stage: TestContext;

beforeAll(() => {
  stage = new TestContext();
});
afterAll(() => stage.close());

async function renditionsOf(name: string): Promise<string[]> {
  const prefix = renditionsFolder('variants', stage.stack.bucket, name);
  const [files] = await stage.bucket.getFiles({ prefix });
  return files.map((file) => file.name);
}

test('an upload over an original: the old renditions go away by themselves, the new ones stay', async () => {
  const owner = await stage.user();
  const { imageId, name, record } = await stage.upload(owner, await plainJpeg(900, 40, '#808000'));
  const before = await renditionsOf(name);
  const again = await stage.upload(owner, await plainJpeg(500, 40, '#008080'), { imageId });
  expect(again.record.token).toBe(record.token);
  await eventually(
    () => renditionsOf(name),
    (names) => expect(names.filter((rendition) => before.includes(rendition))).toEqual([]),
    60_000,
  );
  expect(await statusOf(stage.serveUrl(record.token, 'w400'))).toBe(200);
  const shown = (await stage.tokenRecord(hashToken(record.token)))?.image;
  expect(shown?.generation).toBe(again.generation);
}, 90_000);

test('a deleted original takes its records, its token and its renditions with it', async () => {
  const owner = await stage.user();
  const { imageId, name, record } = await stage.upload(owner, await plainJpeg(900, 40, '#808000'));
  expect(await renditionsOf(name)).not.toEqual([]);
  await deleteObject(ref(owner.storage, name));
  await eventually(
    () => renditionsOf(name),
    (names) => expect(names).toEqual([]),
  );
  expect(await stage.tokenRecord(hashToken(record.token))).toBeUndefined();
  const image = await stage.firestore.doc(`users/${owner.uid}/images/${imageId}`).get();
  expect(image.exists).toBe(false);
  expect(await statusOf(stage.serveUrl(record.token, 'w400'))).toBe(404);
}, 60_000);

/** Calls a callable function as somebody with these claims, or as nobody. @returns the status */
async function call(name: string, data: object, claims: object | undefined): Promise<number> {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const { projectId } = stage.stack;
  const now = Math.floor(Date.now() / 1000);
  const claim = {
    ...{ iss: `https://securetoken.google.com/${projectId}`, aud: projectId },
    ...{ sub: 'caller', user_id: 'caller', iat: now, auth_time: now, exp: now + 3600, ...claims },
  };
  const bearer = `Bearer ${encode({ alg: 'none', typ: 'JWT' })}.${encode(claim)}.`;
  const response = await fetch(stage.stack.serve.replace(/serve$/, name), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(claims && { authorization: bearer }) },
    body: JSON.stringify({ data }),
  });
  return response.status;
}

describe('deleteUserImages', () => {
  const remove = (uid: string, claims?: object) => call('deleteUserImages', { uid }, claims);

  test('is for admins only, and leaves nothing of the user and everything of others', async () => {
    const [owner, other] = await Promise.all([stage.user(), stage.user()]);
    const picture = await plainJpeg(300, 40, '#808000');
    const mine = await Promise.all([stage.upload(owner, picture), stage.upload(owner, picture)]);
    const theirs = await stage.upload(other, picture);
    expect(await remove(owner.uid)).toBe(403);
    expect(await remove(owner.uid, {})).toBe(403);
    expect(await remove('a/b', { admin: true })).toBe(400);
    expect(await remove(owner.uid, { admin: true })).toBe(200);
    await eventually(
      () => stage.firestore.collection('imageTokens').where('uid', '==', owner.uid).count().get(),
      (count) => expect(count.data().count).toBe(0),
      30_000,
    );
    for (const { name } of mine) {
      await eventually(
        () => renditionsOf(name),
        (names) => expect(names).toEqual([]),
      );
      expect((await stage.bucket.file(name).exists())[0]).toBe(false);
    }
    const images = await stage.firestore.collection(`users/${owner.uid}/images`).count().get();
    expect(images.data().count).toBe(0);
    expect(await statusOf(stage.serveUrl(theirs.record.token, 'w400'))).toBe(200);
  }, 90_000);
});

test('the backfill, started by hand, makes what is not there, and says how far it has come', async () => {
  const owner = await stage.user();
  const { imageId, name } = await stage.upload(owner, await plainJpeg(300, 40, '#808000'));
  const image = stage.firestore.doc(`users/${owner.uid}/images/${imageId}`);
  // As before an installation.
  await image.delete();
  const made = await renditionsOf(name);
  for (const rendition of made) await stage.bucket.file(rendition).delete();
  expect(await call('startBackfill', {}, undefined)).toBe(403);
  expect(await call('startBackfill', {}, {})).toBe(403);
  expect(await call('startBackfill', {}, { admin: true })).toBe(200);
  await eventually(
    async () => (await image.get()).get('state') as unknown,
    (state) => expect(state).toBe('ready'),
    60_000,
  );
  await eventually(
    async () => (await stage.firestore.doc('imageJobs/backfill').get()).data(),
    (job) => {
      expect(job).toMatchObject({ state: 'done' });
      expect(job?.['done']).toBe(job?.['total']);
    },
    60_000,
  );
  expect((await renditionsOf(name)).sort()).toEqual(made.sort());
  // They are forgotten after the end is told.
  await eventually(
    () => stage.firestore.collection('imageJobs/backfill/pages').count().get(),
    (pages) => expect(pages.data().count).toBe(0),
  );
}, 150_000);
