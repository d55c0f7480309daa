import { renditionsFolder } from '../domain/path.js';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { cleanup } from './cleanup.js';
import { intercept, type Job } from '../../test/lifecycle/test-harness.js';

type Memory = ReturnType<typeof openMemoryHarness>;
const CAT = 'originals/alice/cat';
const BOUND_MS = 60_000;

function keeperOf({ world, backend, time }: Memory) {
  return { config: world.config, backend, now: () => time.now, log: () => {} };
}

/** Starts a handler that stands still before or after a call until it is let go on, and may die at another. */
function startUntil({ world, backend }: Memory, job: Job, point: string, dies?: string) {
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  let reached = () => {};
  const standing = new Promise<void>((resolve) => (reached = resolve));
  const end = world.handle(
    job,
    intercept(backend, async (at) => {
      if (at === dies) throw new Error('died here');
      if (at !== point) return;
      reached();
      await gate;
    }),
  );
  return { standing, release: () => (release(), end) };
}

async function uploadAndTake({ world }: Memory, text: string): Promise<Job> {
  await world.upload(CAT, text);
  return { kind: 'event', event: world.events.pop() as NonNullable<(typeof world.events)[0]> };
}

test('old renditions go when the bound has passed, and not a millisecond before', async () => {
  const memory = openMemoryHarness();
  await memory.world.upload(CAT, 'cat');
  await settle(memory);
  await memory.world.handle(await uploadAndTake(memory, 'cat again'));
  expect(memory.backend.renditions.size).toBe(8);
  memory.time.now += BOUND_MS - 1;
  await expect(cleanup({ name: CAT }, keeperOf(memory))).resolves.toBe('waiting');
  expect(memory.backend.renditions.size).toBe(8);
  memory.time.now += 1;
  await expect(cleanup({ name: CAT }, keeperOf(memory))).resolves.toBe('swept');
  expect(memory.backend.renditions.size).toBe(4);
});

test('what is no original has no renditions: a task that names it does nothing', async () => {
  const memory = openMemoryHarness();
  const name = renditionsFolder('variants', 'bucket', 'elsewhere/cat') + '1/w40.webp';
  await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('x'));
  await expect(cleanup({ name: 'elsewhere/cat' }, keeperOf(memory))).resolves.toBe('ignored');
  expect(memory.backend.renditions.has(name)).toBe(true);
});

describe('found by thinking of who may be late', () => {
  test.each(['0', '60'])(
    'a sweep comes while the new ones are made, with a bound of %s s: it comes again',
    async (REVOCATION_SECONDS) => {
      const memory = openMemoryHarness({ REVOCATION_SECONDS });
      await memory.world.handle(await uploadAndTake(memory, 'cat'));
      const late = startUntil(
        memory,
        await uploadAndTake(memory, 'cat again'),
        'objects.readOriginal after',
      );
      await late.standing;
      memory.time.now += 100_000;
      await expect(cleanup({ name: CAT }, keeperOf(memory))).resolves.toBe('waiting');
      await expect(late.release()).resolves.toBe('ready');
      await settle(memory);
      expect(memory.backend.renditions.size).toBe(4);
    },
  );

  test('a dead attempt is looked at a dozen times, and then given up', async () => {
    const memory = openMemoryHarness({ REVOCATION_SECONDS: '0' });
    await memory.world.handle(await uploadAndTake(memory, 'cat'));
    const dead = startUntil(
      memory,
      await uploadAndTake(memory, 'cat again'),
      'objects.readOriginal after',
    );
    await dead.standing;
    const before = memory.backend.calls['queues.cleanup'] ?? 0;
    await settle(memory);
    const [image] = memory.backend.images.values();
    expect(image).not.toHaveProperty('attempt');
    expect(memory.backend.calls['queues.cleanup'] ?? 0).toBeLessThan(before + 14);
  });

  test('one that was overtaken writes, and dies, after the last sweep: its second try has another one appointed', async () => {
    const memory = openMemoryHarness();
    const first = await uploadAndTake(memory, 'cat');
    const late = startUntil(memory, first, 'objects.readOriginal after', 'records.finish before');
    await late.standing;
    await memory.world.handle(await uploadAndTake(memory, 'cat again'));
    memory.time.now += BOUND_MS;
    await settle(memory);
    expect(memory.backend.renditions.size).toBe(4);
    await expect(late.release()).rejects.toThrow('Error without a code');
    expect(memory.backend.renditions.size).toBe(8);
    await expect(memory.world.handle(first)).resolves.toBe('stale');
    await settle(memory);
    expect(memory.backend.renditions.size).toBe(4);
  });

  test('one that was overtaken writes after the last sweep, and hears that it has no say: another sweep comes', async () => {
    const memory = openMemoryHarness();
    const first = await uploadAndTake(memory, 'cat');
    const late = startUntil(memory, first, 'objects.readOriginal after');
    await late.standing;
    await memory.world.handle(await uploadAndTake(memory, 'cat again'));
    memory.time.now += BOUND_MS;
    await settle(memory);
    await expect(late.release()).resolves.toBe('superseded');
    expect(memory.backend.renditions.size).toBe(8);
    await settle(memory);
    expect(memory.backend.renditions.size).toBe(4);
  });

  test('a sweep that listed a rendition does not delete the same one written anew', async () => {
    const memory = openMemoryHarness();
    await memory.world.handle(await uploadAndTake(memory, 'cat'));
    const [name = ''] = memory.backend.renditions.keys();
    const [rendition] = await memory.backend.objects.listRenditions(name);
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('the same'));
    await memory.backend.objects.deleteRendition(rendition as { name: string; generation: string });
    expect(memory.backend.renditions.has(name)).toBe(true);
  });

  test('one that was overtaken ends without a say, whichever of the two is slower', async () => {
    const memory = openMemoryHarness();
    const first = await uploadAndTake(memory, 'cat');
    const late = startUntil(memory, first, 'records.finish before');
    await late.standing;
    await memory.world.handle(await uploadAndTake(memory, 'cat again'));
    await expect(late.release()).resolves.toBe('superseded');
    const [image] = memory.backend.images.values();
    expect(image?.original.generation).toBe('1700000000000002');
  });
});
