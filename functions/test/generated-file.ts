/** For tests of generated files: `npm run docs` runs them with WRITE_DOCS=1, which writes the files first. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** @returns the text with line ends as in the repository; empty when the file does not exist */
export function readProjectFile(path: string): string {
  const file = join(ROOT, path);
  // A checkout on Windows may have CRLF.
  return existsSync(file) ? readFileSync(file, 'utf8').replaceAll('\r\n', '\n') : '';
}

/**
 * Expects a file to be up to date.
 * @param path from the repository's root
 * @param content what the generator makes
 */
export function expectUpToDate(path: string, content: string): void {
  if (process.env['WRITE_DOCS'] !== undefined) {
    const file = join(ROOT, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  expect(readProjectFile(path)).toBe(content);
}
