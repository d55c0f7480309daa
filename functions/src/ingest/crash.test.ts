/** Each handler is killed before and after each call it makes; the next delivery must make it good. */
import { openMemory, settle } from './memory.fake.js';
import { describe as describeWorld, intercept, type Job, type Point } from './world.fake.js';

type Memory = ReturnType<typeof openMemory>;
const CAT = 'originals/alice/cat';
const DOG = 'originals/alice/dog';

/** What happens, up to the events whose handling is killed. */
const scenarios: Record<string, (memory: Memory) => Promise<void>> = {
  'an upload': async ({ world }) => {
    await world.upload(CAT, 'cat');
  },
  'an upload that is none': async ({ world }) => {
    await world.upload(CAT, 'bad');
  },
  'an upload over another': async (memory) => {
    await memory.world.upload(CAT, 'cat');
    await settle(memory);
    await memory.world.upload(CAT, 'cat again');
  },
  'two uploads over another, newest first': async (memory) => {
    await memory.world.upload(CAT, 'cat');
    await settle(memory);
    await memory.world.upload(CAT, 'cat again');
    await memory.world.upload(CAT, 'cat at last');
    memory.world.events.reverse();
  },
  'a bad upload over a good one': async (memory) => {
    await memory.world.upload(CAT, 'cat');
    await settle(memory);
    await memory.world.upload(CAT, 'bad');
  },
  'a good upload over a bad one': async (memory) => {
    await memory.world.upload(CAT, 'bad');
    await settle(memory);
    await memory.world.upload(CAT, 'cat');
  },
  'an upload that is deleted before its event': async ({ world }) => {
    await world.upload(CAT, 'cat');
    await world.delete(CAT);
  },
  'the same, its end heard of first': async ({ world }) => {
    await world.upload(CAT, 'cat');
    await world.delete(CAT);
    world.events.reverse();
  },
  'a deleted image': async (memory) => {
    await memory.world.upload(CAT, 'cat');
    await memory.world.upload(DOG, 'dog');
    await settle(memory);
    await memory.world.delete(CAT);
  },
  'other variants': async (memory) => {
    await memory.world.upload(CAT, 'cat');
    await memory.world.upload(DOG, 'bad');
    await settle(memory);
    memory.world.reconfigure({ VARIANTS: 'w40:40,w30:30' });
    await memory.library.queues.backfill({}, 'run');
  },
  'images from before': async (memory) => {
    for (let count = 1; count <= 12; count++) {
      await memory.world.upload(`originals/alice/${count}`, `picture ${count}`);
    }
    memory.world.events.length = 0;
    await memory.library.queues.backfill({}, 'run');
  },
  'a user who is gone': async (memory) => {
    await memory.world.upload(CAT, 'cat');
    await memory.world.upload(DOG, 'bad');
    await memory.world.upload('originals/bob/cat', 'cat');
    await settle(memory);
    // As when delete-user-data was here first.
    memory.library.images.delete('users/alice/images/dog');
    await memory.library.queues.purge({ uid: 'alice' });
  },
};

class Killed extends Error {}

/** Runs a scenario, killing the handler at the given call; delivers what was killed again, last. */
async function run(scenario: (memory: Memory) => Promise<void>, killAt = Infinity) {
  const memory = openMemory();
  await scenario(memory);
  const points: Point[] = [];
  const { world } = memory;
  const handle = async (job: Job) => {
    const library = intercept(world.library, async (point) => {
      points.push(point);
      // Nothing that comes after is done: a process that is killed runs no `catch`.
      if (points.length === killAt) await new Promise(() => kill(new Killed(point)));
    });
    let kill: (error: Error) => void = () => {};
    const killed = new Promise<never>((_, reject) => (kill = reject));
    try {
      await Promise.race([world.handle(job, library), killed]);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      if (job.kind === 'event') world.events.push(job.event);
      else world.tasks.push(job.task);
    }
  };
  await settle(memory, handle);
  return { points, end: await describeWorld(world), memory };
}

let total = 0;

test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
  const { points, end } = await run(scenario);
  expect(points.length).toBeGreaterThan(4);
  for (let killAt = 1; killAt <= points.length; killAt++) {
    const killed = await run(scenario, killAt);
    expect({ killAt: points[killAt - 1], ...killed.end }).toEqual({
      killAt: points[killAt - 1],
      ...end,
    });
    total += 1;
  }
});

test('the points that were killed at are hundreds, and each end is as it should be', async () => {
  expect(total).toBeGreaterThan(500);
  const { end } = await run(scenarios['a deleted image'] as (memory: Memory) => Promise<void>);
  expect(end).toMatchObject({ originals: [{ name: DOG }], records: [{ name: 'alice/dog' }] });
  const purged = await run(scenarios['a user who is gone'] as (memory: Memory) => Promise<void>);
  expect(purged.end).toMatchObject({ records: [{ name: 'bob/cat' }] });
  expect((purged.end as { renditions: string[] }).renditions).toHaveLength(4);
  const { memory } = await run(
    scenarios['images from before'] as (memory: Memory) => Promise<void>,
  );
  expect(memory.library.progress.current).toMatchObject({ state: 'done', total: 12, done: 12 });
  expect(memory.library.images.size).toBe(12);
});
