/** Thousands of operation sequences against the backend in memory: see operation-sequences.ts. */
import fc from 'fast-check';
import { ownerOf, type Owner } from '../domain/path.js';
import { randomRuns } from '../../test/long-tests.js';
import type { ModelChecker } from '../../test/lifecycle/model-checker.js';
import type { Subject } from '../../test/lifecycle/model-subject.js';
import { operationSequences, runSequence } from '../../test/lifecycle/operation-sequences.js';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';

/** The same sequences on each run; for others, or more, set `SEED=7 SCHEDULES=20000`. */
const SEED = Number(process.env['SEED'] ?? 6);
const SCHEDULES = Number(process.env['SCHEDULES'] ?? randomRuns(2000));
const NAMES = ['originals/alice/cat', 'originals/alice/dog'];

function openSubject(parameters: Record<string, string>): Subject {
  const { harness, backend, time } = openMemoryHarness(parameters);
  const owners = new Map(
    NAMES.map((name) => [name, ownerOf(harness.config.originalsPath, name) as Owner]),
  );
  return {
    harness,
    owners,
    readState: () =>
      Promise.resolve({
        originals: backend.originals,
        images: new Map(
          [...owners].flatMap(([name, { uid, imageId }]) => {
            const image = backend.images.get(`users/${uid}/images/${imageId}`);
            return image ? [[name, image]] : [];
          }),
        ),
        tokens: backend.tokens,
        shares: new Map(
          [...backend.shareRecords].map(([key, share]) => [key.slice(key.indexOf('/') + 1), share]),
        ),
        renditions: new Set(backend.renditions.keys()),
      }),
    readRendition: (name) => Promise.resolve(backend.renditions.get(name)?.toString()),
    deleteToken: (hash) => Promise.resolve(void backend.tokens.delete(hash)),
    now: () => time.now,
    advanceTime: (ms) => void (time.now += ms),
    checksEveryCall: true,
  };
}

/** What all sequences of a test have run. */
const total = { states: 0, handlers: 0, backendCalls: 0, kills: 0 };
const answers = new Map<string, number>();
const add = ({ counts, sharing, views }: ModelChecker) => {
  for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counts[name];
  for (const [action, count] of sharing.answers)
    answers.set(action, (answers.get(action) ?? 0) + count);
  for (const [name, count] of Object.entries(views.counts))
    answers.set(name, (answers.get(name) ?? 0) + count);
};
afterAll(() => {
  const { states, handlers, backendCalls, kills } = total;
  process.stderr.write(
    `${SCHEDULES * 1.5} sequences: ${handlers} handlers, ${backendCalls} backend calls, ${kills} handlers killed, ` +
      `${states} states checked; answers: ${JSON.stringify([...answers])}\n`,
  );
});

test(`the final state is correct after each of ${SCHEDULES} operation sequences`, async () => {
  const bound = fc.constantFrom('0', '60');
  await fc.assert(
    fc.asyncProperty(
      operationSequences(NAMES.length, 60),
      fc.nat(),
      bound,
      // In two of three sequences, a content filter that holds every third upload.
      fc.constantFrom('', 'https://filter.example', 'https://filter.example'),
      async (sequence, seed, REVOCATION_SECONDS, FILTER_URL) => {
        const subject = openSubject({ REVOCATION_SECONDS, FILTER_URL, WIDTHS: '16,24' });
        add(await runSequence(subject, sequence, seed));
      },
    ),
    { numRuns: SCHEDULES, seed: SEED },
  );
}, 900_000);

test(`no user has more images than allowed, and none too few, in ${SCHEDULES / 2} operation sequences`, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      operationSequences(NAMES.length, 60),
      fc.nat(),
      fc.constantFrom('true', 'false'),
      async (sequence, seed, DELETE_EXCESS_ORIGINALS) => {
        const parameters = { MAX_IMAGES_PER_USER: '1', DELETE_EXCESS_ORIGINALS };
        const checker = await runSequence(openSubject(parameters), sequence, seed);
        refused += checker.refused;
        add(checker);
      },
    ),
    { numRuns: SCHEDULES / 2, seed: SEED },
  );
  process.stderr.write(`refused ${refused} uploads\n`);
  expect(refused).toBeGreaterThan(SCHEDULES / 2);
}, 900_000);

test('calls were answered, so that the sequences prove something about them', () => {
  const views = ['made', 'released'].map((name) => answers.get(name) ?? 0);
  expect(Math.min(...views)).toBeGreaterThan(SCHEDULES / 20);
  const actions = ['createShare', 'updateShare', 'revokeShare', 'rotateToken', 'revokeAll'];
  const seldom = actions.filter((action) => (answers.get(action) ?? 0) < SCHEDULES / 10);
  expect(seldom).toEqual([]);
});

test('a release of an upload that another held one has replaced publishes nothing', async () => {
  const memory = openMemoryHarness({ FILTER_URL: 'https://filter.example' });
  const { harness, backend, time } = memory;
  const hold = async () => {
    let generation = await harness.upload('originals/alice/cat', 'cat');
    while (!harness.isHeld(generation)) {
      generation = await harness.upload('originals/alice/cat', 'cat');
    }
    await settle(memory);
    return generation;
  };
  const owner = { uid: 'alice', imageId: 'cat' };
  const release = (generation: string) =>
    harness.handle({
      kind: 'task',
      task: { queue: 'release', task: { owner, generation }, at: time.now },
    });
  const first = await hold();
  const second = await hold();
  await expect(release(first)).resolves.toBe(false);
  expect([...backend.tokens.values()].map(({ image }) => image)).toEqual([undefined]);
  await expect(release(second)).resolves.toBe(true);
  expect([...backend.tokens.values()].map(({ image }) => image?.generation)).toEqual([second]);
});
