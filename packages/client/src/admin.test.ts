/** The entry for servers on a Firestore emulator; tests/integration/sharing.test.ts has the bundle and the URLs. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as AdminApp from 'firebase-admin/app';
import type * as AdminFirestore from 'firebase-admin/firestore';
import { attemptId, releaseAttemptId } from '../../../functions/src/domain/attempt-id.js';
import { DEFAULTS } from '../../../functions/src/config/config.js';
import { hashToken, mintToken } from '../../../functions/src/domain/token.js';
import { startTestEmulator, type TestEmulator } from '../../emulators/src/firestore/testing.js';
import { openSealOpener } from '../../../functions/src/domain/seal.js';
import { createAdminImages, ImagesError, seal, type AdminImages } from './admin.js';

// The transactions are sources of functions/, which has its own copy of the Admin SDK.
const requireFromFunctions = createRequire(join(__dirname, '../../../functions/package.json'));
const { initializeApp, deleteApp } = requireFromFunctions('firebase-admin/app') as typeof AdminApp;
const { getFirestore } = requireFromFunctions('firebase-admin/firestore') as typeof AdminFirestore;

const BASE_URL = 'https://photos.example/i';

let emulator: TestEmulator;
let app: AdminApp.App;
let firestore: AdminFirestore.Firestore;
let images: AdminImages;

beforeAll(async () => {
  emulator = await startTestEmulator();
  app = initializeApp({ projectId: 'demo-emulator' }, 'admin-client');
  firestore = getFirestore(app);
  firestore.settings({ host: `${emulator.host}:${emulator.port}`, ssl: false });
  images = createAdminImages({ firestore, baseUrl: BASE_URL });
});
beforeEach(() => emulator.clear());
afterAll(async () => {
  await firestore.terminate();
  await deleteApp(app);
  await emulator.stop();
});

/** Writes the records of a processed image. @returns its token */
async function addImage(imageId: string, createdAt = new Date(1_000), uid = 'alice') {
  const token = mintToken();
  const original = { bucket: 'b', name: 'n', generation: '1', contentType: 'image/jpeg', bytes: 1 };
  const file = { object: 'variants/f/1/w8-x.jpg', bytes: 1, etag: '"e"' };
  const size = { width: 8, height: 6 };
  const placeholder = { thumbhash: 'AAAA', color: '#102030' };
  const times = { createdAt, updatedAt: createdAt };
  const path = `users/${uid}/images/${imageId}`;
  await firestore.doc(path).set({
    ...{ state: 'ready', original, token, placeholder, ...times },
    variants: { w8: { ...size, formats: { jpeg: file } } },
  });
  const renditions = { w8: { ...size, jpeg: file } };
  await firestore.doc(`imageTokens/${hashToken(token)}`).set({
    ...{ uid, imageId, imagePath: path, kind: 'default', createdAt },
    image: { attempt: 'a', bucket: 'b', generation: '1', placeholder, renditions },
  });
  return token;
}

const tokensOf = async (uid = 'alice') => {
  const { docs } = await firestore.collection('imageTokens').where('uid', '==', uid).get();
  return docs.map((token) => [token.get('imageId'), token.get('kind')].join(' ')).sort();
};

test('its defaults are those of the functions', () => {
  const names = ['IMAGES', 'SHARES', 'TOKENS'].map((name) => `${name}_COLLECTION` as const);
  const defaults = [...names, 'REVOCATION_SECONDS' as const].map(
    (name) => DEFAULTS[name as keyof typeof DEFAULTS],
  );
  expect(defaults).toEqual(['users/{uid}/images', 'users/{uid}/imageShares', 'imageTokens', '60']);
});

test('gets an image, and lists them by pages, newest first', async () => {
  for (const [index, id] of ['old', 'mid', 'new'].entries()) await addImage(id, new Date(index));
  expect(await images.get('alice', 'mid')).toMatchObject({ id: 'mid', createdAt: new Date(1) });
  expect(await images.get('alice', 'none')).toBeUndefined();
  const first = await images.list('alice', { limit: 2 });
  expect(first.map(({ id }) => id)).toEqual(['new', 'mid']);
  const second = await images.list('alice', { limit: 2, after: 'mid' });
  expect(second.map(({ id }) => id)).toEqual(['old']);
  expect(images.url(first[0] ?? { token: '' }, 'w800')).toMatch(
    /^https:\/\/photos\.example\/i\/spv_\w+\/w800$/,
  );
});

test('releases a held image, once', async () => {
  await addImage('cat');
  expect(await images.release('alice', 'cat')).toBe(false);
  const path = 'users/alice/images/cat';
  await firestore.doc(path).update({ state: 'held', settings: 's' });
  const tokens = firestore.collection('imageTokens').where('imagePath', '==', path);
  const [before] = (await tokens.get()).docs;
  const image = before?.get('image') as object;
  await before?.ref.set(
    Object.fromEntries(Object.entries(before.data()).filter(([n]) => n !== 'image')),
  );
  const { id } = await images.createShare('alice', { imageId: 'cat', expiresIn: null });
  expect((await tokens.get()).docs.map((token) => token.get('image') as unknown)).toEqual([
    undefined,
    undefined,
  ]);
  const generation = (await firestore.doc(path).get()).get('original.generation') as string;
  // An upload over the one that somebody has looked at stays held.
  expect(await images.release('alice', 'cat', `${generation}0`)).toBe(false);
  // Of a release that has died before it was done.
  const died = releaseAttemptId(Date.now(), 'died');
  await firestore.doc(path).update({ attempt: attemptId(Date.now(), 'upload') });
  expect(await images.release('alice', 'cat', generation)).toBe(false);
  await firestore.doc(path).update({ attempt: died });
  expect(await images.release('alice', 'cat', generation)).toBe(true);
  const shown = { ...image, attempt: expect.any(String) as string };
  expect((await tokens.get()).docs.map((token) => token.get('image') as unknown)).toEqual([
    shown,
    shown,
  ]);
  const record = await firestore.doc(path).get();
  expect(record.data()).toMatchObject({ state: 'ready', settings: 's' });
  expect(record.data()).not.toHaveProperty('attempt');
  expect(await images.release('alice', 'cat')).toBe(false);
  await images.revokeShare('alice', id);
  await expect(images.release('alice', 'none')).rejects.toMatchObject({ code: 'no-image' });
  await expect(images.release('../bob', 'cat')).rejects.toBeInstanceOf(ImagesError);
});

test('makes, lists, finds, changes and revokes a share', async () => {
  await addImage('cat');
  const request = { imageId: 'cat', expiresIn: 3_600, label: 'Anna', variants: ['w8'] };
  const { id, token = '', expiresAt } = await images.createShare('alice', request);
  expect(Math.abs((expiresAt?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  const [listed, ...others] = await images.listShares('alice', { imageId: 'cat' });
  expect(others).toEqual([]);
  expect(listed).toMatchObject({ id, label: 'Anna', state: 'active', deadBy: expiresAt });
  expect(await images.listShares('alice')).toEqual([listed]);
  const found = await images.find(`${images.url({ token }, 'w8')}.jpg?download#x`);
  expect(found).toMatchObject({ ...{ uid: 'alice', imageId: 'cat', kind: 'share', shareId: id } });
  expect(found).toMatchObject({ label: 'Anna', variants: ['w8'], expiresAt });
  const endless = { expiresIn: null, variants: null, label: '' };
  expect(await images.updateShare('alice', id, endless)).toEqual({});
  expect(await images.find(token)).toEqual({
    ...{ uid: 'alice', imageId: 'cat', kind: 'share', shareId: id },
    createdAt: expect.any(Date) as Date,
  });
  const { revokedAt, deadBy } = await images.revokeShare('alice', id);
  expect((deadBy?.getTime() ?? 0) - (revokedAt?.getTime() ?? 0)).toBe(60_000);
  expect(await images.find(token)).toBeUndefined();
  expect(await images.revokeShare('alice', 'none-of-these-ids')).toEqual({});
});

describe('revoke', () => {
  test('a share, or what its record was deleted of', async () => {
    await addImage('cat');
    const [first, second] = await Promise.all(
      [0, 1].map(() => images.createShare('alice', { imageId: 'cat', expiresIn: null })),
    );
    await firestore.doc(`users/alice/imageShares/${second?.id}`).delete();
    for (const share of [first, second]) {
      const revoked = await images.revoke(images.url({ token: share?.token ?? '' }, 640));
      expect(revoked).toMatchObject({ kind: 'share', shareId: share?.id });
      const seconds = ((revoked?.deadBy.getTime() ?? 0) - Date.now()) / 1_000;
      expect(Math.round(seconds / 10)).toBe(6);
    }
    expect(await tokensOf()).toEqual(['cat default']);
  });

  test('the default token: it is replaced', async () => {
    const token = await addImage('cat');
    const revoked = await images.revoke(images.url({ token }, 'w8'));
    expect(revoked).toMatchObject({ uid: 'alice', imageId: 'cat', kind: 'default' });
    expect(await images.find(token)).toBeUndefined();
    const image = await images.get('alice', 'cat');
    expect(await images.find(image?.token ?? '')).toMatchObject({ kind: 'default' });
    const rotated = await images.rotateToken('alice', 'cat');
    expect(await images.find(rotated.token)).toMatchObject({ kind: 'default' });
    expect(await images.find(image?.token ?? '')).toBeUndefined();
  });

  test('what is not a public URL, or not known', async () => {
    const known = await addImage('cat');
    for (const url of ['', 'https://photos.example/', known.slice(0, -1), mintToken()]) {
      expect(await images.revoke(url)).toBeUndefined();
    }
    expect(await tokensOf()).toEqual(['cat default']);
  });
});

test('revokes all of a user, or of one image; not of others', async () => {
  const tokens = await Promise.all([
    addImage('cat'),
    addImage('dog'),
    addImage('fox', new Date(), 'bob'),
  ]);
  await images.createShare('alice', { imageId: 'cat', expiresIn: null });
  await images.createShare('bob', { imageId: 'fox', expiresIn: null });
  expect(await images.revokeAll('alice', 'dog')).toMatchObject({ images: 1 });
  const known = () => Promise.all(tokens.map(async (token) => !!(await images.find(token))));
  expect(await known()).toEqual([true, false, true]);
  const { images: count, deadBy } = await images.revokeAll('alice');
  expect([count, deadBy.getTime() > Date.now()]).toEqual([2, true]);
  expect(await known()).toEqual([false, false, true]);
  expect(await tokensOf()).toEqual(['cat default', 'dog default']);
  expect(await tokensOf('bob')).toEqual(['fox default', 'fox share']);
});

describe('refuses', () => {
  const cases: [string, () => Promise<unknown>, object][] = [
    ['no image', () => images.rotateToken('alice', 'none'), { code: 'no-image' }],
    [
      'an image of another user',
      () => images.createShare('bob', { imageId: 'cat', expiresIn: null }),
      { code: 'no-image', message: 'The photo was deleted.' },
    ],
    [
      'invalid input',
      () => images.createShare('alice', { imageId: 'cat', expiresIn: 1, label: '\n' }),
      {
        code: 'refused',
        message: expect.stringMatching(/expiresIn: .+60; label: Expected/) as string,
      },
    ],
    [
      'a uid with a slash',
      () => images.list('alice/images/cat'),
      { code: 'refused', message: 'uid: Expected the id of a user' },
    ],
    [
      'an id with a slash',
      () => images.get('alice', '../x'),
      { code: 'refused', message: 'imageId: Expected the id of an image' },
    ],
    ['no uid', () => images.revokeAll(undefined as never), { code: 'refused' }],
  ];
  test.each(cases)('%s', async (_what, act, expected) => {
    await addImage('cat');
    const error: unknown = await act().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImagesError);
    expect(error).toMatchObject(expected);
    expect(await tokensOf()).toEqual(['cat default']);
  });

  test('a collection without a user', () => {
    const open = () => createAdminImages({ firestore, baseUrl: '/i', imagesCollection: 'images' });
    expect(open).toThrow('Expected a path with {uid} in it once, found "images"');
  });
});

test('an error of Firestore is the cause', async () => {
  const broken = {
    collection: () => ({ doc: () => ({ get: () => Promise.reject(new Error('x')) }) }),
  };
  const other = createAdminImages({ firestore: broken as never, baseUrl: '/i' });
  await expect(other.get('alice', 'cat')).rejects.toMatchObject({
    code: 'unknown',
    retryable: true,
    cause: new Error('x'),
  });
});

test('finds and revokes what a sealed link belongs to, with the keys of the functions', async () => {
  const token = await addImage('cat');
  const key = { kid: 1, seed: Buffer.alloc(32, 1) };
  const { publicKeys } = openSealOpener([key], 'b');
  const url = `${BASE_URL}/${await seal({ token, publicKeys, maxWidth: 8 })}/w8`;
  const sealingKeys = `1:${key.seed.toString('base64url')}`;
  const open = (bucket: string) =>
    createAdminImages({ firestore, baseUrl: BASE_URL, sealingKeys, bucket });
  expect(await open('b').find(url)).toMatchObject({ uid: 'alice', imageId: 'cat' });
  expect(await open('another').find(url)).toBeUndefined();
  await expect(images.find(url)).rejects.toMatchObject({
    name: ImagesError.name,
    cause: new TypeError('Expected sealingKeys and bucket for a sealed link, found none'),
  });
  expect(await open('b').revoke(url)).toMatchObject({ imageId: 'cat' });
  expect(await open('b').find(url)).toBeUndefined();
});
