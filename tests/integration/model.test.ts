/**
 * The model of histories.fake.ts on the real Firestore and Storage of the local stack: the same commands,
 * handlers side by side and killed, fewer histories than in memory.
 */
import fc from 'fast-check';
import { parseConfig } from '../../functions/src/config/config.js';
import { examine } from '../../functions/src/cli/doctor/examine.js';
import { ownerOf, type Owner } from '../../functions/src/domain/path.js';
import type { ImageRecord, TokenRecord } from '../../functions/src/domain/records.js';
import {
  operationSequences,
  runSequence,
  type Subject,
} from '../../functions/test/lifecycle/operation-sequences.js';
import { TestHarness } from '../../functions/test/lifecycle/test-harness.js';
import { openBackend, type Backend } from '../../functions/src/gcp/backend.js';
import type { QueuedTask } from '../../functions/test/gcp/in-memory-backend.js';
import { closeProductsApp, TestContext } from '../support/stack.js';

const SEED = Number(process.env['SEED'] ?? 6);
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 25);
const MOST_COMMANDS = 30;

let stage: TestContext;
let played = 0;

beforeAll(() => {
  stage = new TestContext();
  process.env['GCLOUD_PROJECT'] = stage.stack.projectId;
});
afterAll(async () => {
  await closeProductsApp();
  await stage.close();
});

/** Each history has a place of its own, which the functions of the stack don't hear of. */
function openSubject(seconds: string): Subject {
  const place = `model${(played += 1)}`;
  const parameters = {
    BUCKET: stage.stack.bucket,
    ORIGINALS_PATH: `${place}/{uid}/{imageId}`,
    VARIANTS_PATH: `${place}Variants`,
    IMAGES_COLLECTION: `${place}/{uid}/modelImages`,
    TOKENS_COLLECTION: `${place}Tokens`,
    JOBS_COLLECTION: `${place}Jobs`,
    REVOCATION_SECONDS: seconds,
  };
  const config = parseConfig(parameters);
  const time = { passed: 0 };
  const now = () => Date.now() + time.passed;
  const tasks: QueuedTask[] = [];
  const usedIds = new Set<string>();
  const queues: Backend['queues'] = {
    scheduleCleanup: (task, at) => Promise.resolve(void tasks.push({ queue: 'cleanup', task, at })),
    enqueueBackfill(task, id = `task-${usedIds.size}`) {
      if (!usedIds.has(id)) tasks.push({ queue: 'backfill', task, id, at: now() });
      usedIds.add(id);
      return Promise.resolve();
    },
    enqueuePurge: (task) => Promise.resolve(void tasks.push({ queue: 'purge', task, at: now() })),
  };
  const opened = openBackend(config, {});
  const objects: Backend['objects'] = {
    ...opened.objects,
    async deleteOriginal(name, generation) {
      await opened.objects.deleteOriginal(name, generation);
      // As Storage tells it, whoever deletes.
      if ((await opened.objects.findOriginal(name)) === undefined) world.noticeDeleted(name);
    },
  };
  const backend = { ...opened, objects, queues };
  const bucket = {
    async put(name: string, data: Buffer) {
      const file = stage.bucket.file(name);
      await file.save(data, {
        resumable: false,
        metadata: {
          contentType: 'image/jpeg',
          metadata: { firebaseStorageDownloadTokens: 'open' },
        },
      });
      return String((await file.getMetadata())[0].generation);
    },
    async delete(name: string) {
      await stage.bucket.file(name).delete();
    },
  };
  const world = new TestHarness({ backend, bucket, tasks, now, parameters });
  const names = [`${place}/alice/cat`, `${place}/alice/dog`];
  const owners = new Map(names.map((name) => [name, ownerOf(config.originalsPath, name) as Owner]));
  const tokens = stage.firestore.collection(config.tokensCollection);
  return {
    world,
    owners,
    async see() {
      const { items } = await backend.objects.listOriginals(`${place}/`, 10);
      const folders = await backend.objects.listFolders(`${config.variantsPath}/`, 10);
      const renditions = await Promise.all(
        folders.items.map((folder) => backend.objects.listRenditions(folder)),
      );
      const images = new Map<string, ImageRecord<number>>();
      for (const [name, owner] of owners) {
        const image = await backend.records.findImage(owner);
        if (image) images.set(name, image);
      }
      const { docs } = await tokens.get();
      return {
        originals: new Map(items.map(({ name, isOpen }) => [name, { locked: !isOpen }])),
        images,
        tokens: new Map(docs.map((token) => [token.id, token.data() as TokenRecord<number>])),
        renditions: new Set(renditions.flat().map(({ name }) => name)),
      };
    },
    async bytesOf(name) {
      const [data] = await stage.bucket.file(name).download();
      return data.toString();
    },
    addToken: async (hash, record) => void (await tokens.doc(hash).set(record)),
    deleteToken: async (hash) => void (await tokens.doc(hash).delete()),
    now,
    pass: (ms) => void (time.passed += ms),
    looksOften: false,
  };
}

test(`${SCHEDULES} histories end as they must, and the doctor agrees`, async () => {
  const bound = fc.constantFrom('0', '60');
  await fc.assert(
    fc.asyncProperty(
      operationSequences(2, MOST_COMMANDS),
      fc.nat(),
      bound,
      async (history, seed, seconds) => {
        const subject = openSubject(seconds);
        await runSequence(subject, history, seed);
        const { config, backend } = subject.world;
        const keeper = { config, backend, now: subject.now, log: () => {} };
        const { findings, elsewhere } = await examine(keeper, { graceMs: 0 });
        expect({ findings, elsewhere }).toEqual({ findings: [], elsewhere: { count: 0 } });
      },
    ),
    // Each one takes a second or two: what failed is told as it is.
    { numRuns: SCHEDULES, seed: SEED, endOnFailure: true },
  );
}, 300_000);
