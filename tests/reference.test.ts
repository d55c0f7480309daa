/** The answers of the Firestore emulator, compared with the recorded answers of Google's: `npm run test:reference`. */
import {
  startFirestoreEmulator,
  type FirestoreEmulator,
} from '../packages/emulators/src/firestore/index.js';
import { compare, summary } from '../tools/dev/reference/compare.js';
import { ON_PURPOSE } from '../tools/dev/reference/on-purpose.js';
import { PROJECT } from '../tools/dev/reference/requests.js';
import { askAll, compareAll, readRecorded } from '../tools/dev/reference/tables.js';
import { ROOT } from './support/documentation.js';

/** More run with `npm run test:reference`. */
const GENERATED = 50;

let emulator: FirestoreEmulator;

beforeAll(async () => {
  emulator = await startFirestoreEmulator({ host: '127.0.0.1', port: 0, projectId: PROJECT });
});
afterAll(() => emulator.stop());

test('differs from the recorded answers only on purpose', async () => {
  const { answers } = readRecorded(ROOT);
  const found = await askAll(`http://${emulator.host}:${emulator.port}`, ROOT, GENERATED);
  const comparisons = compareAll(found, answers, ROOT);
  expect(comparisons.reduce((sum, { total }) => sum + total, 0)).toBeGreaterThan(900);
  for (const { name, differences, notDiffering } of comparisons) {
    expect({ name, differences, notDiffering }).toEqual({
      name,
      differences: [],
      notDiffering: [],
    });
  }
  const compared = comparisons.map(({ name }) => name);
  for (const name of [...Object.keys(answers), ...Object.keys(ON_PURPOSE)]) {
    expect(compared).toContain(name);
  }
});

describe('compare', () => {
  test.each([
    ['another status', '200 a', '403 PERMISSION_DENIED no', 1],
    ['another code', '400 FAILED_PRECONDITION no', '400 INVALID_ARGUMENT no', 1],
    ['another order of documents', '200 a b', '200 b a', 1],
    ['no recorded answer', undefined, '200 a', 1],
    ['another message', '400 INVALID_ARGUMENT no', '400 INVALID_ARGUMENT never', 0],
    ['a text of another server', '404', '404 NOT_FOUND no', 0],
  ])('counts %s', (_title, expected, found, count) => {
    const recorded: Record<string, string> = expected === undefined ? {} : { q: expected };
    const result = compare('table', recorded, { q: found });
    expect(result.differences).toHaveLength(count);
    expect(summary(result)).toMatch(new RegExp(`^table: ${count}/1`));
  });

  test('reports a difference on purpose that exists no longer', () => {
    const result = compare('table', { q: '200 a' }, { q: '200 a' }, new Set(['q']));
    expect(result.notDiffering).toEqual(['q']);
  });
});
