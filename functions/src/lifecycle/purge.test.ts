import { openMemory, settle } from '../../test/lifecycle/memory-harness.js';

const CAT = 'originals/alice/cat';

async function openSettled() {
  const memory = openMemory();
  await memory.world.upload(CAT, 'cat');
  await memory.world.upload('originals/alice/dog', 'dog');
  await memory.world.upload('originals/bob/cat', 'cat');
  await settle(memory);
  return memory;
}

test('nothing of the user is left, and everything of others', async () => {
  const memory = await openSettled();
  const { library } = memory;
  await library.queues.purge({ uid: 'alice' });
  await settle(memory);
  expect([...library.originals.keys()]).toEqual(['originals/bob/cat']);
  expect([...library.images.keys()]).toEqual(['users/bob/images/cat']);
  expect([...library.tokens.values()].map(({ uid }) => uid)).toEqual(['bob']);
  expect(library.renditions.size).toBe(4);
});

test('hundreds of images go in several tasks', async () => {
  const memory = await openSettled();
  const { library, world } = memory;
  for (let number = 0; number < 230; number++) {
    await world.upload(`originals/alice/${number}`, 'bad');
  }
  world.events.length = 0;
  await library.queues.purge({ uid: 'alice' });
  await settle(memory);
  expect([...library.originals.keys()]).toEqual(['originals/bob/cat']);
  expect(library.calls['queues.purge']).toBeGreaterThanOrEqual(3);
});

test('found by a review: a token of a collection that was changed goes as well, and it comes to an end', async () => {
  const memory = await openSettled();
  const { library } = memory;
  const [hash = ''] = [...library.tokens].find(([, { imageId }]) => imageId === 'dog') ?? [];
  const token = library.tokens.get(hash);
  if (token) token.imagePath = 'before/alice/images/dog';
  await library.queues.purge({ uid: 'alice' });
  await settle(memory);
  expect([...library.tokens.values()].map(({ uid }) => uid)).toEqual(['bob']);
});

test("a document of somebody else's stays, and it comes to an end", async () => {
  const memory = await openSettled();
  const { library } = memory;
  library.images.set('users/alice/images/caption', { text: 'mine' } as never);
  await library.queues.purge({ uid: 'alice' });
  await settle(memory);
  expect([...library.images.keys()].sort()).toEqual([
    'users/alice/images/caption',
    'users/bob/images/cat',
  ]);
});
