/**
 * The operation sequences of operation-sequences.ts against Firestore and Storage of the local stack: the same
 * operations and concurrent handlers, fewer sequences than in memory.
 */
import fc from 'fast-check';
import { parseConfig } from '../../functions/src/config/config.js';
import { examine } from '../../functions/src/cli/doctor/examine.js';
import { ownerOf, type Owner } from '../../functions/src/domain/path.js';
import type { ImageRecord, TokenRecord } from '../../functions/src/domain/records.js';
import type { Subject } from '../../functions/test/lifecycle/model-checker.js';
import {
  operationSequences,
  runSequence,
} from '../../functions/test/lifecycle/operation-sequences.js';
import { TestHarness } from '../../functions/test/lifecycle/test-harness.js';
import { openBackend, type Backend } from '../../functions/src/gcp/backend.js';
import type { QueuedTask } from '../../functions/test/gcp/in-memory-backend.js';
import { closeProductsApp, TestContext } from '../support/stack.js';

const SEED = Number(process.env['SEED'] ?? 6);
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 25);
const MAX_OPERATIONS = 30;

let context: TestContext;
let subjects = 0;

beforeAll(() => {
  context = new TestContext();
  process.env['GCLOUD_PROJECT'] = context.stack.projectId;
});
afterAll(async () => {
  await closeProductsApp();
  await context.close();
});

/** Opens paths and collections for one sequence; the deployed functions do not handle their events. */
function openSubject(seconds: string): Subject {
  const root = `model${(subjects += 1)}`;
  const parameters = {
    BUCKET: context.stack.bucket,
    ORIGINALS_PATH: `${root}/{uid}/{imageId}`,
    VARIANTS_PATH: `${root}Variants`,
    IMAGES_COLLECTION: `${root}/{uid}/modelImages`,
    TOKENS_COLLECTION: `${root}Tokens`,
    JOBS_COLLECTION: `${root}Jobs`,
    REVOCATION_SECONDS: seconds,
  };
  const config = parseConfig(parameters);
  const time = { offset: 0 };
  const now = () => Date.now() + time.offset;
  const tasks: QueuedTask[] = [];
  const usedIds = new Set<string>();
  const queues: Backend['queues'] = {
    enqueueProcess(task, id, at = now()) {
      if (!usedIds.has(id)) tasks.push({ queue: 'processImage', task, id, at });
      usedIds.add(id);
      return Promise.resolve();
    },
    scheduleCleanup: (task, at) => Promise.resolve(void tasks.push({ queue: 'cleanup', task, at })),
    enqueueBackfill(task, id = `task-${usedIds.size}`) {
      if (!usedIds.has(id)) tasks.push({ queue: 'backfill', task, id, at: now() });
      usedIds.add(id);
      return Promise.resolve();
    },
    enqueuePurge: (task) => Promise.resolve(void tasks.push({ queue: 'purge', task, at: now() })),
  };
  const stackBackend = openBackend(config, {}, now);
  const objects: Backend['objects'] = {
    ...stackBackend.objects,
    async deleteOriginal(name, generation) {
      await stackBackend.objects.deleteOriginal(name, generation);
      // Storage emits the same event whether a client or a function deletes an object.
      if ((await stackBackend.objects.findOriginal(name)) === undefined)
        harness.noticeDeleted(name);
    },
  };
  const backend = { ...stackBackend, objects, queues };
  const bucket = {
    async put(name: string, data: Buffer) {
      const file = context.bucket.file(name);
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
      await context.bucket.file(name).delete();
    },
  };
  const harness = new TestHarness({ backend, bucket, tasks, now, parameters });
  const names = [`${root}/alice/cat`, `${root}/alice/dog`];
  const owners = new Map(names.map((name) => [name, ownerOf(config.originalsPath, name) as Owner]));
  const tokens = context.firestore.collection(config.tokensCollection);
  return {
    harness,
    owners,
    async readState() {
      const { items } = await backend.objects.listOriginals(`${root}/`, 10);
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
        originals: new Map(items.map(({ name, hasDownloadToken }) => [name, { hasDownloadToken }])),
        images,
        tokens: new Map(docs.map((token) => [token.id, token.data() as TokenRecord<number>])),
        renditions: new Set(renditions.flat().map(({ name }) => name)),
      };
    },
    async readRendition(name) {
      const [data] = await context.bucket.file(name).download();
      return data.toString();
    },
    addToken: async (hash, record) => void (await tokens.doc(hash).set(record)),
    deleteToken: async (hash) => void (await tokens.doc(hash).delete()),
    now,
    advanceTime: (ms) => void (time.offset += ms),
    checksEveryCall: false,
  };
}

test(`the final state is correct after each of ${SCHEDULES} operation sequences, and the doctor finds nothing`, async () => {
  const bound = fc.constantFrom('0', '60');
  await fc.assert(
    fc.asyncProperty(
      operationSequences(2, MAX_OPERATIONS),
      fc.nat(),
      bound,
      async (sequence, seed, seconds) => {
        const subject = openSubject(seconds);
        await runSequence(subject, sequence, seed);
        const { config, backend } = subject.harness;
        const lifecycle = { config, backend, now: subject.now, log: () => {} };
        const { findings, elsewhere } = await examine(lifecycle, { graceMs: 0 });
        expect({ findings, elsewhere }).toEqual({ findings: [], elsewhere: { count: 0 } });
      },
    ),
    // A sequence takes a second or two: report the first failure without shrinking.
    { numRuns: SCHEDULES, seed: SEED, endOnFailure: true },
  );
}, 300_000);
