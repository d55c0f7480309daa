/**
 * The example of the guide on events, deployed beside the functions on a local stack of its own, and a content filter
 * that this process is.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMockUserToken } from '@firebase/util';
import ts from 'typescript';
import { EVENT_NAMES, EVENT_TYPE_PREFIX } from '../../functions/src/domain/events.js';
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { startStack, type Stack } from '../../tools/dev/stack/stack.js';
import { callFunction } from '../support/callable.js';
import { codeBlocksOf } from '../support/documentation.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { run } from '../support/run.js';
import { PHOTO, ROOT, testStack } from '../support/stack.js';

const PAGE = 'docs/guides/events.md';

/** Records every event, beside the function of the guide. */
const RECORDER = EVENT_NAMES.map(
  (name) => `exports.${name} = require('firebase-functions/eventarc').onCustomEventPublished(
  '${EVENT_TYPE_PREFIX}${name}', ({ id, type, source, subject, data }) =>
    require('firebase-admin/firestore').getFirestore().collection('received').add({ id, type, source, subject, data }));`,
).join('\n');

const { form, official } = testStack();
let folder: string;
let filter: Server;
/** What the filter was asked. */
const asked: { imageId: string; generation: string; name: string }[] = [];
let stack: Stack;
let context: StackContext;

/** Answers by the id of the image: `hold-…`, `reject-…`, and `allow` for all others. */
async function startFilter(): Promise<string> {
  filter = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const question = JSON.parse(
        Buffer.concat(chunks as Buffer[]).toString(),
      ) as (typeof asked)[number];
      asked.push(question);
      const [verdict = ''] = /^(hold|reject)(?=-)/.exec(question.imageId) ?? ['allow'];
      response.end(JSON.stringify({ verdict }));
    });
  });
  await once(filter.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(filter.address() as AddressInfo).port}/check`;
}

/** Calls `release` of `/admin` as a server does: with the package as it is built, and the Admin SDK. */
async function release(uid: string, imageId: string): Promise<string> {
  const program = `
    import { initializeApp } from 'firebase-admin/app';
    import { getFirestore } from 'firebase-admin/firestore';
    import { createAdminImages } from 'storage-public-variants-client/admin';
    initializeApp({ projectId: ${JSON.stringify(stack.info.projectId)} });
    const firestore = getFirestore();
    const images = createAdminImages({ firestore, baseUrl: 'https://photos.example/i' });
    console.log(await images.release(...process.argv.slice(1)));
    await firestore.terminate();`;
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: stack.info.firestore };
  const node = ['--input-type=module', '-e', program, '--', uid, imageId];
  const { out } = await run(process.execPath, node, { cwd: ROOT, env });
  return out.trim();
}

beforeAll(async () => {
  const runs = join(ROOT, '.local', 'runs');
  mkdirSync(runs, { recursive: true });
  folder = mkdtempSync(join(runs, 'listener-'));
  symlinkSync(join(ROOT, 'functions', 'node_modules'), join(folder, 'node_modules'));
  const [example] = codeBlocksOf({
    path: PAGE,
    text: readFileSync(join(ROOT, PAGE), 'utf8'),
  }).filter(({ language }) => language === 'ts');
  const module = ts.ModuleKind.CommonJS;
  const { outputText } = ts.transpileModule(example?.code ?? '', { compilerOptions: { module } });
  writeFileSync(join(folder, 'index.js'), `${outputText}\n${RECORDER}\n`);
  const dependencies = { 'firebase-admin': '*', 'firebase-functions': '*' };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'listener', main: 'index.js', dependencies }),
  );
  const types = EVENT_NAMES.map((name) => `${EVENT_TYPE_PREFIX}${name}`).join();
  const channel = 'locations/us-central1/channels/firebase';
  stack = await startStack({
    ...{ root: ROOT, form, official, freePorts: true, listener: folder },
    parameters: {
      REVOCATION_SECONDS: '0',
      VARIANTS: 'w80:80',
      FILTER_URL: await startFilter(),
      EVENTS: form === 'kit' ? EVENT_NAMES.join() : '',
      // What an installer of the extension has chosen.
      ...(form === 'extension' && { ALLOWED_EVENT_TYPES: types, EVENTARC_CHANNEL: channel }),
    },
  });
  context = new StackContext(stack.info);
}, 180_000);
afterAll(async () => {
  await context?.close();
  await stack?.stop();
  filter.close();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

const received = async (): Promise<Record<string, unknown>[]> => {
  const { docs } = await context.firestore.collection('received').get();
  return docs.map((document) => document.data());
};
const typesOf = (events: Record<string, unknown>[]) =>
  new Set(events.map(({ type }) => String(type).slice(EVENT_TYPE_PREFIX.length)));

test('the function of the guide receives an event, and finds the record', async () => {
  const user = await context.user();
  const { imageId, generation, record } = await context.upload(user, readFileSync(PHOTO));
  expect(record.state).toBe('ready');
  const { uid } = user;
  const notifications = context.firestore.collection(`users/${uid}/notifications`);
  await eventually(
    async () => (await notifications.doc(`${imageId}-${generation}`).get()).data(),
    (found) => expect(found).toMatchObject({ text: 'Your photo is ready.', imageId }),
    30_000,
  );
  const bad = await context.upload(user, Buffer.from('not an image'), { imageId: 'bad' });
  const rotation = { action: 'rotateToken', imageId, token: record.token };
  const idToken = createMockUserToken({ sub: uid }, stack.info.projectId);
  const rotated = await callFunction({ stack: stack.info }, 'sharing', rotation, idToken);
  expect(rotated.status).toBe(200);
  await user.images.remove(imageId);
  const expected = EVENT_NAMES.filter((name) => name !== 'onHeld').sort();
  const events = await eventually(
    received,
    (found) => expect([...typesOf(found)].sort()).toEqual(expected),
    30_000,
  );
  const ofCat = events.filter(({ subject }) => subject === `${uid}/${imageId}`);
  expect([...typesOf(ofCat)].sort()).toEqual(['onDeleted', 'onReady', 'onRevoked', 'onStart']);
  expect(ofCat.find(({ type }) => String(type).endsWith('onReady'))).toMatchObject({
    source: expect.stringMatching(/^projects\/demo-storage-variants-\d+\/./) as string,
    data: { uid, imageId, generation, state: 'ready' },
  });
  expect(events.find(({ type }) => String(type).endsWith('onFailed'))).toMatchObject({
    data: { uid, imageId: 'bad', generation: bad.generation, error: 'not-an-image' },
  });
  expect(JSON.stringify(events)).not.toMatch(/spv_|originals\/|https?:/);
}, 120_000);

test('a held image is not visible until it is released; a rejected one has failed', async () => {
  const user = await context.user();
  const { uid } = user;
  const photo = readFileSync(PHOTO);
  const held = await context.upload(user, photo, { imageId: 'hold-1' });
  expect(held.record.state).toBe('held');
  expect(asked.at(-1)).toMatchObject({
    imageId: 'hold-1',
    generation: held.generation,
    name: held.name,
  });
  const url = context.serveUrl(held.record.token, 'w80');
  await expect(statusOf(url)).resolves.toBe(404);
  await expect(statusOf(context.serveUrl(held.record.token))).resolves.toBe(404);
  await expect(user.images.waitFor('hold-1')).rejects.toMatchObject({ code: 'held' });
  await eventually(received, (found) => {
    const events = found.filter(({ subject }) => subject === `${uid}/hold-1`);
    expect([...typesOf(events)].sort()).toEqual(['onHeld', 'onStart']);
  });

  await expect(release(uid, 'hold-1')).resolves.toBe('true');
  await expect(statusOf(url)).resolves.toBe(200);
  await expect(user.images.waitFor('hold-1')).resolves.toMatchObject({ state: 'ready' });

  const refused = await context.upload(user, photo, { imageId: 'hold-2' });
  await context.bucket.file(refused.name).delete();
  const record = context.firestore.doc(`users/${uid}/images/hold-2`);
  await eventually(
    async () => (await record.get()).exists,
    (exists) => expect(exists).toBe(false),
  );
  // After the records.
  await eventually(
    async () => {
      const [left] = await context.bucket.getFiles({ prefix: 'variants/' });
      return left.map(({ name }) => name).filter((name) => name.includes(refused.generation));
    },
    (left) => expect(left).toEqual([]),
    30_000,
  );

  const rejected = await context.upload(user, photo, { imageId: 'reject-1' });
  expect(rejected.record).toMatchObject({ state: 'failed', error: { code: 'content-rejected' } });
  await expect(statusOf(context.serveUrl(rejected.record.token, 'w80'))).resolves.toBe(404);
}, 120_000);
