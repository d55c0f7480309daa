/**
 * Processes the files of tests/fixtures/cases with the default parameters, and compares each result with
 * expected.json, whose `about` explains its fields.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { open, SETTINGS } from './bomb-fixture.js';
import { describeDifferences, type ExpectedCase } from './case-check.js';

const folder = join(__dirname, '..', 'fixtures', 'cases');
const { cases } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  cases: ExpectedCase[];
};

/** Other cases with a wrong result today. */
const OTHERS_NOT_YET: string[] = [];

const NOT_YET = [...OTHERS_NOT_YET];

const processUpload = open();
afterAll(() => processUpload.close());

const differencesOf = (expected: ExpectedCase) =>
  describeDifferences(processUpload(readFileSync(join(folder, expected.file)), SETTINGS), expected);

const isNotYet = ({ name }: ExpectedCase) => NOT_YET.includes(name);

test.each(cases.filter((expected) => !isNotYet(expected)).map((entry) => [entry.name, entry]))(
  '%s has the expected result',
  async (_name, entry) => expect(await differencesOf(entry)).toEqual([]),
);

// `test.each` rejects an empty table.
if (NOT_YET.length > 0) {
  test.each(cases.filter(isNotYet).map((entry) => [entry.name, entry]))(
    '%s is not right yet',
    async (_name, entry) => expect(await differencesOf(entry)).not.toEqual([]),
  );
}

test('NOT_YET names existing cases', () => {
  const names = cases.map(({ name }) => name);
  expect(NOT_YET.filter((name) => !names.includes(name))).toEqual([]);
});
