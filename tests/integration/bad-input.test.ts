/** Whatever comes in: a refused upload, an ignored event or a failed record; never a crash. */
import { gzipSync } from 'node:zlib';
import {
  deleteObject,
  getBytes,
  getMetadata,
  listAll,
  ref,
  updateMetadata,
  uploadBytes,
} from 'firebase/storage';
import { doc, getDoc, setDoc } from 'firebase/firestore/lite';
import { waitForImage } from '../../packages/client/src/index.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { photo, plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

let stage: TestContext;
let owner: DemoUser;
let stranger: DemoUser;

beforeAll(async () => {
  stage = new TestContext();
  [owner, stranger] = await Promise.all([stage.user(), stage.user()]);
});
afterAll(() => stage.close());

const REFUSED = expect.objectContaining({ code: 'storage/unauthorized' }) as unknown;

describe('files that are no good image end in a failed record', () => {
  test.each<[string, string, () => Buffer | Promise<Buffer>, string]>([
    ['not an image', 'not-an-image', () => Buffer.from('just some words'), 'image/jpeg'],
    ['an empty file', 'empty-file', () => Buffer.alloc(0), 'image/png'],
    ['a truncated JPEG', 'damaged-image', () => photo().subarray(0, 500_000), 'image/jpeg'],
    [
      'an SVG',
      'not-an-image',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'image/svg+xml',
    ],
    [
      'a page that says it is a JPEG',
      'not-an-image',
      () => Buffer.from('<script>alert(1)</script>'),
      'image/jpeg',
    ],
  ])('%s: %s', async (_what, code, make, contentType) => {
    const { record } = await stage.upload(owner, await make(), { contentType });
    expect(record.state).toBe('failed');
    expect(record.error?.code).toBe(code);
    expect(record.error?.message).toMatch(/^[A-Z].{20,}\.$/);
    expect(record.variants).toBeUndefined();
    expect(await statusOf(stage.serveUrl(record.token))).toBe(404);
  });

  test('and heal when a good file is uploaded over them', async () => {
    const options = { imageId: 'heals' };
    const bad = await stage.upload(owner, Buffer.from('no'), options);
    expect(bad.record.state).toBe('failed');
    const good = await stage.upload(owner, await plainJpeg(64, 64, '#808080'), options);
    expect(good.record).toMatchObject({ state: 'ready', token: bad.record.token });
    expect(good.record.error).toBeUndefined();
  });
});

test('a content type that lies does no harm: the bytes decide', async () => {
  const { record } = await stage.upload(owner, await plainJpeg(64, 64, '#123456'), {
    contentType: 'image/png',
  });
  expect(record.state).toBe('ready');
  const response = await get(stage.serveUrl(record.token, 'thumb.jpg'));
  expect(response.headers.get('content-type')).toBe('image/jpeg');
});

test('a file that says it is gzip is not unpacked, whatever it would become', async () => {
  const bytes = gzipSync(await plainJpeg(64, 64, '#123456'));
  const target = ref(owner.storage, `originals/${owner.uid}/bomb`);
  const claim = { contentType: 'image/jpeg', contentEncoding: 'gzip' };
  const { metadata } = await uploadBytes(target, bytes, claim);
  const record = await waitForImage(owner.firestore, {
    uid: owner.uid,
    imageId: 'bomb',
    generation: metadata.generation,
  });
  expect(record.error?.code).toBe('not-an-image');
});

describe('names', () => {
  test.each([
    ['spaces', 'my holiday photo (1).jpg'],
    ['Unicode', 'Grüße 写真 📷.jpg'],
    ['a percent sign and a question mark', '100%?.jpg'],
    ['dots', 'a..b...jpg'],
    ['200 characters', 'n'.repeat(200)],
  ])('with %s work', async (_what, imageId) => {
    const { record } = await stage.upload(owner, await plainJpeg(40, 40, '#ffffff'), { imageId });
    expect(record.state).toBe('ready');
    expect(record.original.name).toBe(`originals/${owner.uid}/${imageId}`);
    expect(await statusOf(stage.serveUrl(record.token, 'thumb.webp'))).toBe(200);
  });

  test.each([
    ['..', '..'],
    ['.', '.'],
    ['a reserved id', '__name__'],
    ['900 characters', 'n'.repeat(900)],
    ['a folder below', 'album/photo.jpg'],
  ])('with %s are refused', async (_what, imageId) => {
    const target = ref(owner.storage, `originals/${owner.uid}/${imageId}`);
    await expect(
      uploadBytes(target, await plainJpeg(8, 8, '#000'), { contentType: 'image/jpeg' }),
    ).rejects.toEqual(REFUSED);
  });

  test('900 characters that an admin uploads are processed all the same', async () => {
    const imageId = 'n'.repeat(900);
    await stage.bucket
      .file(`originals/${owner.uid}/${imageId}`)
      .save(await plainJpeg(8, 8, '#000'));
    await eventually(
      async () => (await stage.firestore.doc(`users/${owner.uid}/images/${imageId}`).get()).data(),
      (record) => expect(record).toMatchObject({ state: 'ready' }),
    );
  });
});

describe('uploads that are refused', () => {
  test.each<[string, () => DemoUser, () => string, string]>([
    [
      'by someone who is not the owner',
      () => stranger,
      () => `originals/${owner.uid}/x`,
      'image/jpeg',
    ],
    ['outside the path', () => owner, () => 'elsewhere/x.jpg', 'image/jpeg'],
    ['among the renditions', () => owner, () => 'variants/x/1/w800.webp', 'image/webp'],
    ['of another type', () => owner, () => `originals/${owner.uid}/x`, 'text/html'],
  ])('%s', async (_what, user, path, contentType) => {
    const bytes = await plainJpeg(8, 8, '#000');
    await expect(uploadBytes(ref(user().storage, path()), bytes, { contentType })).rejects.toEqual(
      REFUSED,
    );
  });

  test('larger than the limit', async () => {
    const bytes = new Uint8Array(25 * 1024 * 1024 + 1);
    await expect(
      uploadBytes(ref(owner.storage, `originals/${owner.uid}/large`), bytes, {
        contentType: 'image/jpeg',
      }),
    ).rejects.toEqual(REFUSED);
  });
});

describe('uploads that are none of ours end as ignored events', () => {
  test.each(['elsewhere/photo.jpg', 'originals/only-two', 'originals/u/a/b.jpg', 'originals/u/..'])(
    '%s',
    async (name) => {
      const before = await stage.firestore.collection('imageTokens').count().get();
      await stage.bucket.file(name).save(await plainJpeg(8, 8, '#000'));
      // Events come in order of arrival here: when a later upload is done, the earlier one was seen.
      await stage.upload(owner, await plainJpeg(8, 8, '#000'));
      const after = await stage.firestore.collection('imageTokens').count().get();
      expect(after.data().count - before.data().count).toBe(1);
    },
  );
});

describe('the rules', () => {
  let name: string;
  let imageId: string;
  beforeAll(async () => {
    ({ name, imageId } = await stage.upload(owner, await plainJpeg(30, 30, '#777')));
  });

  test('the owner may get and delete the own original', async () => {
    const target = ref(owner.storage, name);
    expect((await getBytes(target)).byteLength).toBeGreaterThan(100);
    const extra = await stage.upload(owner, await plainJpeg(30, 30, '#777'));
    await expect(deleteObject(ref(owner.storage, extra.name))).resolves.toBeUndefined();
  });

  test('nobody else may get it, see its metadata or delete it', async () => {
    const target = ref(stranger.storage, name);
    await expect(getBytes(target)).rejects.toEqual(REFUSED);
    await expect(getMetadata(target)).rejects.toEqual(REFUSED);
    await expect(deleteObject(target)).rejects.toEqual(REFUSED);
  });

  test('not even the owner may change its metadata or list', async () => {
    const change = { customMetadata: { firebaseStorageDownloadTokens: 'mine' } };
    await expect(updateMetadata(ref(owner.storage, name), change)).rejects.toEqual(REFUSED);
    await expect(listAll(ref(owner.storage, `originals/${owner.uid}`))).rejects.toEqual(REFUSED);
  });

  test('records: the owner reads the own, nobody writes, nobody reads tokens', async () => {
    const DENIED = expect.objectContaining({ code: 'permission-denied' }) as unknown;
    const path = `users/${owner.uid}/images/${imageId}`;
    expect((await getDoc(doc(owner.firestore, path))).exists()).toBe(true);
    await expect(getDoc(doc(stranger.firestore, path))).rejects.toEqual(DENIED);
    await expect(setDoc(doc(owner.firestore, path), { state: 'ready' })).rejects.toEqual(DENIED);
    await expect(getDoc(doc(owner.firestore, 'imageTokens/x'))).rejects.toEqual(DENIED);
    await expect(setDoc(doc(owner.firestore, 'imageTokens/x'), {})).rejects.toEqual(DENIED);
    await expect(getDoc(doc(owner.firestore, 'elsewhere/x'))).rejects.toEqual(DENIED);
  });
});
