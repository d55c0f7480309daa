import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { intercept } from '../../test/lifecycle/test-harness.js';

const CAT = 'originals/alice/cat';

async function openSettled() {
  const memory = openMemoryHarness();
  await memory.harness.upload(CAT, 'cat');
  await memory.harness.upload('originals/alice/dog', 'dog');
  await memory.harness.upload('originals/bob/cat', 'cat');
  await settle(memory);
  return memory;
}

test('deletes everything of the user and nothing of others', async () => {
  const memory = await openSettled();
  const { backend } = memory;
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(memory);
  expect([...backend.originals.keys()]).toEqual(['originals/bob/cat']);
  expect([...backend.images.keys()]).toEqual(['users/bob/images/cat']);
  expect([...backend.tokens.values()].map(({ uid }) => uid)).toEqual(['bob']);
  expect(backend.renditions.size).toBe(4);
});

test('deletes hundreds of images in several tasks', async () => {
  const memory = await openSettled();
  const { backend, harness } = memory;
  for (let number = 0; number < 230; number++) {
    await harness.upload(`originals/alice/${number}`, 'bad');
  }
  harness.events.length = 0;
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(memory);
  expect([...backend.originals.keys()]).toEqual(['originals/bob/cat']);
  expect(backend.calls['queues.purge']).toBeGreaterThanOrEqual(3);
});

test('deletes token records of a previous IMAGES_COLLECTION, and completes', async () => {
  const memory = await openSettled();
  const { backend } = memory;
  const [hash = ''] = [...backend.tokens].find(([, { imageId }]) => imageId === 'dog') ?? [];
  const token = backend.tokens.get(hash);
  if (token) token.imagePath = 'before/alice/images/dog';
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(memory);
  expect([...backend.tokens.values()].map(({ uid }) => uid)).toEqual(['bob']);
});

test('deletes shares whose image record and token record were deleted by hand', async () => {
  const memory = await openSettled();
  const { backend } = memory;
  for (const uid of ['alice', 'bob']) {
    const request = { imageId: 'cat', shareId: `share-of-${uid}-01`, expiresIn: null };
    await backend.shares.create(uid, request);
  }
  backend.images.delete('users/alice/images/cat');
  for (const [hash, { uid }] of backend.tokens) if (uid === 'alice') backend.tokens.delete(hash);
  backend.originals.delete(CAT);
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(memory);
  expect([...backend.shareRecords.keys()]).toEqual(['bob/share-of-bob-01']);
});

test('the share of an image that is uploaded while the last task runs is kept as a whole', async () => {
  const memory = await openSettled();
  const { backend, harness } = memory;
  const shareBeforeEnd = intercept(backend, async (point) => {
    if (point !== 'records.forgetUser before') return;
    await harness.upload('originals/alice/new', 'new');
    await settle(memory);
    const request = { imageId: 'new', shareId: 'share-of-alice-01', expiresIn: null };
    await backend.shares.create('alice', request);
  });
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(memory, (job) => harness.handle(job, shareBeforeEnd));
  const shareIds = [...backend.tokens.values()].flatMap(({ shareId }) => shareId ?? []);
  expect(shareIds).toEqual(['share-of-alice-01']);
  expect([...backend.shareRecords.keys()]).toEqual(['alice/share-of-alice-01']);
});

test('keeps documents that something else wrote, and completes', async () => {
  const memory = await openSettled();
  const { backend } = memory;
  backend.images.set('users/alice/images/caption', { text: 'mine' } as never);
  await backend.queues.enqueuePurge({ uid: 'alice' });
  await settle(memory);
  expect([...backend.images.keys()].sort()).toEqual([
    'users/alice/images/caption',
    'users/bob/images/cat',
  ]);
});
