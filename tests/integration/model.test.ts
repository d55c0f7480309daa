/**
 * The operation sequences of operation-sequences.ts against Firestore and Storage of the local stack: the same
 * operations and concurrent handlers, fewer sequences than in memory.
 */
import fc from 'fast-check';
import { ownerOf, type Owner } from '../../functions/src/domain/path.js';
import type { ImageRecord, TokenRecord } from '../../functions/src/domain/records.js';
import type { Subject } from '../../functions/test/lifecycle/model-subject.js';
import {
  operationSequences,
  runSequence,
} from '../../functions/test/lifecycle/operation-sequences.js';
import { BackendTestContext } from '../support/stack.js';
import { openStackHarness, type StackHarness } from '../support/stack-harness.js';

const SEED = Number(process.env['SEED'] ?? 6);
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 25);
const MAX_OPERATIONS = 30;

let context: BackendTestContext;
let subjects = 0;

beforeAll(() => {
  context = new BackendTestContext();
});
afterAll(() => context.close());

/** Opens paths and collections for one sequence; the deployed functions do not handle their events. */
function openSubject(seconds: string): Subject & Pick<StackHarness, 'findings'> {
  const root = `model${(subjects += 1)}`;
  const stack = openStackHarness(context, root, { REVOCATION_SECONDS: seconds });
  const { harness, backend, time } = stack;
  const { config } = harness;
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
      const [{ uid }] = owners.values() as Iterable<Owner> as [Owner];
      const shares = (await backend.shares.list(1000, undefined, uid)).items;
      return {
        originals: new Map(items.map((original) => [original.name, original])),
        images,
        tokens: new Map(docs.map((token) => [token.id, token.data() as TokenRecord<number>])),
        shares: new Map(shares.map(({ shareId, share }) => [shareId, share])),
        renditions: new Set(renditions.flat().map(({ name }) => name)),
      };
    },
    async readRendition(name) {
      const [data] = await context.bucket.file(name).download();
      return data.toString();
    },
    deleteToken: async (hash) => void (await tokens.doc(hash).delete()),
    now: () => time.now,
    advanceTime: (ms) => void (time.now += ms),
    checksEveryCall: false,
    findings: stack.findings,
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
        const { findings, elsewhere } = await subject.findings();
        expect({ findings, elsewhere }).toEqual({ findings: [], elsewhere: { count: 0 } });
      },
    ),
    // A sequence takes a second or two: report the first failure without shrinking.
    { numRuns: SCHEDULES, seed: SEED, endOnFailure: true },
  );
}, 300_000);
