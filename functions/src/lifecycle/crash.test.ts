/** Each handler is killed before and after each call it makes; the next delivery must make it good. */
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import {
  describe as describeWorld,
  intercept,
  type Job,
  type Point,
} from '../../test/lifecycle/test-harness.js';

type Memory = ReturnType<typeof openMemoryHarness>;
const CAT = 'originals/alice/cat';
const DOG = 'originals/alice/dog';

/** What happens, up to the events whose handling is killed; and how many images, tokens and renditions are left. */
const scenarios: [string, (memory: Memory) => Promise<void>, [number, number, number]][] = [
  [
    'an upload',
    async ({ world }) => {
      await world.upload(CAT, 'cat');
    },
    [1, 1, 4],
  ],
  [
    'an upload that is none',
    async ({ world }) => {
      await world.upload(CAT, 'bad');
    },
    [1, 1, 0],
  ],
  [
    'an upload over another',
    async (memory) => {
      await memory.world.upload(CAT, 'cat');
      await settle(memory);
      await memory.world.upload(CAT, 'cat again');
    },
    [1, 1, 4],
  ],
  [
    'two uploads over another, newest first',
    async (memory) => {
      await memory.world.upload(CAT, 'cat');
      await settle(memory);
      await memory.world.upload(CAT, 'cat again');
      await memory.world.upload(CAT, 'cat at last');
      memory.world.events.reverse();
    },
    [1, 1, 4],
  ],
  [
    'a bad upload over a good one',
    async (memory) => {
      await memory.world.upload(CAT, 'cat');
      await settle(memory);
      await memory.world.upload(CAT, 'bad');
    },
    [1, 1, 4],
  ],
  [
    'a good upload over a bad one',
    async (memory) => {
      await memory.world.upload(CAT, 'bad');
      await settle(memory);
      await memory.world.upload(CAT, 'cat');
    },
    [1, 1, 4],
  ],
  [
    'an upload that is deleted before its event',
    async ({ world }) => {
      await world.upload(CAT, 'cat');
      await world.delete(CAT);
    },
    [0, 0, 0],
  ],
  [
    'the same, its end heard of first',
    async ({ world }) => {
      await world.upload(CAT, 'cat');
      await world.delete(CAT);
      world.events.reverse();
    },
    [0, 0, 0],
  ],
  [
    'a deleted image',
    async (memory) => {
      await memory.world.upload(CAT, 'cat');
      await memory.world.upload(DOG, 'dog');
      await settle(memory);
      await memory.world.delete(CAT);
    },
    [1, 1, 4],
  ],
  [
    'other variants',
    async (memory) => {
      await memory.world.upload(CAT, 'cat');
      await memory.world.upload(DOG, 'bad');
      await settle(memory);
      memory.world.reconfigure({ VARIANTS: 'w40:40,w30:30' });
      await memory.backend.queues.enqueueBackfill({}, 'run');
    },
    [2, 2, 4],
  ],
  [
    'images from before',
    async (memory) => {
      for (let count = 1; count <= 12; count++) {
        await memory.world.upload(`originals/alice/${count}`, `picture ${count}`);
      }
      memory.world.events.length = 0;
      await memory.backend.queues.enqueueBackfill({}, 'run');
    },
    [12, 12, 48],
  ],
  [
    'a user who is gone',
    async (memory) => {
      await memory.world.upload(CAT, 'cat');
      await memory.world.upload(DOG, 'bad');
      await memory.world.upload('originals/bob/cat', 'cat');
      await settle(memory);
      // As when delete-user-data was here first.
      memory.backend.images.delete('users/alice/images/dog');
      await memory.backend.queues.enqueuePurge({ uid: 'alice' });
    },
    [1, 1, 4],
  ],
  [
    'an image whose record was deleted by hand',
    async (memory) => {
      await memory.world.upload(CAT, 'cat');
      await settle(memory);
      memory.backend.images.delete('users/alice/images/cat');
      await memory.backend.queues.enqueueBackfill({}, 'run');
    },
    [1, 1, 4],
  ],
  [
    'a run that another one replaces',
    async (memory) => {
      for (let count = 1; count <= 3; count++) {
        await memory.world.upload(`originals/alice/${count}`, `picture ${count}`);
      }
      memory.world.events.length = 0;
      await memory.backend.queues.enqueueBackfill({}, 'run');
      await memory.backend.queues.enqueueBackfill({}, 'newer');
    },
    [3, 3, 12],
  ],
  [
    'an original that goes, unheard of, while the backfill is at it',
    async (memory) => {
      const { world, backend } = memory;
      await world.upload(CAT, 'cat');
      await world.upload(DOG, 'dog');
      await settle(memory);
      await backend.jobs.start('run', 'settings', false);
      await backend.queues.enqueueBackfill({
        step: 'make',
        run: 'run',
        page: 0,
        names: [CAT, DOG],
      });
      await world.delete(CAT);
      world.events.length = 0;
    },
    [1, 1, 4],
  ],
  [
    'an app that needs download tokens',
    async (memory) => {
      memory.world.reconfigure({ LOCK_ORIGINALS: 'false' });
      await memory.world.upload(CAT, 'cat');
      await memory.world.upload(DOG, 'dog');
      await memory.world.delete(DOG);
    },
    [1, 1, 4],
  ],
];

class Killed extends Error {}

/** Runs a scenario, killing the handler at the given call; delivers what was killed again, last. */
async function run(scenario: (memory: Memory) => Promise<void>, killAt = Infinity) {
  const memory = openMemoryHarness();
  await scenario(memory);
  const points: Point[] = [];
  const { world } = memory;
  const handle = async (job: Job) => {
    const backend = intercept(world.backend, async (point) => {
      points.push(point);
      // Nothing that comes after is done: a process that is killed runs no `catch`.
      if (points.length === killAt) await new Promise(() => kill(new Killed(point)));
    });
    let kill: (error: Error) => void = () => {};
    const killed = new Promise<never>((_, reject) => (kill = reject));
    try {
      await Promise.race([world.handle(job, backend), killed]);
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

test.each(scenarios)('%s', async (_name, scenario, [images, tokens, renditions]) => {
  const { points, end, memory } = await run(scenario);
  expect(points.length).toBeGreaterThan(4);
  const { backend } = memory;
  const left = [backend.images.size, backend.tokens.size, backend.renditions.size];
  expect(left).toEqual([images, tokens, renditions]);
  for (let killAt = 1; killAt <= points.length; killAt++) {
    const killed = await run(scenario, killAt);
    expect({ killAt: points[killAt - 1], ...killed.end }).toEqual({
      killAt: points[killAt - 1],
      ...end,
    });
    total += 1;
  }
});

test('the points that were killed at are hundreds', () => {
  process.stderr.write(`killed at ${total} points\n`);
  expect(total).toBeGreaterThan(700);
});

test('images from before are all told of', async () => {
  const [, scenario] = scenarios.find(([name]) => name === 'images from before') ?? [];
  const { memory } = await run(scenario as (memory: Memory) => Promise<void>);
  expect(memory.backend.progress.current).toMatchObject({ state: 'done', total: 12, done: 12 });
});
