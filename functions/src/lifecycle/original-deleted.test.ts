import { RETRY_WINDOW_MS } from './retry.js';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { originalDeleted } from './original-deleted.js';

const CAT = 'originals/alice/cat';

/** Deletes an image whose deletion event is not delivered. */
async function openDeleted() {
  const memory = openMemoryHarness();
  const { harness, backend, time } = memory;
  const generation = await harness.upload(CAT, 'cat');
  await settle(memory);
  await harness.delete(CAT);
  harness.events.length = 0;
  const context = {
    config: harness.config,
    backend,
    now: () => time.now,
    log: (...line: unknown[]) => harness.logged.push(line),
  };
  const event = {
    owner: { uid: 'alice', imageId: 'cat' },
    original: { bucket: 'bucket', name: CAT, generation },
    time: time.now,
  };
  return { ...memory, context, event };
}

test('deletes records, tokens and renditions', async () => {
  const { context, event, backend } = await openDeleted();
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
  expect(backend.images.size + backend.tokens.size + backend.renditions.size).toBe(0);
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
});

test('deletes tokens and renditions when the image record was already deleted', async () => {
  const { context, event, backend } = await openDeleted();
  backend.images.clear();
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
  expect(backend.tokens.size + backend.renditions.size).toBe(0);
});

test('the deletion of an overwritten original takes one read once the new upload is recorded', async () => {
  const { context, event, backend, harness, time } = await openDeleted();
  await harness.upload(CAT, 'cat again');
  await settle({ harness, time });
  const before = { ...backend.calls };
  await expect(originalDeleted(event, context)).resolves.toBe('overwritten');
  expect(backend.calls).toEqual({ ...before, findImage: (before['findImage'] ?? 0) + 1 });
});

test('a new upload whose event was not delivered yet keeps the image', async () => {
  const { context, event, backend, harness } = await openDeleted();
  await harness.upload(CAT, 'cat again');
  await expect(originalDeleted(event, context)).resolves.toBe('overwritten');
  expect([backend.images.size, backend.tokens.size]).toEqual([1, 1]);
});

test('deletes the image although Cloud Tasks is unavailable, and throws so that the rest is retried', async () => {
  const { context, event, backend } = await openDeleted();
  const scheduleCleanup = backend.queues.scheduleCleanup.bind(backend.queues);
  backend.queues.scheduleCleanup = () =>
    Promise.reject(Object.assign(new Error('x'), { code: 404 }));
  await expect(originalDeleted(event, context)).rejects.toThrow('Error 404');
  expect(backend.images.size + backend.tokens.size + backend.renditions.size).toBe(0);
  backend.queues.scheduleCleanup = scheduleCleanup;
  await expect(originalDeleted(event, context)).resolves.toBe('removed');
});

test('dies halfway, and a new upload is processed before the retry', async () => {
  const { context, event, backend, harness, time } = await openDeleted();
  const deleteRendition = backend.objects.deleteRendition.bind(backend.objects);
  backend.objects.deleteRendition = () => Promise.reject(new Error('died here'));
  await expect(originalDeleted(event, context)).rejects.toThrow();
  backend.objects.deleteRendition = deleteRendition;
  await harness.upload(CAT, 'cat again');
  const finalized = harness.events.pop();
  if (finalized) await harness.handle({ kind: 'event', event: finalized });
  await expect(originalDeleted(event, context)).resolves.toBe('overwritten');
  await settle({ harness, time });
  expect(backend.renditions.size).toBe(4);
});

test('does not retry when a retry cannot succeed', async () => {
  const { context, event, backend, harness } = await openDeleted();
  backend.records.remove = () => Promise.reject(Object.assign(new Error(CAT), { code: 3 }));
  await expect(originalDeleted(event, context)).resolves.toBe('not-deleted');
  expect(harness.logged.at(-1)).toMatchObject([
    'ERROR',
    expect.stringContaining('a retry cannot succeed'),
    { reason: 'Error 3' },
  ]);
});

test('retries transient errors for an hour; the log contains no names', async () => {
  const { context, event, backend, harness, time } = await openDeleted();
  backend.records.remove = () => Promise.reject(Object.assign(new Error(CAT), { code: 14 }));
  await expect(originalDeleted(event, context)).rejects.toThrow(/^Error 14$/);
  time.now += RETRY_WINDOW_MS + 1;
  await expect(originalDeleted(event, context)).resolves.toBe('not-deleted');
  expect(harness.logged.at(-1)?.[0]).toBe('ERROR');
  expect(JSON.stringify(harness.logged)).not.toContain(CAT);
});
