/** The example of the guide on events, deployed beside the functions on a local stack of its own. */
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
let stack: Stack;
let context: StackContext;

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
  const events = await eventually(
    received,
    (found) => expect([...typesOf(found)].sort()).toEqual([...EVENT_NAMES].sort()),
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
