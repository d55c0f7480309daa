/** Kills each handler before and after each of its calls; the next delivery must complete the work. */
import { EVENT_NAMES } from '../domain/events.js';
import { TRIES_PER_TASK } from '../domain/tasks.js';
import { EXISTING_IMAGES, scenarios, type Scenario } from '../../test/lifecycle/crash-scenarios.js';
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

class Killed extends Error {}

/** Runs a scenario and kills the handler at the given point; its event or task is delivered again, last. */
async function run(scenario: Scenario, killAt = Infinity) {
  const memory = openMemoryHarness({ EVENTS: EVENT_NAMES.join() });
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
      // The client waits for an answer before its next call.
      if (job.kind === 'call') harness.calls.unshift(job.call);
      else harness.redeliver(job);
    }
  };
  await settle(memory, handle);
  return { points, end: await takeSnapshot(harness), memory };
}

/** The events about the final state, each once. */
function finalEvents({ backend }: MemoryHarness): Set<string> {
  const images = new Map(
    [...backend.images].map(([path, { state, original }]) => [
      path,
      `${state} ${original.generation}`,
    ]),
  );
  const final = backend.published.filter(({ name, data }) => {
    const image = images.get(`users/${data.uid}/images/${data.imageId}`);
    if (name === 'onDeleted') return image === undefined;
    return (
      name === 'onRevoked' || ('state' in data && image === `${data.state} ${data.generation}`)
    );
  });
  return new Set(final.map((event) => JSON.stringify(event)));
}

/** Where the deletion of a record is no answer to an event of Cloud Storage, nothing repeats it: see docs/guides/events.md. */
const WITHOUT_DELETED_EVENT = [
  'an original deleted during the backfill, without an event',
  'a purged user with a refused upload',
];

let total = 0;
let events = 0;

test.each(scenarios)('%s', async (name, scenario, [images, tokens, renditions]) => {
  const { points, end, memory } = await run(scenario);
  expect(points.length).toBeGreaterThan(3);
  const { backend } = memory;
  const left = [backend.images.size, backend.tokens.size, backend.renditions.size];
  expect(left).toEqual([images, tokens, renditions]);
  for (let killAt = 1; killAt <= points.length; killAt++) {
    const killed = await run(scenario, killAt);
    expect({ killAt: points[killAt - 1], ...killed.end }).toEqual({
      killAt: points[killAt - 1],
      ...end,
    });
    // At least once: a handler may die after it has recorded something and before it has published that.
    const published = finalEvents(killed.memory);
    const isRepeated = (event: string) =>
      !(WITHOUT_DELETED_EVENT.includes(name) && event.includes('onDeleted'));
    const missing = [...finalEvents(memory)].filter(
      (event) => !published.has(event) && isRepeated(event),
    );
    expect({ killAt: points[killAt - 1], missing }).toEqual({
      killAt: points[killAt - 1],
      missing: [],
    });
    total += 1;
    events += published.size;
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

test('handlers are killed at more than 1,200 points', () => {
  process.stderr.write(`killed at ${total} points\n`);
  expect(total).toBeGreaterThan(1200);
  expect(events).toBeGreaterThan(1200);
});

test('the backfill records all existing images', async () => {
  const [, scenario] = scenarios.find(([name]) => name === EXISTING_IMAGES) ?? [];
  const { memory } = await run(scenario as Scenario);
  expect(memory.backend.progress.current).toMatchObject({ state: 'done', total: 12, done: 12 });
});
