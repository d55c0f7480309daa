/**
 * Firebase's extension Delete User Data deletes the originals and the documents of a user, in no order that is
 * known: whatever comes first, nothing of the user is left, and no URL works.
 */
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';

const CAT = 'originals/alice/cat';
const DOG = 'originals/alice/dog';

/** Two images of alice and one of bob, each shared twice: one share is revoked. */
async function openShared() {
  const memory = openMemoryHarness();
  const { harness, backend } = memory;
  for (const name of [CAT, DOG, 'originals/bob/cat']) await harness.upload(name, 'text');
  await settle(memory);
  for (const [uid, imageId] of [
    ['alice', 'cat'],
    ['alice', 'dog'],
    ['bob', 'cat'],
  ] as const) {
    for (const number of [1, 2]) {
      const shareId = `share-${number}-of-${imageId}`.padEnd(16, '-');
      await backend.shares.create(uid, { imageId, shareId, expiresIn: null, variants: ['w20'] });
      if (number === 2) await backend.shares.revoke(uid, shareId);
    }
  }
  /** As with the Firestore path `users/{UID}`, recursive. */
  const deleteDocuments = () => {
    for (const path of backend.images.keys()) {
      if (path.startsWith('users/alice/')) backend.images.delete(path);
    }
    for (const key of backend.shareRecords.keys()) {
      if (key.startsWith('alice/')) backend.shareRecords.delete(key);
    }
  };
  return { ...memory, deleteDocuments };
}

type Shared = Awaited<ReturnType<typeof openShared>>;

function expectOnlyBob({ backend }: Shared): void {
  expect([...backend.images.keys()]).toEqual(['users/bob/images/cat']);
  expect([...backend.tokens.values()].map(({ uid, kind }) => `${uid} ${kind}`).sort()).toEqual([
    'bob default',
    'bob share',
  ]);
  expect([...backend.shareRecords.keys()].every((key) => key.startsWith('bob/'))).toBe(true);
  expect(backend.shareRecords.size).toBe(2);
  expect(backend.renditions.size).toBe(4);
}

test('documents first, then originals', async () => {
  const memory = await openShared();
  memory.deleteDocuments();
  await settle(memory);
  // The originals are still there: until they are deleted, so are the token records.
  expect(memory.backend.tokens.size).toBe(6);
  for (const name of [CAT, DOG]) await memory.harness.delete(name);
  await settle(memory);
  expectOnlyBob(memory);
});

test('originals first, then documents, before the events of the deletions have arrived', async () => {
  const memory = await openShared();
  for (const name of [CAT, DOG]) await memory.harness.delete(name);
  memory.deleteDocuments();
  await settle(memory);
  expectOnlyBob(memory);
});

test('originals first, and documents after the events', async () => {
  const memory = await openShared();
  for (const name of [CAT, DOG]) await memory.harness.delete(name);
  await settle(memory);
  expectOnlyBob(memory);
  memory.deleteDocuments();
  await settle(memory);
  expectOnlyBob(memory);
});

test('no call of sharing brings anything back', async () => {
  const memory = await openShared();
  const { backend } = memory;
  memory.deleteDocuments();
  const request = { imageId: 'cat', shareId: 'share-after-the-end', expiresIn: null };
  await expect(backend.shares.create('alice', request)).rejects.toMatchObject({
    reason: 'no-image',
  });
  await backend.queues.enqueuePurge({ uid: 'alice', revokeBefore: memory.time.now + 1 });
  for (const name of [CAT, DOG]) await memory.harness.delete(name);
  await settle(memory);
  expectOnlyBob(memory);
});
