/** docs/reference/functions.md and cli.md match the package. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './support/documentation.js';
import { cliPage, functionsPage } from './support/reference-pages.js';

test.each([
  ['docs/reference/functions.md', functionsPage],
  ['docs/reference/cli.md', cliPage],
])('%s is up to date (npm run docs)', (path, text) => {
  const file = join(ROOT, path);
  if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(file, text());
  expect(readFileSync(file, 'utf8').replaceAll('\r\n', '\n')).toBe(text());
});
