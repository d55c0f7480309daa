/** MAX_IMAGES_PER_USER with concurrent uploads, on Firestore and Storage of the local stack. */
import { settle } from '../../functions/test/lifecycle/memory-harness.js';
import { BackendTestContext } from '../support/stack.js';
import { openStackHarness } from '../support/stack-harness.js';

const UPLOADS = 50;
const LIMIT = 10;
const IMAGE_IDS = Array.from({ length: UPLOADS }, (_, number) => `i${number}`);

let context: BackendTestContext;

beforeAll(() => {
  context = new BackendTestContext();
});
afterAll(() => context.close());

function open(root: string, changes: Record<string, string> = {}) {
  const parameters = { MAX_IMAGES_PER_USER: String(LIMIT), ...changes };
  const { harness, backend, time, findings } = openStackHarness(context, root, parameters);
  const nameOf = (imageId: string) => `${root}/alice/${imageId}`;
  const readImages = async () => {
    const { docs } = await context.firestore.collection(`${root}/alice/${root}Images`).get();
    return docs.map((image) => {
      const code = image.get('error.code') as string | undefined;
      return { imageId: image.id, result: code ?? (image.get('state') as string) };
    });
  };
  const idsWith = async (result: string) =>
    (await readImages()).filter((image) => image.result === result).map(({ imageId }) => imageId);
  /** Handles all events and tasks, those of the uploads at the same time. */
  const handleAll = async () => {
    const events = harness.events.splice(0);
    await Promise.all(events.map((event) => harness.handle({ kind: 'event', event })));
    const uploads = harness.tasks.splice(0);
    await Promise.all(uploads.map((task) => harness.handle({ kind: 'task', task })));
    await settle({ harness, time });
  };
  return { harness, backend, findings, nameOf, idsWith, handleAll };
}

test('ten of fifty concurrent uploads become ready; a deletion frees a place, an overwrite needs none', async () => {
  const { harness, backend, findings, nameOf, idsWith, handleAll } = open('limited');
  for (const imageId of IMAGE_IDS) await harness.upload(nameOf(imageId), imageId);
  await handleAll();
  const ready = await idsWith('ready');
  const refused = await idsWith('too-many-images');
  expect([ready.length, refused.length]).toEqual([LIMIT, UPLOADS - LIMIT]);
  const originals = await backend.objects.listOriginals('limited/', 100);
  expect(originals.items.map(({ name }) => name)).toEqual(ready.map(nameOf).sort());
  // The owner sees a token and renditions of the others only.
  const tokens = await context.firestore.collection('limitedTokens').count().get();
  expect(tokens.data().count).toBe(LIMIT);

  const [deleted = '', overwritten = ''] = ready;
  await harness.delete(nameOf(deleted));
  await handleAll();
  await harness.upload(nameOf(overwritten), 'overwritten');
  for (const imageId of refused.slice(0, 5)) await harness.upload(nameOf(imageId), 'again');
  await handleAll();
  const readyAgain = await idsWith('ready');
  expect(readyAgain).toHaveLength(LIMIT);
  expect(readyAgain).toContain(overwritten);
  expect(readyAgain.filter((imageId) => refused.includes(imageId))).toHaveLength(1);

  await expect(findings()).resolves.toMatchObject({
    findings: [],
    elsewhere: { count: 0 },
  });
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await handleAll();
  expect(await idsWith('too-many-images')).toEqual([]);
  const left = await context.firestore.collection('limitedJobs/uploads/users').get();
  expect(left.docs).toEqual([]);
}, 240_000);

test('originals beyond the limit that are kept are processed after the limit was raised', async () => {
  const { harness, backend, nameOf, idsWith, handleAll } = open('kept', {
    DELETE_EXCESS_ORIGINALS: 'false',
    MAX_IMAGES_PER_USER: '2',
  });
  for (const imageId of IMAGE_IDS.slice(0, 4)) await harness.upload(nameOf(imageId), imageId);
  await handleAll();
  expect(await idsWith('ready')).toHaveLength(2);
  expect((await backend.objects.listOriginals('kept/', 100)).items).toHaveLength(4);
  harness.reconfigure({ MAX_IMAGES_PER_USER: '3' });
  await backend.queues.enqueueBackfill({}, 'run');
  await handleAll();
  expect(await idsWith('ready')).toHaveLength(3);
  expect((await backend.objects.listOriginals('kept/', 100)).items).toHaveLength(4);
}, 120_000);
