/** Kills each handler before and after each of its calls; the next delivery must complete the work. */
import { TRIES_PER_TASK } from '../domain/tasks.js';
import {
  openMemoryHarness,
  settle,
  type MemoryHarness,
} from '../../test/lifecycle/memory-harness.js';
import {
  intercept,
  takeSnapshot,
  type Job,
  type Point,
} from '../../test/lifecycle/test-harness.js';

const CAT = 'originals/alice/cat';
const DOG = 'originals/alice/dog';
const EXISTING_IMAGES = 'existing images';

/** Two uploads of a user who may have one image. */
async function uploadTooMany(
  memory: MemoryHarness,
  parameters: Record<string, string> = {},
): Promise<void> {
  memory.harness.reconfigure({ MAX_IMAGES_PER_USER: '1', ...parameters });
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  await memory.harness.upload(DOG, 'dog');
}

const KEEP_EXCESS = { DELETE_EXCESS_ORIGINALS: 'false' };

/** Operations up to the events whose handlers are killed, and the final number of images, tokens and renditions. */
const scenarios: [string, (memory: MemoryHarness) => Promise<void>, [number, number, number]][] = [
  [
    'an upload',
    async ({ harness }) => {
      await harness.upload(CAT, 'cat');
    },
    [1, 1, 4],
  ],
  [
    'an upload that is not an image',
    async ({ harness }) => {
      await harness.upload(CAT, 'bad');
    },
    [1, 1, 0],
  ],
  [
    'an upload over another',
    async (memory) => {
      await memory.harness.upload(CAT, 'cat');
      await settle(memory);
      await memory.harness.upload(CAT, 'cat again');
    },
    [1, 1, 4],
  ],
  [
    'two uploads over another, newest event first',
    async (memory) => {
      await memory.harness.upload(CAT, 'cat');
      await settle(memory);
      await memory.harness.upload(CAT, 'cat again');
      await memory.harness.upload(CAT, 'third cat');
      memory.harness.events.reverse();
    },
    [1, 1, 4],
  ],
  [
    'a bad upload over a good one',
    async (memory) => {
      await memory.harness.upload(CAT, 'cat');
      await settle(memory);
      await memory.harness.upload(CAT, 'bad');
    },
    [1, 1, 4],
  ],
  [
    'a good upload over a bad one',
    async (memory) => {
      await memory.harness.upload(CAT, 'bad');
      await settle(memory);
      await memory.harness.upload(CAT, 'cat');
    },
    [1, 1, 4],
  ],
  [
    'an upload that is deleted before its event',
    async ({ harness }) => {
      await harness.upload(CAT, 'cat');
      await harness.delete(CAT);
    },
    [0, 0, 0],
  ],
  [
    'the same, with the deletion delivered first',
    async ({ harness }) => {
      await harness.upload(CAT, 'cat');
      await harness.delete(CAT);
      harness.events.reverse();
    },
    [0, 0, 0],
  ],
  [
    'a deleted image',
    async (memory) => {
      await memory.harness.upload(CAT, 'cat');
      await memory.harness.upload(DOG, 'dog');
      await settle(memory);
      await memory.harness.delete(CAT);
    },
    [1, 1, 4],
  ],
  [
    'changed variants',
    async (memory) => {
      await memory.harness.upload(CAT, 'cat');
      await memory.harness.upload(DOG, 'bad');
      await settle(memory);
      memory.harness.reconfigure({ VARIANTS: 'w40:40,w30:30' });
      await memory.backend.queues.enqueueBackfill({}, 'run');
    },
    [2, 2, 4],
  ],
  [
    EXISTING_IMAGES,
    async (memory) => {
      for (let count = 1; count <= 12; count++) {
        await memory.harness.upload(`originals/alice/${count}`, `image ${count}`);
      }
      memory.harness.events.length = 0;
      await memory.backend.queues.enqueueBackfill({}, 'run');
    },
    [12, 12, 48],
  ],
  [
    'a purged user',
    async (memory) => {
      await memory.harness.upload(CAT, 'cat');
      await memory.harness.upload(DOG, 'bad');
      await memory.harness.upload('originals/bob/cat', 'cat');
      await settle(memory);
      // As if the extension Delete User Data had run first.
      memory.backend.images.delete('users/alice/images/dog');
      await memory.backend.queues.enqueuePurge({ uid: 'alice' });
    },
    [1, 1, 4],
  ],
  [
    'an image whose record was deleted by hand',
    async (memory) => {
      await memory.harness.upload(CAT, 'cat');
      await settle(memory);
      memory.backend.images.delete('users/alice/images/cat');
      await memory.backend.queues.enqueueBackfill({}, 'run');
    },
    [1, 1, 4],
  ],
  [
    'a replaced backfill run',
    async (memory) => {
      for (let count = 1; count <= 3; count++) {
        await memory.harness.upload(`originals/alice/${count}`, `image ${count}`);
      }
      memory.harness.events.length = 0;
      await memory.backend.queues.enqueueBackfill({}, 'run');
      await memory.backend.queues.enqueueBackfill({}, 'newer');
    },
    [3, 3, 12],
  ],
  [
    'an original deleted during the backfill, without an event',
    async (memory) => {
      const { harness, backend } = memory;
      await harness.upload(CAT, 'cat');
      await harness.upload(DOG, 'dog');
      await settle(memory);
      await backend.jobs.start('run', 'settings', false);
      await backend.queues.enqueueBackfill({
        step: 'process',
        run: 'run',
        page: 0,
        names: [CAT, DOG],
      });
      await harness.delete(CAT);
      harness.events.length = 0;
    },
    [1, 1, 4],
  ],
  ['an upload beyond the limit', uploadTooMany, [2, 1, 4]],
  [
    'the same, while originals beyond the limit are kept',
    (memory) => uploadTooMany(memory, KEEP_EXCESS),
    [2, 1, 4],
  ],
  [
    'an upload over a refused one, after another image was deleted',
    async (memory) => {
      await uploadTooMany(memory);
      await settle(memory);
      await memory.harness.delete(CAT);
      await settle(memory);
      await memory.harness.upload(DOG, 'dog again');
    },
    [1, 1, 4],
  ],
  [
    'a raised limit',
    async (memory) => {
      await uploadTooMany(memory, KEEP_EXCESS);
      await settle(memory);
      memory.harness.reconfigure({ MAX_IMAGES_PER_USER: '2' });
      await memory.backend.queues.enqueueBackfill({}, 'run');
    },
    [2, 2, 8],
  ],
  [
    'a purged user with a refused upload',
    async (memory) => {
      await uploadTooMany(memory);
      await settle(memory);
      await memory.backend.queues.enqueuePurge({ uid: 'alice' });
    },
    [0, 0, 0],
  ],
  [
    'an app that uses download tokens',
    async (memory) => {
      memory.harness.reconfigure({ LOCK_ORIGINALS: 'false' });
      await memory.harness.upload(CAT, 'cat');
      await memory.harness.upload(DOG, 'dog');
      await memory.harness.delete(DOG);
    },
    [1, 1, 4],
  ],
];

class Killed extends Error {}

/** Runs a scenario and kills the handler at the given point; its event or task is delivered again, last. */
async function run(scenario: (memory: MemoryHarness) => Promise<void>, killAt = Infinity) {
  const memory = openMemoryHarness();
  await scenario(memory);
  const points: Point[] = [];
  const { harness } = memory;
  const handle = async (job: Job) => {
    const backend = intercept(harness.backend, async (point) => {
      points.push(point);
      // Never resolves: no line after this one runs, as in a killed process.
      if (points.length === killAt) await new Promise(() => kill(new Killed(point)));
    });
    let kill: (error: Error) => void = () => {};
    const killed = new Promise<never>((_, reject) => (kill = reject));
    try {
      await Promise.race([harness.handle(job, backend), killed]);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      harness.redeliver(job);
    }
  };
  await settle(memory, handle);
  return { points, end: await takeSnapshot(harness), memory };
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

test('an upload is processed although its process dies in each delivery of its first task', async () => {
  const [, scenario] = scenarios[2] as (typeof scenarios)[number];
  const { end } = await run(scenario);
  let endedTasks = 0;
  // A redelivery first enqueues the next task, in two points.
  for (let killAt = 3; killAt <= 20; killAt++) {
    const memory = openMemoryHarness();
    await scenario(memory);
    const { harness } = memory;
    let kills = 0;
    await settle(memory, async (job) => {
      const isFirst =
        job.kind === 'task' && job.task.queue === 'processImage' && !job.task.task.turn;
      let points = 0;
      const killed = new Promise<boolean>((resolve) => {
        const backend = intercept(harness.backend, async () => {
          points += 1;
          if (isFirst && points === killAt) await new Promise(() => resolve(true));
        });
        void harness.handle(job, backend).then(() => resolve(false));
      });
      if (!(await killed)) return;
      kills += 1;
      harness.redeliver(job);
    });
    // After the result was written, a redelivery makes fewer calls.
    if (kills === TRIES_PER_TASK) endedTasks += 1;
    expect({ killAt, ...(await takeSnapshot(harness)) }).toEqual({ killAt, ...end });
  }
  expect(endedTasks).toBeGreaterThan(9);
});

test('handlers are killed at more than 700 points', () => {
  process.stderr.write(`killed at ${total} points\n`);
  expect(total).toBeGreaterThan(700);
});

test('the backfill records all existing images', async () => {
  const [, scenario] = scenarios.find(([name]) => name === EXISTING_IMAGES) ?? [];
  const { memory } = await run(scenario as (memory: MemoryHarness) => Promise<void>);
  expect(memory.backend.progress.current).toMatchObject({ state: 'done', total: 12, done: 12 });
});
