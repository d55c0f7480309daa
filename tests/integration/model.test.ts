/** Histories with crashes, on the real Firestore and Storage of the local stack: fewer than in memory. */
import { parseConfig } from '../../functions/src/config/config.js';
import { openLibrary, type Library } from '../../functions/src/library/library.js';
import type { QueuedTask } from '../../functions/src/library/library.fake.js';
import { examine } from '../../functions/src/doctor/examine.js';
import { intercept, World, type Job } from '../../functions/src/ingest/world.fake.js';
import { closeProductsApp, Stage } from '../support/stack.js';

const HISTORIES = 40;
const CAT = 'model/alice/cat';

let stage: Stage;
let library: Library;
const tasks: QueuedTask[] = [];
const time = { passed: 0 };
const now = () => Date.now() + time.passed;

const PARAMETERS = {
  ORIGINALS_PATH: 'model/{uid}/{imageId}',
  VARIANTS_PATH: 'modelVariants',
  IMAGES_COLLECTION: 'model/{uid}/modelImages',
  TOKENS_COLLECTION: 'modelTokens',
  JOBS_COLLECTION: 'modelJobs',
  REVOCATION_SECONDS: '60',
};

beforeAll(() => {
  stage = new Stage();
  process.env['GCLOUD_PROJECT'] = stage.stack.projectId;
  const config = parseConfig({ BUCKET: stage.stack.bucket, ...PARAMETERS });
  const queues: Library['queues'] = {
    sweep: (task, at) => Promise.resolve(void tasks.push({ queue: 'sweep', task, at })),
    backfill: (task, id) => {
      return Promise.resolve(void tasks.push({ queue: 'backfill', task, id, at: now() }));
    },
    purge: (task) => Promise.resolve(void tasks.push({ queue: 'purge', task, at: now() })),
  };
  library = { ...openLibrary(config, {}), queues };
});
afterAll(async () => {
  await closeProductsApp();
  await stage.close();
});

/** The same numbers each time, so that a failure can be looked at again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 7919 + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

class Killed extends Error {}

/** Handles a job; kills it at its `killAt`th call. @returns whether it came to its end */
async function handle(world: World, job: Job, killAt: number): Promise<boolean> {
  let calls = 0;
  let kill: (error: Error) => void = () => {};
  const killed = new Promise<never>((_, reject) => (kill = reject));
  const watched = intercept(library, async (point) => {
    calls += 1;
    if (calls === killAt) await new Promise(() => kill(new Killed(point)));
  });
  try {
    await Promise.race([world.handle(job, watched), killed]);
    return true;
  } catch (error) {
    if (error instanceof Killed) return false;
    throw error;
  }
}

test.each(Array.from({ length: HISTORIES }, (_, seed) => seed))('history %i', async (seed) => {
  const random = randomOf(seed + 1);
  const bucket = {
    async put(name: string, data: Buffer) {
      const file = stage.bucket.file(name);
      await file.save(data, { resumable: false, metadata: { contentType: 'image/jpeg' } });
      return String((await file.getMetadata())[0].generation);
    },
    async delete(name: string) {
      await stage.bucket.file(name).delete();
    },
  };
  const parameters = { BUCKET: stage.stack.bucket, ...PARAMETERS };
  const world = new World({ library, bucket, tasks, now, parameters });
  let live: string | undefined;
  for (let action = 0; action < 4; action++) {
    if (live !== undefined && random(5) === 0) {
      await world.delete(CAT);
      live = undefined;
    } else {
      live = `${random(5) === 0 ? 'bad' : 'good'} ${seed}.${action}`;
      await world.upload(CAT, live);
    }
    // Some of what is there now, in any order, killed anywhere, twice.
    for (let deliveries = random(3); deliveries > 0 && world.events.length > 0; deliveries--) {
      const [event] = world.events.splice(random(world.events.length), 1);
      if (event === undefined) continue;
      const hasEnded = await handle(world, { kind: 'event', event }, 1 + random(24));
      if (!hasEnded || random(3) === 0) world.events.push(event);
    }
  }
  while (world.events.length + tasks.length > 0) {
    const [event] = world.events.splice(random(Math.max(1, world.events.length)), 1);
    if (event) await handle(world, { kind: 'event', event }, Infinity);
    const task = world.takeTask();
    if (task) await handle(world, { kind: 'task', task }, Infinity);
    if (!event && !task) time.passed += 10_000;
  }

  const keeper = { config: world.config, library, now, log: () => {} };
  const { findings, checked } = await examine(keeper, () => {});
  expect(findings).toEqual([]);
  const count = live === undefined ? 0 : 1;
  expect(checked).toMatchObject({ originals: count, images: count, tokens: count });
  const { image } = await library.records.find({ uid: 'alice', imageId: 'cat' });
  const state = live === undefined ? undefined : live.startsWith('bad') ? 'failed' : 'ready';
  expect(image?.state).toBe(state);
});
