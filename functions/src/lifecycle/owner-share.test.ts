/**
 * How long uploads wait for each other when each instance decodes one image: a simulation in virtual time, see
 * functions/test/lifecycle/cloud-run.ts.
 */
import {
  CloudRunSimulation,
  type Shape,
  type SimulatedUpload,
} from '../../test/lifecycle/cloud-run.js';
import { UPLOADS_PER_OWNER } from '../domain/tasks.js';

const SECOND = 1000;

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What has not happened counts as infinitely late. */
function valuesOf(
  uploads: SimulatedUpload[],
  name: 'revokedAfter' | 'startedAfter' | 'endedAfter',
): number[] {
  return uploads.map((upload) => upload[name] ?? Infinity).sort((a, b) => a - b);
}

function median(sorted: number[]): number {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Infinity;
}

/** Mallory uploads 1,000 files that take a minute each to decode; Bob uploads a photo every 5 seconds. */
async function flood(shape: Shape) {
  const simulation = new CloudRunSimulation(shape);
  const { clock } = simulation;
  const start = clock.now;
  for (let n = 0; n < 1000; n++) simulation.upload(`originals/mallory/${n}`, 60);
  const photos: SimulatedUpload[] = [];
  for (let second = 5; second <= 100; second += 5) {
    await clock.runUntil(start + second * SECOND);
    photos.push(simulation.upload(`originals/bob/${second}`, 1));
  }
  await clock.runUntil(start + 300 * SECOND);
  return { simulation, photos };
}

describe('a flood of slow files of one owner', () => {
  let queued: Awaited<ReturnType<typeof flood>>;
  beforeAll(async () => {
    queued = await flood('queue');
  }, 300_000);

  test('delays no lock: the median is below 2 seconds, whatever processing does', () => {
    const { simulation, photos } = queued;
    const all = valuesOf(simulation.uploads, 'revokedAfter');
    const bobs = valuesOf(photos, 'revokedAfter');
    print(
      `locked after: median ${median(all)} ms, at most ${all.at(-1)} ms, Bob's ${bobs.at(-1)} ms`,
    );
    expect(median(all)).toBeLessThan(2 * SECOND);
    expect(all.at(-1)).toBeLessThan(2 * SECOND);
  });

  test('delays the uploads of others by less than 10 seconds', () => {
    const { simulation, photos } = queued;
    const started = valuesOf(photos, 'startedAfter');
    print(`decoding of Bob's photos began after ${started[0]} to ${started.at(-1)} ms`);
    expect(started.at(-1)).toBeLessThan(10 * SECOND);
    expect(simulation.mostRunning.get('mallory')).toBe(UPLOADS_PER_OWNER);
  });

  test('the simulation shows what happens when one function both locks and decodes', async () => {
    const { simulation, photos } = await flood('one-function');
    const all = valuesOf(simulation.uploads, 'revokedAfter');
    const locked = all.filter((ms) => ms < Infinity).length;
    print(
      `one function: ${locked} of ${all.length} locked in 300 s, Bob's ${median(valuesOf(photos, 'revokedAfter'))} ms`,
    );
    expect(median(all)).toBeGreaterThan(100 * SECOND);
    expect(median(valuesOf(photos, 'revokedAfter'))).toBeGreaterThan(100 * SECOND);
  });

  test('ends: each upload gets its turn, and the share is used all the time', async () => {
    const simulation = new CloudRunSimulation();
    const { clock, backend } = simulation;
    for (let n = 0; n < 200; n++) simulation.upload(`originals/mallory/${n}`, 61);
    const shortest = (200 / UPLOADS_PER_OWNER) * 61 * SECOND;
    await clock.runUntil(clock.now + shortest * 1.5);
    const last = valuesOf(simulation.uploads, 'endedAfter').at(-1) ?? Infinity;
    print(
      `200 slow files: ${(last / shortest).toFixed(2)} of the shortest time, ${simulation.heavy.requests} tasks`,
    );
    expect(last).toBeLessThan(shortest * 1.35);
    const states = new Set([...backend.images.values()].map(({ state }) => state));
    expect(states).toEqual(new Set(['failed']));
    expect(simulation.mostRunning.get('mallory')).toBe(UPLOADS_PER_OWNER);
  });
});

test('200 ordinary photos of one owner take little longer than at ten at a time', async () => {
  const simulation = new CloudRunSimulation();
  const { clock } = simulation;
  for (let n = 0; n < 200; n++) simulation.upload(`originals/bob/${n}`, 1);
  await clock.runUntil(clock.now + 120 * SECOND);
  const last = valuesOf(simulation.uploads, 'endedAfter').at(-1) ?? Infinity;
  print(`200 photos: ${last} ms, ${simulation.heavy.requests} tasks`);
  // 1.2 seconds each with the calls to Google, and the cold starts.
  const shortest = ((200 / UPLOADS_PER_OWNER) * 1.2 + 4) * SECOND;
  expect(last).toBeLessThan(shortest * 1.5);
  expect(simulation.mostRunning.get('bob')).toBe(UPLOADS_PER_OWNER);
});

test('uploads over one original run one at a time, and the newest wins', async () => {
  const simulation = new CloudRunSimulation();
  const { clock, backend } = simulation;
  for (let n = 0; n < 100; n++) {
    simulation.upload('originals/mallory/same', 50);
    await clock.runUntil(clock.now + SECOND);
  }
  await clock.runUntil(clock.now + 600 * SECOND);
  expect(simulation.mostRunning.get('mallory')).toBe(1);
  const [image] = backend.images.values();
  expect(image).toMatchObject({ state: 'ready', original: { generation: '100' } });
});
