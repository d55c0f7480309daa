import { RETRY_WINDOW_MS } from './retry.js';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { originalDeleted } from './original-deleted.js';

const CAT = 'originals/alice/cat';

async function openDeleted() {
  const memory = openMemoryHarness();
  const { world, backend, time } = memory;
  const generation = await world.upload(CAT, 'cat');
  await settle(memory);
  await world.delete(CAT);
  world.events.length = 0;
  const context = {
    ...{ config: world.config, backend, now: () => time.now },
    log: (...line: unknown[]) => world.logged.push(line),
  };
  const event = { bucket: 'bucket', name: CAT, generation, time: time.now };
  return { ...memory, context, event };
}

test('nothing is left of what was deleted', async () => {
  const { context, event, backend } = await openDeleted();
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
  expect(backend.images.size + backend.tokens.size + backend.renditions.size).toBe(0);
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
});

test('nor when somebody has deleted the image record before', async () => {
  const { context, event, backend } = await openDeleted();
  backend.images.clear();
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
  expect(backend.tokens.size + backend.renditions.size).toBe(0);
});

test('the end of what was overwritten costs one read, once the new upload is known', async () => {
  const { context, event, backend, world, time } = await openDeleted();
  await world.upload(CAT, 'cat again');
  await settle({ world, time });
  const before = { ...backend.calls };
  await expect(originalDeleted(event, context)).resolves.toBe('overwritten');
  expect(backend.calls).toEqual({ ...before, findImage: (before['findImage'] ?? 0) + 1 });
});

test('an upload that its event is not yet known of keeps its image', async () => {
  const { context, event, backend, world } = await openDeleted();
  await world.upload(CAT, 'cat again');
  await expect(originalDeleted(event, context)).resolves.toBe('overwritten');
  expect([backend.images.size, backend.tokens.size]).toEqual([1, 1]);
});

test('a queue that can not be reached keeps no address alive; what is left to do is tried again', async () => {
  const { context, event, backend } = await openDeleted();
  const sweep = backend.queues.scheduleCleanup.bind(backend.queues);
  backend.queues.scheduleCleanup = () =>
    Promise.reject(Object.assign(new Error('x'), { code: 404 }));
  await expect(originalDeleted(event, context)).rejects.toThrow('Error 404');
  expect(backend.images.size + backend.tokens.size + backend.renditions.size).toBe(0);
  backend.queues.scheduleCleanup = sweep;
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
});

test('found by the model: it dies half-way, and a new upload is there before its second try', async () => {
  const { context, event, backend, world, time } = await openDeleted();
  const deleteRendition = backend.objects.deleteRendition.bind(backend.objects);
  backend.objects.deleteRendition = () => Promise.reject(new Error('died here'));
  await expect(originalDeleted(event, context)).rejects.toThrow();
  backend.objects.deleteRendition = deleteRendition;
  await world.upload(CAT, 'cat again');
  const finalized = world.events.pop();
  if (finalized) await world.handle({ kind: 'event', event: finalized });
  await expect(originalDeleted(event, context)).resolves.toBe('overwritten');
  await settle({ world, time });
  expect(backend.renditions.size).toBe(4);
});

test.each([
  ['outside the path', { name: 'elsewhere/alice/cat' }],
  ['a rendition', { name: 'variants/abc/1/w40.webp' }],
  ['of another bucket', { bucket: 'other' }],
])('%s is ignored without a call', async (_what, changes) => {
  const { context, event, backend } = await openDeleted();
  const before = { ...backend.calls };
  await expect(originalDeleted({ ...event, ...changes }, context)).resolves.toBe('ignored');
  expect(backend.calls).toEqual(before);
});

test('what will pass is tried again, for an hour; the log names nothing', async () => {
  const { context, event, backend, world, time } = await openDeleted();
  backend.records.remove = () => Promise.reject(Object.assign(new Error(CAT), { code: 14 }));
  await expect(originalDeleted(event, context)).rejects.toThrow(/^Error 14$/);
  time.now += RETRY_WINDOW_MS + 1;
  await expect(originalDeleted(event, context)).resolves.toBe('given-up');
  expect(world.logged.at(-1)?.[0]).toBe('ERROR');
  expect(JSON.stringify(world.logged)).not.toContain(CAT);
});
