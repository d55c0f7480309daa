/** docs/reference/formats.md matches the results of the last run of the conformance suite, and its files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCases } from '../bench/conformance/cases/index.js';
import { EXAMPLES } from '../bench/conformance/examples.js';
import {
  filesOf,
  formatsPage,
  FORMATS_PAGE,
  RESULTS_JSON,
  type FormatsTable,
} from '../bench/conformance/formats-page.js';

const ROOT = join(__dirname, '..');
const results = JSON.parse(readFileSync(join(ROOT, RESULTS_JSON), 'utf8')) as FormatsTable;
const cases = allCases(ROOT);

test('docs/reference/formats.md is up to date (npm run docs)', () => {
  const page = join(ROOT, FORMATS_PAGE);
  if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(page, formatsPage(results));
  // A checkout on Windows may have CRLF line endings.
  expect(readFileSync(page, 'utf8').replaceAll('\r\n', '\n')).toBe(formatsPage(results));
});

test('the results are of all files of the suite (npm run bench -- conformance --write)', () => {
  const files: Record<string, number> = {};
  for (const { format, row } of cases) {
    files[`${format}: ${row}`] = (files[`${format}: ${row}`] ?? 0) + 1;
  }
  const tested = results.rows.map((row) => [`${row.format}: ${row.row}`, filesOf(row)]);
  expect(Object.fromEntries(tested)).toEqual(files);
});

test('file names are unique, and the examples of the browser test exist', () => {
  const names = cases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(EXAMPLES.filter((name) => !names.includes(name))).toEqual([]);
});
