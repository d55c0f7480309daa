import { GIVE_UP_AFTER_MS } from './retry.js';
import { openMemory, settle } from '../../test/lifecycle/memory-harness.js';
import { remove } from './original-deleted.js';

const CAT = 'originals/alice/cat';

async function openDeleted() {
  const memory = openMemory();
  const { world, library, time } = memory;
  const generation = await world.upload(CAT, 'cat');
  await settle(memory);
  await world.delete(CAT);
  world.events.length = 0;
  const room = {
    ...{ config: world.config, library, now: () => time.now },
    log: (...line: unknown[]) => world.logged.push(line),
  };
  const event = { bucket: 'bucket', name: CAT, generation, time: time.now };
  return { ...memory, room, event };
}

test('nothing is left of what was deleted', async () => {
  const { room, event, library } = await openDeleted();
  await expect(remove(event, room)).resolves.toBe('removed');
  expect(library.images.size + library.tokens.size + library.renditions.size).toBe(0);
  await expect(remove(event, room)).resolves.toBe('removed');
});

test('nor when somebody has deleted the image record before', async () => {
  const { room, event, library } = await openDeleted();
  library.images.clear();
  await expect(remove(event, room)).resolves.toBe('removed');
  expect(library.tokens.size + library.renditions.size).toBe(0);
});

test('the end of what was overwritten costs one read, once the new upload is known', async () => {
  const { room, event, library, world, time } = await openDeleted();
  await world.upload(CAT, 'cat again');
  await settle({ world, time });
  const before = { ...library.calls };
  await expect(remove(event, room)).resolves.toBe('overwritten');
  expect(library.calls).toEqual({ ...before, findImage: (before['findImage'] ?? 0) + 1 });
});

test('an upload that its event is not yet known of keeps its image', async () => {
  const { room, event, library, world } = await openDeleted();
  await world.upload(CAT, 'cat again');
  await expect(remove(event, room)).resolves.toBe('overwritten');
  expect([library.images.size, library.tokens.size]).toEqual([1, 1]);
});

test('a queue that can not be reached keeps no address alive; what is left to do is tried again', async () => {
  const { room, event, library } = await openDeleted();
  const sweep = library.queues.sweep.bind(library.queues);
  library.queues.sweep = () => Promise.reject(Object.assign(new Error('x'), { code: 404 }));
  await expect(remove(event, room)).rejects.toThrow('Error 404');
  expect(library.images.size + library.tokens.size + library.renditions.size).toBe(0);
  library.queues.sweep = sweep;
  await expect(remove(event, room)).resolves.toBe('removed');
});

test('found by the model: it dies half-way, and a new upload is there before its second try', async () => {
  const { room, event, library, world, time } = await openDeleted();
  const deleteRendition = library.objects.deleteRendition.bind(library.objects);
  library.objects.deleteRendition = () => Promise.reject(new Error('died here'));
  await expect(remove(event, room)).rejects.toThrow();
  library.objects.deleteRendition = deleteRendition;
  await world.upload(CAT, 'cat again');
  const finalized = world.events.pop();
  if (finalized) await world.handle({ kind: 'event', event: finalized });
  await expect(remove(event, room)).resolves.toBe('overwritten');
  await settle({ world, time });
  expect(library.renditions.size).toBe(4);
});

test.each([
  ['outside the path', { name: 'elsewhere/alice/cat' }],
  ['a rendition', { name: 'variants/abc/1/w40.webp' }],
  ['of another bucket', { bucket: 'other' }],
])('%s is ignored without a call', async (_what, changes) => {
  const { room, event, library } = await openDeleted();
  const before = { ...library.calls };
  await expect(remove({ ...event, ...changes }, room)).resolves.toBe('ignored');
  expect(library.calls).toEqual(before);
});

test('what will pass is tried again, for an hour; the log names nothing', async () => {
  const { room, event, library, world, time } = await openDeleted();
  library.records.remove = () => Promise.reject(Object.assign(new Error(CAT), { code: 14 }));
  await expect(remove(event, room)).rejects.toThrow(/^Error 14$/);
  time.now += GIVE_UP_AFTER_MS + 1;
  await expect(remove(event, room)).resolves.toBe('given-up');
  expect(world.logged.at(-1)?.[0]).toBe('ERROR');
  expect(JSON.stringify(world.logged)).not.toContain(CAT);
});
