/** Shares and the default token on the local stack: created, viewed, changed, revoked and deleted. */
import { randomUUID } from 'node:crypto';
import {
  collection,
  getDocs,
  limit,
  orderBy,
  query,
  where,
  type QueryConstraint,
} from 'firebase/firestore/lite';
import { hashToken } from '../../functions/src/domain/token.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { callFunction, type CallableResponse } from '../support/callable.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { plainJpeg } from '../support/pictures.js';
import { idTokenOf, uploadRaw } from '../support/rest.js';
import { run } from '../support/run.js';
import { ROOT, TestContext } from '../support/stack.js';
import { Transcript } from '../support/transcript.js';

let context: TestContext;
let owner: DemoUser;

beforeAll(async () => {
  context = new TestContext();
  owner = await context.user();
});
afterAll(() => context.close());

/** Calls `sharing`. */
async function call(data: object, user: DemoUser | undefined = owner): Promise<CallableResponse> {
  return callFunction(context, 'sharing', data, await idTokenOf(user));
}

/** Calls `sharing`. @returns the answer @throws Error if the call was refused */
async function answerOf(data: object): Promise<Record<string, unknown>> {
  const { result, error } = await call(data);
  if (result === undefined) throw new Error(`expected an answer, found ${error?.status}`);
  return result;
}

/** Uploads an image that is wide enough for w400 and w800. */
async function upload(user = owner) {
  const { imageId, name, record } = await context.upload(user, await plainJpeg(900, 40, '#808000'));
  return { imageId, name, token: record.token };
}

/** Creates a share. */
async function share(imageId: string, more: object = {}) {
  const shareId = randomUUID();
  const request = { action: 'createShare', imageId, shareId, expiresIn: 3600, ...more };
  const { token, expiresAt } = await answerOf(request);
  return { shareId, token: String(token), expiresAt, request };
}

/** Statuses of w400 and w800 for a token. */
const statusesOf = (token: string) =>
  Promise.all(['w400', 'w800'].map((variant) => statusOf(context.serveUrl(token, variant))));

/** The owner's share records, read by the owner or by another user with the client SDK. */
async function sharesOf(constraints: QueryConstraint[], reader = owner) {
  const shares = collection(reader.firestore, `users/${owner.uid}/imageShares`);
  const { docs } = await getDocs(query(shares, ...constraints));
  return docs.map((document) => ({ id: document.id, ...document.data() }));
}

/**
 * A program of a server: with the package as it is built, an ES module, and the Admin SDK.
 * @param body uses `images` and `args`; returns an object for JSON
 */
function adminScript(body: string) {
  const program = `
    import { initializeApp } from 'firebase-admin/app';
    import { getFirestore } from 'firebase-admin/firestore';
    import { createAdminImages } from 'storage-public-variants-client/admin';
    initializeApp({ projectId: ${JSON.stringify(context.stack.projectId)} });
    const firestore = getFirestore();
    const options = { firestore, baseUrl: ${JSON.stringify(context.stack.serve)}, revocationSeconds: 0 };
    const images = createAdminImages(options);
    const main = async (...args) => { ${body} };
    console.log(JSON.stringify(await main(...process.argv.slice(1))));
    await firestore.terminate();`;
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: context.stack.firestore };
  return async (...args: string[]) => {
    const node = ['--input-type=module', '-e', program, '--', ...args];
    const { out } = await run(process.execPath, node, { cwd: ROOT, env });
    return JSON.parse(out) as Record<string, unknown>;
  };
}

test('a share is created, viewed, narrowed, renewed and revoked; the default token is not affected', async () => {
  const { imageId, token: defaultToken } = await upload();
  const { shareId, token, expiresAt, request } = await share(imageId, { label: 'Anna' });
  expect(Math.abs(Date.parse(String(expiresAt)) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  await expect(statusesOf(token)).resolves.toEqual([200, 200]);
  // The answer was lost, and the client calls again.
  const again = await answerOf(request);
  expect(again['token'] === token).toBe(true);

  const update = { action: 'updateShare', shareId };
  const narrowed = await answerOf({ ...update, variants: ['w400'] });
  expect(narrowed).toMatchObject({ shareId, expiresAt, deadBy: expect.any(String) as string });
  await expect(statusesOf(token)).resolves.toEqual([200, 404]);
  const renewed = await answerOf({ ...update, variants: null, expiresIn: null, label: '' });
  expect(renewed).toEqual({ shareId, expiresAt: null });
  await expect(statusesOf(token)).resolves.toEqual([200, 200]);

  const revoked = await answerOf({ action: 'revokeShare', shareId });
  expect(Object.keys(revoked).sort()).toEqual(['deadBy', 'revokedAt', 'shareId']);
  await expect(statusesOf(token)).resolves.toEqual([404, 404]);
  await expect(answerOf({ action: 'revokeShare', shareId })).resolves.toMatchObject({ shareId });
  await expect(statusesOf(defaultToken)).resolves.toEqual([200, 200]);
}, 60_000);

test('the owner lists shares with the queries of the documentation, and nobody else does', async () => {
  const { imageId } = await upload();
  const { imageId: otherImage } = await upload();
  const first = await share(imageId, { label: 'first', variants: ['w400'] });
  const second = await share(imageId, { showOnce: true });
  const other = await share(otherImage);
  const ofImage = await sharesOf([where('imageId', '==', imageId)]);
  expect(ofImage.map(({ id }) => id).sort()).toEqual([first.shareId, second.shareId].sort());
  const [labeled] = ofImage.filter(({ id }) => id === first.shareId);
  expect(labeled).toMatchObject({ state: 'active', label: 'first', variants: ['w400'], imageId });
  const shown = ofImage.filter((record) => 'token' in record).map(({ id }) => id);
  expect(shown).toEqual([first.shareId]);
  const all = await sharesOf([orderBy('createdAt', 'desc'), limit(100)]);
  expect(all.slice(0, 3).map(({ id }) => id)).toEqual([
    other.shareId,
    second.shareId,
    first.shareId,
  ]);
  const stranger = await context.user();
  await expect(sharesOf([where('imageId', '==', imageId)], stranger)).rejects.toMatchObject({
    code: 'permission-denied',
  });
}, 60_000);

test('an expired share is dead at its second', async () => {
  const { imageId } = await upload();
  const { token } = await share(imageId, { expiresIn: 60 });
  expect(await statusOf(context.serveUrl(token, 'w400'))).toBe(200);
  const end = Date.now() + 3_000;
  // Instead of a minute.
  const record = context.firestore.doc(`imageTokens/${hashToken(token)}`);
  await record.update({ expiresAt: new Date(end) });
  for (let sent = 0; sent < end;) {
    sent = Date.now();
    const status = await statusOf(context.serveUrl(token, 'w400'));
    // A request that was sent before may be answered after it.
    if (Date.now() < end) expect(status).toBe(200);
    if (sent >= end) expect(status).toBe(404);
  }
}, 60_000);

test('a server does the same with the client package, for any user', async () => {
  const { imageId, token: defaultToken } = await upload();
  const stranger = await upload(await context.user());
  const { seen, found, listed } = await adminScript(`
    const [uid, imageId, defaultUrl, strangerUrl] = args;
    const seen = [];
    const see = async (url) => seen.push((await fetch(url)).status);
    const share = await images.createShare(uid, { imageId, expiresIn: 3600, variants: ['w400'] });
    const url = (variant) => images.url({ token: share.token }, variant);
    await see(url('w400'));
    await see(url('w800'));
    await images.updateShare(uid, share.id, { variants: null });
    await see(url('w800'));
    const found = await images.find(url('w800'));
    const listed = (await images.listShares(uid, { imageId })).map(({ id }) => id === share.id);
    await images.revokeShare(uid, share.id);
    await see(url('w800'));
    await images.revoke(defaultUrl);
    await see(defaultUrl);
    const image = await images.get(uid, imageId);
    await see(images.url(image, 'w800'));
    const other = await images.createShare(uid, { imageId, expiresIn: null });
    await images.revokeAll(uid);
    await see(images.url(image, 'w800'));
    await see(images.url(other, 'w800'));
    await see(strangerUrl);
    return { seen, found, listed };
  `)(
    owner.uid,
    imageId,
    context.serveUrl(defaultToken, 'w800'),
    context.serveUrl(stranger.token, 'w800'),
  );
  expect(seen).toEqual([200, 404, 200, 404, 404, 200, 404, 404, 200]);
  expect(found).toMatchObject({ uid: owner.uid, imageId, kind: 'share' });
  expect(listed).toEqual([true]);
}, 90_000);

test('rotateToken replaces the default token once', async () => {
  const { imageId, token } = await upload();
  const { token: shared } = await share(imageId);
  const rotate = { action: 'rotateToken', imageId, token };
  const next = String((await answerOf(rotate))['token']);
  await expect(statusesOf(token)).resolves.toEqual([404, 404]);
  await expect(statusesOf(next)).resolves.toEqual([200, 200]);
  await expect(statusesOf(shared)).resolves.toEqual([200, 200]);
  expect((await answerOf(rotate))['token'] === next).toBe(true);
  // What is uploaded over the image appears at the new URL.
  const { record } = await context.upload(owner, await plainJpeg(900, 50, '#008080'), { imageId });
  expect(record.token === next).toBe(true);
  await expect(statusesOf(next)).resolves.toEqual([200, 200]);
  await expect(statusesOf(token)).resolves.toEqual([404, 404]);
}, 60_000);

test('revokeAll ends every URL of one image, or of all images of the user', async () => {
  const user = owner;
  const [cat, dog] = await Promise.all([upload(), upload()]);
  const [ofCat, ofDog] = await Promise.all([share(cat.imageId), share(dog.imageId)]);
  const one = await answerOf({ action: 'revokeAll', imageId: cat.imageId });
  expect(one).toMatchObject({ shares: 1 });
  for (const token of [cat.token, ofCat.token]) {
    await expect(statusesOf(token)).resolves.toEqual([404, 404]);
  }
  await expect(statusesOf(ofDog.token)).resolves.toEqual([200, 200]);
  await expect(answerOf({ action: 'revokeAll', all: true })).resolves.toEqual({ queued: true });
  const record = context.firestore.doc(`users/${user.uid}/images/${dog.imageId}`);
  // Not asked of `serve`, whose requests would delay the task.
  const token = await eventually(
    async () => String((await record.get()).get('token')),
    (found) => expect(found === dog.token).toBe(false),
    60_000,
  );
  for (const old of [dog.token, ofDog.token]) {
    await expect(statusesOf(old)).resolves.toEqual([404, 404]);
  }
  // The owner's own pages go on with new tokens.
  await expect(statusesOf(token)).resolves.toEqual([200, 200]);
}, 120_000);

test('refuses callers who are signed out, images of others, and bad input', async () => {
  const { imageId } = await upload();
  const request = { action: 'createShare', imageId, shareId: randomUUID(), expiresIn: null };
  const signedOut = await callFunction(context, 'sharing', request, undefined);
  expect(signedOut).toMatchObject({ status: 401, error: { status: 'UNAUTHENTICATED' } });
  const stranger = await context.user();
  await expect(call(request, stranger)).resolves.toMatchObject({
    status: 404,
    error: { status: 'NOT_FOUND', details: { reason: 'no-image' } },
  });
  await expect(call({ ...request, variants: ['w9999'] })).resolves.toMatchObject({
    status: 400,
    error: { status: 'INVALID_ARGUMENT', details: { reason: 'unknown-variant' } },
  });
  await expect(call({ ...request, uid: owner.uid })).resolves.toMatchObject({
    status: 400,
    error: { details: { reason: 'invalid-input', issues: [{ path: '' }] } },
  });
}, 60_000);

test('the life of a share, as a transcript: .local/transcripts/sharing-kit.txt or -extension.txt', async () => {
  const user = await context.user();
  const transcript = new Transcript();
  const [imageId, shareId, second] = ['photo-of-the-transcript', randomUUID(), randomUUID()];
  transcript.mask(user.uid, 'uid');
  transcript.mask(shareId, 'shareId');
  transcript.mask(second, 'second shareId');
  const record = context.firestore.doc(`users/${user.uid}/images/${imageId}`);
  const defaultToken = async (name: string) => {
    const token = String((await record.get()).get('token'));
    transcript.mask(token, name);
    return token;
  };
  const ask = async (data: object) => {
    const { status, result = {} } = await call(data, user);
    transcript.add(`POST sharing ${JSON.stringify(data)}`, `${status} ${JSON.stringify(result)}`);
    expect(status).toBe(200);
    return result;
  };
  const view = async (token: string, variant: string, expected: number) => {
    const { status, headers } = await get(context.serveUrl(token, variant));
    const answer = `${status} ${headers.get('content-type')}, ${headers.get('cache-control')}`;
    transcript.add(`GET serve/${token}/${variant}`, answer);
    expect([variant, status]).toEqual([variant, expected]);
  };

  transcript.step('Upload, and wait for the image record');
  const name = `originals/${user.uid}/${imageId}`;
  const photo = { data: await plainJpeg(900, 40, '#808000'), contentType: 'image/jpeg' };
  const { generation } = await uploadRaw(context, user, name, photo);
  transcript.add(`POST storage ${name}`, `200 generation ${generation}`);
  await eventually(
    async () => (await record.get()).get('state') as unknown,
    (state) => expect(state).toBe('ready'),
    30_000,
  );
  const first = await defaultToken('default token');
  transcript.add(`GET firestore ${record.path}`, `200 state ready, token ${first}`);
  await view(first, 'w800.webp', 200);

  transcript.step('Share one size for an hour');
  const share = { action: 'createShare', imageId, shareId, label: 'Anna', variants: ['w400'] };
  const { token } = await ask({ ...share, expiresIn: 3600 });
  const shared = String(token);
  transcript.mask(shared, 'share token');
  await view(shared, 'w400.webp', 200);
  await view(shared, 'w800.webp', 404);

  transcript.step('Change the share: the URL stays');
  const update = { action: 'updateShare', shareId };
  await ask({ ...update, variants: ['w400', 'w800'], expiresIn: 7200 });
  await view(shared, 'w800.webp', 200);
  await ask({ ...update, variants: ['w400'] });
  await view(shared, 'w800.webp', 404);
  await view(shared, 'w400.webp', 200);

  transcript.step('Replace the default token: the share goes on');
  const rotated = String((await ask({ action: 'rotateToken', imageId, token: first }))['token']);
  transcript.mask(rotated, 'new default token');
  await view(first, 'w400.webp', 404);
  await view(rotated, 'w400.webp', 200);
  await view(shared, 'w400.webp', 200);

  transcript.step('Revoke the share');
  await ask({ action: 'revokeShare', shareId });
  await view(shared, 'w400.webp', 404);
  await view(rotated, 'w400.webp', 200);

  transcript.step('Share again without an end, and revoke all of the image');
  const again = await ask({ action: 'createShare', imageId, shareId: second, expiresIn: null });
  const secondShared = String(again['token']);
  transcript.mask(secondShared, 'second share token');
  await view(secondShared, 'w800.webp', 200);
  await ask({ action: 'revokeAll', imageId });
  await view(secondShared, 'w800.webp', 404);
  await view(rotated, 'w800.webp', 404);
  await view(await defaultToken('third default token'), 'w800.webp', 200);

  transcript.save(`sharing-${context.stack.form}`);
  expect(transcript.toString()).not.toMatch(/spv_|[0-9a-f]{8}-[0-9a-f]{4}/);
}, 60_000);

describe('the deletion of an account by Delete User Data', () => {
  test.each(['originals first', 'documents first'])(
    '%s: nothing is left',
    async (order) => {
      const user = await context.user();
      const { imageId, name, token } = await upload(user);
      const shareId = randomUUID();
      const request = { action: 'createShare', imageId, shareId, expiresIn: null };
      const { result } = await call(request, user);
      const shared = String(result?.['token']);
      const documents = context.firestore.doc(`users/${user.uid}`);
      const deleteOriginal = () => context.bucket.file(name).delete();
      const deleteDocuments = () => context.firestore.recursiveDelete(documents);
      const steps = [deleteOriginal, deleteDocuments];
      for (const step of order === 'originals first' ? steps : steps.reverse()) await step();
      const tokens = context.firestore.collection('imageTokens').where('uid', '==', user.uid);
      await eventually(
        async () => (await tokens.count().get()).data().count,
        (count) => expect(count).toBe(0),
        30_000,
      );
      for (const old of [token, shared]) {
        await expect(statusesOf(old)).resolves.toEqual([404, 404]);
      }
      const collections = await documents.listCollections();
      expect(collections.map(({ id }) => id)).toEqual([]);
    },
    60_000,
  );
});
