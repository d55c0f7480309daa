import { renditionsFolder } from '../domain/path.js';
import {
  openMemoryHarness,
  settle,
  type MemoryHarness,
} from '../../test/lifecycle/memory-harness.js';
import { cleanup } from './cleanup.js';
import { MAX_ATTEMPT_MS } from '../domain/attempt-id.js';
import type { QueuedTask } from '../../test/gcp/in-memory-backend.js';
import { intercept, type BucketEvent, type Job } from '../../test/lifecycle/test-harness.js';

const CAT = 'originals/alice/cat';
const BOUND_MS = 60_000;

function contextOf({ harness, backend, time }: MemoryHarness) {
  return { config: harness.config, backend, now: () => time.now, log: () => {} };
}

/** Starts a handler that pauses before or after a call until it is resumed, and may die at another call. */
function startUntil(
  { harness, backend }: MemoryHarness,
  job: Job,
  pausePoint: string,
  deathPoint?: string,
) {
  let resume = () => {};
  const resumed = new Promise<void>((resolve) => (resume = resolve));
  let pause = () => {};
  const paused = new Promise<void>((resolve) => (pause = resolve));
  const result = harness.handle(
    job,
    intercept(backend, async (point) => {
      if (point === deathPoint) throw new Error('died here');
      if (point !== pausePoint) return;
      pause();
      await resumed;
    }),
  );
  return { paused, resume: () => (resume(), result) };
}

/** Uploads an image, delivers its event and returns the task that processes it, without delivering that. */
async function uploadAndTake({ harness }: MemoryHarness, text: string): Promise<Job> {
  await harness.upload(CAT, text);
  await harness.handle({ kind: 'event', event: harness.events.pop() as BucketEvent });
  return { kind: 'task', task: harness.tasks.pop() as QueuedTask };
}

test('deletes replaced renditions when the revocation bound has passed, not a millisecond earlier', async () => {
  const memory = openMemoryHarness();
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  await memory.harness.handle(await uploadAndTake(memory, 'cat again'));
  expect(memory.backend.renditions.size).toBe(8);
  memory.time.now += BOUND_MS - 1;
  await expect(cleanup({ name: CAT }, contextOf(memory))).resolves.toBe('rescheduled');
  expect(memory.backend.renditions.size).toBe(8);
  memory.time.now += 1;
  await expect(cleanup({ name: CAT }, contextOf(memory))).resolves.toBe('completed');
  expect(memory.backend.renditions.size).toBe(4);
});

test('ignores a task whose name is not that of an original', async () => {
  const memory = openMemoryHarness();
  const name = renditionsFolder('variants', 'bucket', 'elsewhere/cat') + '1/w40.webp';
  await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('x'));
  await expect(cleanup({ name: 'elsewhere/cat' }, contextOf(memory))).resolves.toBe('ignored');
  expect(memory.backend.renditions.has(name)).toBe(true);
});

test('keeps renditions that were replaced within the bound while the image is being processed', async () => {
  const memory = openMemoryHarness();
  const { harness, backend, time } = memory;
  await harness.handle(await uploadAndTake(memory, 'cat'));
  time.now += 10 * BOUND_MS;
  await harness.handle(await uploadAndTake(memory, 'cat 2'));
  const late = startUntil(
    memory,
    await uploadAndTake(memory, 'cat 3'),
    'objects.readOriginal after',
  );
  await late.paused;
  const [image] = backend.images.values();
  const before = image?.original.generation as string;
  const clean = (until: number) =>
    cleanup({ name: CAT, replaced: { before, until } }, contextOf(memory));
  await expect(clean(time.now + 1)).resolves.toBe('rescheduled');
  expect(backend.renditions.size).toBe(8);
  await expect(clean(time.now)).resolves.toBe('rescheduled');
  expect(backend.renditions.size).toBe(4);
  await late.resume();
});

describe('a late handler', () => {
  test.each(['0', '60'])(
    'a cleanup during an attempt is rescheduled, with a revocation bound of %s s',
    async (REVOCATION_SECONDS) => {
      const memory = openMemoryHarness({ REVOCATION_SECONDS });
      await memory.harness.handle(await uploadAndTake(memory, 'cat'));
      const late = startUntil(
        memory,
        await uploadAndTake(memory, 'cat again'),
        'objects.writeRendition before',
      );
      await late.paused;
      memory.time.now += 100_000;
      await expect(cleanup({ name: CAT }, contextOf(memory))).resolves.toBe('rescheduled');
      await expect(late.resume()).resolves.toBe('ready');
      await settle(memory);
      expect(memory.backend.renditions.size).toBe(4);
    },
  );

  test('a dead attempt causes about a dozen cleanup tasks and is then abandoned', async () => {
    const memory = openMemoryHarness({ REVOCATION_SECONDS: '0' });
    await memory.harness.handle(await uploadAndTake(memory, 'cat'));
    const dead = startUntil(
      memory,
      await uploadAndTake(memory, 'cat again'),
      'objects.writeRendition before',
    );
    await dead.paused;
    const before = memory.backend.calls['queues.cleanup'] ?? 0;
    await settle(memory);
    const [image] = memory.backend.images.values();
    expect(image).not.toHaveProperty('attempt');
    expect(memory.backend.calls['queues.cleanup'] ?? 0).toBeLessThan(before + 14);
  });

  test('a superseded attempt that writes after the last cleanup and dies: its retry schedules another cleanup', async () => {
    const memory = openMemoryHarness();
    const first = await uploadAndTake(memory, 'cat');
    const late = startUntil(
      memory,
      first,
      'objects.writeRendition before',
      'records.finish before',
    );
    await late.paused;
    memory.time.now += MAX_ATTEMPT_MS + 1;
    await memory.harness.handle(await uploadAndTake(memory, 'cat again'));
    memory.time.now += BOUND_MS;
    await settle(memory);
    expect(memory.backend.renditions.size).toBe(4);
    await expect(late.resume()).resolves.toBe('retried');
    expect(memory.backend.renditions.size).toBe(8);
    await expect(memory.harness.handle(first)).resolves.toBe('stale');
    await settle(memory);
    expect(memory.backend.renditions.size).toBe(4);
  });

  test('a superseded attempt that writes after the last cleanup schedules another cleanup', async () => {
    const memory = openMemoryHarness();
    const first = await uploadAndTake(memory, 'cat');
    const late = startUntil(memory, first, 'objects.writeRendition before');
    await late.paused;
    memory.time.now += MAX_ATTEMPT_MS + 1;
    await memory.harness.handle(await uploadAndTake(memory, 'cat again'));
    memory.time.now += BOUND_MS;
    await settle(memory);
    await expect(late.resume()).resolves.toBe('superseded');
    expect(memory.backend.renditions.size).toBe(8);
    await settle(memory);
    expect(memory.backend.renditions.size).toBe(4);
  });

  test('a cleanup does not delete a rendition that was overwritten after it was listed', async () => {
    const memory = openMemoryHarness();
    await memory.harness.handle(await uploadAndTake(memory, 'cat'));
    const [name = ''] = memory.backend.renditions.keys();
    const [rendition] = await memory.backend.objects.listRenditions(name);
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('the same'));
    await memory.backend.objects.deleteRendition(rendition as { name: string; generation: string });
    expect(memory.backend.renditions.has(name)).toBe(true);
  });

  test('a superseded attempt does not change the records, even if it ends last', async () => {
    const memory = openMemoryHarness();
    const first = await uploadAndTake(memory, 'cat');
    const late = startUntil(memory, first, 'records.finish before');
    await late.paused;
    memory.time.now += MAX_ATTEMPT_MS + 1;
    await memory.harness.handle(await uploadAndTake(memory, 'cat again'));
    await expect(late.resume()).resolves.toBe('superseded');
    const [image] = memory.backend.images.values();
    expect(image?.original.generation).toBe('1700000000000002');
  });
});

describe('an image that is overwritten once a second for 40 minutes', () => {
  const SECONDS = 40 * 60;
  const BOUND_SECONDS = BOUND_MS / 1000;
  const RENDITIONS = 4;

  test('has few cleanups, which delete renditions soon after the revocation bound', async () => {
    const memory = openMemoryHarness();
    const { harness, backend, time } = memory;
    let cleanups = 0;
    let mostPending = 0;
    let mostRenditions = 0;
    for (let second = 0; second < SECONDS; second++) {
      time.now += 1000;
      await harness.upload(CAT, `cat ${second}`);
      for (let event = harness.events.shift(); event; event = harness.events.shift()) {
        await harness.handle({ kind: 'event', event });
      }
      for (let task = harness.takeTask(); task; task = harness.takeTask()) {
        if (task.queue === 'cleanup') cleanups += 1;
        await harness.handle({ kind: 'task', task });
      }
      mostPending = Math.max(mostPending, harness.tasks.length);
      mostRenditions = Math.max(mostRenditions, backend.renditions.size);
    }
    process.stderr.write(
      `overwritten ${SECONDS} times: ${cleanups} cleanups, ${mostPending} pending, ${mostRenditions} renditions\n`,
    );
    // One task, four times per bound.
    expect(cleanups).toBeLessThanOrEqual((SECONDS / BOUND_SECONDS) * 4 + 4);
    expect(mostPending).toBeLessThanOrEqual(6);
    // Each is scheduled within a quarter of the bound, for the end of the bound rounded up by another quarter.
    expect(mostRenditions).toBeLessThanOrEqual(1.6 * BOUND_SECONDS * RENDITIONS);
    await settle(memory);
    expect(backend.renditions.size).toBe(RENDITIONS);
  });
});
