/** Invalid input results in a denied upload, an ignored event or a failed record, never in a crash. */
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
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { waitForImage } from '../../tools/dev/stack/wait-for-image.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { photo, plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

let context: TestContext;
let owner: DemoUser;
let stranger: DemoUser;

beforeAll(async () => {
  context = new TestContext();
  [owner, stranger] = await Promise.all([context.user(), context.user()]);
});
afterAll(() => context.close());

const DENIED_BY_STORAGE = expect.objectContaining({ code: 'storage/unauthorized' }) as unknown;

describe('a file that is not a valid image results in a failed record', () => {
  test.each<[string, string, () => Buffer | Promise<Buffer>, string]>([
    ['not an image', 'not-an-image', () => Buffer.from('plain text'), 'image/jpeg'],
    ['an empty file', 'empty-file', () => Buffer.alloc(0), 'image/png'],
    ['a truncated JPEG', 'damaged-image', () => photo().subarray(0, 500_000), 'image/jpeg'],
    [
      'an SVG',
      'unsupported-format',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'image/svg+xml',
    ],
    [
      'an HTML page with the content type of a JPEG',
      'not-an-image',
      () => Buffer.from('<script>alert(1)</script>'),
      'image/jpeg',
    ],
  ])('%s: %s', async (_title, code, createFile, contentType) => {
    const { record } = await context.upload(owner, await createFile(), { contentType });
    expect(record.state).toBe('failed');
    expect(record.error?.code).toBe(code);
    expect(record.error?.message).toMatch(/^[A-Z].{20,}\.$/);
    expect(record.variants).toBeUndefined();
    expect(await statusOf(context.serveUrl(record.token))).toBe(404);
  });

  test('becomes ready when a valid image is uploaded with the same id', async () => {
    const options = { imageId: 'becomes-ready' };
    const bad = await context.upload(owner, Buffer.from('no'), options);
    expect(bad.record.state).toBe('failed');
    const good = await context.upload(owner, await plainJpeg(64, 64, '#808080'), options);
    expect(good.record).toMatchObject({ state: 'ready', token: bad.record.token });
    expect(good.record.error).toBeUndefined();
  });
});

test('detects the format from the bytes, not from the content type', async () => {
  const { record } = await context.upload(owner, await plainJpeg(64, 64, '#123456'), {
    contentType: 'image/png',
  });
  expect(record.state).toBe('ready');
  const response = await get(context.serveUrl(record.token, 'thumb.jpg'));
  expect(response.headers.get('content-type')).toBe('image/jpeg');
});

test('does not decompress a file with Content-Encoding: gzip', async () => {
  const bytes = gzipSync(await plainJpeg(64, 64, '#123456'));
  const target = ref(owner.storage, `originals/${owner.uid}/bomb`);
  const settings = { contentType: 'image/jpeg', contentEncoding: 'gzip' };
  const { metadata } = await uploadBytes(target, bytes, settings);
  const { generation } = metadata;
  const record = await waitForImage(owner, { imageId: 'bomb', generation });
  expect(record.error?.code).toBe('not-an-image');
});

describe('image ids', () => {
  test.each([
    ['spaces', 'my holiday photo (1).jpg'],
    ['Unicode', 'Grüße 写真 📷.jpg'],
    ['a percent sign and a question mark', '100%?.jpg'],
    ['dots', 'a..b...jpg'],
    ['200 characters', 'n'.repeat(200)],
  ])('with %s are accepted', async (_title, imageId) => {
    const { record } = await context.upload(owner, await plainJpeg(40, 40, '#ffffff'), { imageId });
    expect(record.state).toBe('ready');
    expect(record.original.name).toBe(`originals/${owner.uid}/${imageId}`);
    expect(await statusOf(context.serveUrl(record.token, 'thumb.webp'))).toBe(200);
  });

  test.each([
    ['..', '..'],
    ['.', '.'],
    ['a reserved id', '__name__'],
    ['900 characters', 'n'.repeat(900)],
    ['a folder below', 'album/photo.jpg'],
  ])('with %s are denied', async (_title, imageId) => {
    const target = ref(owner.storage, `originals/${owner.uid}/${imageId}`);
    await expect(
      uploadBytes(target, await plainJpeg(8, 8, '#000'), { contentType: 'image/jpeg' }),
    ).rejects.toEqual(DENIED_BY_STORAGE);
  });

  test('with 900 characters are processed when an admin uploads', async () => {
    const imageId = 'n'.repeat(900);
    await context.bucket
      .file(`originals/${owner.uid}/${imageId}`)
      .save(await plainJpeg(8, 8, '#000'));
    await eventually(
      async () =>
        (await context.firestore.doc(`users/${owner.uid}/images/${imageId}`).get()).data(),
      (record) => expect(record).toMatchObject({ state: 'ready' }),
    );
  });
});

describe('the rules deny uploads', () => {
  test.each<[string, () => DemoUser, () => string, string]>([
    [
      'by a user who is not the owner',
      () => stranger,
      () => `originals/${owner.uid}/x`,
      'image/jpeg',
    ],
    ['outside the folder of originals', () => owner, () => 'elsewhere/x.jpg', 'image/jpeg'],
    ['to the folder of renditions', () => owner, () => 'variants/x/1/w800.webp', 'image/webp'],
    ['of a type that is not an image', () => owner, () => `originals/${owner.uid}/x`, 'text/html'],
  ])('%s', async (_title, user, path, contentType) => {
    const bytes = await plainJpeg(8, 8, '#000');
    await expect(uploadBytes(ref(user().storage, path()), bytes, { contentType })).rejects.toEqual(
      DENIED_BY_STORAGE,
    );
  });

  test('above the size limit', async () => {
    const bytes = new Uint8Array(25 * 1024 * 1024 + 1);
    await expect(
      uploadBytes(ref(owner.storage, `originals/${owner.uid}/large`), bytes, {
        contentType: 'image/jpeg',
      }),
    ).rejects.toEqual(DENIED_BY_STORAGE);
  });
});

describe('ignores objects whose names are not those of originals', () => {
  test.each(['elsewhere/photo.jpg', 'originals/only-two', 'originals/u/a/b.jpg', 'originals/u/..'])(
    '%s',
    async (name) => {
      const before = await context.firestore.collection('imageTokens').count().get();
      await context.bucket.file(name).save(await plainJpeg(8, 8, '#000'));
      // The emulator delivers events in order, so the event was handled before that of a later upload.
      await context.upload(owner, await plainJpeg(8, 8, '#000'));
      const after = await context.firestore.collection('imageTokens').count().get();
      expect(after.data().count - before.data().count).toBe(1);
    },
  );
});

describe('the rules', () => {
  let name: string;
  let imageId: string;
  beforeAll(async () => {
    ({ name, imageId } = await context.upload(owner, await plainJpeg(30, 30, '#777')));
  });

  test('allow the owner to read and delete an original', async () => {
    const target = ref(owner.storage, name);
    expect((await getBytes(target)).byteLength).toBeGreaterThan(100);
    const extra = await context.upload(owner, await plainJpeg(30, 30, '#777'));
    await expect(deleteObject(ref(owner.storage, extra.name))).resolves.toBeUndefined();
  });

  test('deny other users to read, inspect or delete an original', async () => {
    const target = ref(stranger.storage, name);
    await expect(getBytes(target)).rejects.toEqual(DENIED_BY_STORAGE);
    await expect(getMetadata(target)).rejects.toEqual(DENIED_BY_STORAGE);
    await expect(deleteObject(target)).rejects.toEqual(DENIED_BY_STORAGE);
  });

  test('deny the owner to change metadata or list originals', async () => {
    const change = { customMetadata: { firebaseStorageDownloadTokens: 'mine' } };
    await expect(updateMetadata(ref(owner.storage, name), change)).rejects.toEqual(
      DENIED_BY_STORAGE,
    );
    await expect(listAll(ref(owner.storage, `originals/${owner.uid}`))).rejects.toEqual(
      DENIED_BY_STORAGE,
    );
  });

  test('allow the owner to read image records, and deny all writes and token records', async () => {
    const DENIED_BY_FIRESTORE = expect.objectContaining({ code: 'permission-denied' }) as unknown;
    const path = `users/${owner.uid}/images/${imageId}`;
    expect((await getDoc(doc(owner.firestore, path))).exists()).toBe(true);
    await expect(getDoc(doc(stranger.firestore, path))).rejects.toEqual(DENIED_BY_FIRESTORE);
    await expect(setDoc(doc(owner.firestore, path), { state: 'ready' })).rejects.toEqual(
      DENIED_BY_FIRESTORE,
    );
    await expect(getDoc(doc(owner.firestore, 'imageTokens/x'))).rejects.toEqual(
      DENIED_BY_FIRESTORE,
    );
    await expect(setDoc(doc(owner.firestore, 'imageTokens/x'), {})).rejects.toEqual(
      DENIED_BY_FIRESTORE,
    );
    await expect(getDoc(doc(owner.firestore, 'elsewhere/x'))).rejects.toEqual(DENIED_BY_FIRESTORE);
  });
});
