/** Thousands of histories on the backend in memory: histories.fake.ts. */
import fc from 'fast-check';
import { ownerOf, type Owner } from '../domain/path.js';
import {
  operationSequences,
  runSequence,
  type Subject,
} from '../../test/lifecycle/operation-sequences.js';
import { openMemoryHarness } from '../../test/lifecycle/memory-harness.js';

/** The same histories each time; others for who looks for more: `SEED=7 SCHEDULES=20000`. */
const SEED = Number(process.env['SEED'] ?? 6);
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 2000);
const NAMES = ['originals/alice/cat', 'originals/alice/dog'];

function openSubject(parameters: Record<string, string>): Subject {
  const { world, backend, time } = openMemoryHarness(parameters);
  const owners = new Map(
    NAMES.map((name) => [name, ownerOf(world.config.originalsPath, name) as Owner]),
  );
  return {
    world,
    owners,
    see: () =>
      Promise.resolve({
        originals: backend.originals,
        images: new Map(
          [...owners].flatMap(([name, { uid, imageId }]) => {
            const image = backend.images.get(`users/${uid}/images/${imageId}`);
            return image ? [[name, image]] : [];
          }),
        ),
        tokens: backend.tokens,
        renditions: new Set(backend.renditions.keys()),
      }),
    bytesOf: (object) => Promise.resolve(backend.renditions.get(object)?.toString()),
    addToken: (hash, record) => Promise.resolve(void backend.tokens.set(hash, record)),
    deleteToken: (hash) => Promise.resolve(void backend.tokens.delete(hash)),
    now: () => time.now,
    pass: (ms) => void (time.now += ms),
    looksOften: true,
  };
}

test(`${SCHEDULES} histories end as they must`, async () => {
  const bound = fc.constantFrom('0', '60');
  await fc.assert(
    fc.asyncProperty(
      operationSequences(NAMES.length, 60),
      fc.nat(),
      bound,
      (history, seed, seconds) =>
        runSequence(openSubject({ REVOCATION_SECONDS: seconds }), history, seed),
    ),
    { numRuns: SCHEDULES, seed: SEED },
  );
}, 300_000);
