/** Thousands of histories on the library in memory: histories.fake.ts. */
import fc from 'fast-check';
import { ownerOf, type Owner } from '../domain/path.js';
import { histories, play, type Subject } from '../../test/lifecycle/operation-sequences.js';
import { openMemory } from '../../test/lifecycle/memory-harness.js';

/** The same histories each time; others for who looks for more: `SEED=7 SCHEDULES=20000`. */
const SEED = Number(process.env['SEED'] ?? 6);
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 2000);
const NAMES = ['originals/alice/cat', 'originals/alice/dog'];

function openSubject(parameters: Record<string, string>): Subject {
  const { world, library, time } = openMemory(parameters);
  const owners = new Map(
    NAMES.map((name) => [name, ownerOf(world.config.originalsPath, name) as Owner]),
  );
  return {
    world,
    owners,
    see: () =>
      Promise.resolve({
        originals: library.originals,
        images: new Map(
          [...owners].flatMap(([name, { uid, imageId }]) => {
            const image = library.images.get(`users/${uid}/images/${imageId}`);
            return image ? [[name, image]] : [];
          }),
        ),
        tokens: library.tokens,
        renditions: new Set(library.renditions.keys()),
      }),
    bytesOf: (object) => Promise.resolve(library.renditions.get(object)?.toString()),
    addToken: (hash, record) => Promise.resolve(void library.tokens.set(hash, record)),
    deleteToken: (hash) => Promise.resolve(void library.tokens.delete(hash)),
    now: () => time.now,
    pass: (ms) => void (time.now += ms),
    looksOften: true,
  };
}

test(`${SCHEDULES} histories end as they must`, async () => {
  const bound = fc.constantFrom('0', '60');
  await fc.assert(
    fc.asyncProperty(histories(NAMES.length, 60), fc.nat(), bound, (history, seed, seconds) =>
      play(openSubject({ REVOCATION_SECONDS: seconds }), history, seed),
    ),
    { numRuns: SCHEDULES, seed: SEED },
  );
}, 300_000);
