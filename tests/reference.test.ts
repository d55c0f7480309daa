/** The answers of the Firestore emulator, compared with the recorded answers of Google's: `npm run test:reference`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  startFirestoreEmulator,
  type FirestoreEmulator,
} from '../packages/emulators/src/firestore/index.js';
import { compare, summary } from '../tools/dev/reference/compare.js';
import { ON_PURPOSE } from '../tools/dev/reference/on-purpose.js';
import { PROJECT } from '../tools/dev/reference/requests.js';
import { readRecordings } from '../tools/dev/reference/recordings.js';
import { ALL, askAll, compareAll } from '../tools/dev/reference/tables.js';
import {
  EXPORT_FOLDER,
  exportFile,
  readDocuments,
  writtenDocuments,
} from '../tools/dev/reference/exports.js';
import { ROOT } from './support/documentation.js';

/** `npm run test:reference` and the long tests ask everything. */
const EXTENT = process.env['LONG_TESTS'] === undefined ? { groups: 60, everyCondition: 5 } : ALL;
const OPTIONS = { host: '127.0.0.1', port: 0, projectId: PROJECT };

let emulator: FirestoreEmulator;

beforeAll(async () => {
  emulator = await startFirestoreEmulator(OPTIONS);
});
afterAll(() => emulator.stop());

test('differs from the recorded answers only on purpose', async () => {
  const url = `http://${emulator.host}:${emulator.port}`;
  const found = await askAll(url, ROOT, EXTENT);
  const recordings = readRecordings(ROOT);
  expect(recordings.map(({ emulator: of }) => of).sort()).toEqual(Object.keys(ON_PURPOSE).sort());
  for (const recorded of recordings) {
    const comparisons = compareAll(found, recorded, ROOT, EXTENT);
    const lines = comparisons.map((comparison) => `${summary(comparison)}\n`);
    process.stderr.write(
      `Compared with ${recorded.emulator}: differences/total\n${lines.join('')}`,
    );
    for (const { name, differences, notDiffering } of comparisons) {
      expect({ name, differences, notDiffering }).toEqual({
        name,
        differences: [],
        notDiffering: [],
      });
    }
    const names = comparisons.map(({ name }) => name);
    for (const name of Object.keys(ON_PURPOSE[recorded.emulator] ?? {}))
      expect(names).toContain(name);
  }
}, 120_000);

test('the README of the emulator has the reasons of differences on purpose', () => {
  const readme = readFileSync(join(ROOT, 'packages', 'emulators', 'README.md'), 'utf8');
  const reasons = Object.values(ON_PURPOSE).flatMap((tables) =>
    Object.values(tables).flatMap((cases) => Object.values(cases)),
  );
  for (const reason of reasons) expect(readme).toContain(reason);
});

test("imports an export of Google's emulator with values of all types", async () => {
  const importFile = exportFile(join(ROOT, EXPORT_FOLDER));
  const imported = await startFirestoreEmulator({ ...OPTIONS, importFile });
  try {
    const found = await readDocuments(`http://${imported.host}:${imported.port}`);
    expect(found).toEqual(writtenDocuments());
    expect(Object.keys(found).length).toBeGreaterThan(40);
  } finally {
    await imported.stop();
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
