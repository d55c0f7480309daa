/** The documentation installs only what can be installed: published packages by name, others from a tarball. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsOf, readPages, ROOT } from './support/documentation.js';

const published = JSON.parse(readFileSync(join(ROOT, 'tools/published.json'), 'utf8')) as string[];
/** Packages of this repository. */
const OWN = [
  'storage-public-variants',
  'storage-public-variants-client',
  'firebase-rules-check',
  'firebase-local-stack',
];
const unpublished = OWN.filter((name) => !published.includes(name));

/** The package that a command would fetch by name, if it is not published. */
function fetchedBy(command: string, page: string): string | undefined {
  const words = command.split(/\s+/).filter((word) => word !== '--yes');
  if (/^npm (?:install|i|add)\b/.test(command)) {
    return words.find((word) => unpublished.some((name) => word.replace(/(?<!^)@.*/, '') === name));
  }
  if (words[0] !== 'npx' || words[1] === '--package' || words[1] === '--prefix') return undefined;
  const name = unpublished.find((own) => words[1]?.replace(/(?<!^)@.*/, '') === own);
  // Installed from its tarball by a command of the same page.
  return name !== undefined && new RegExp(`^npm install .*/${name}-[\\d.]+\\.tgz`, 'm').test(page)
    ? undefined
    : name;
}

test('no command fetches a package that is not published', () => {
  const found = readPages().flatMap((page) =>
    commandsOf(page).flatMap(({ text }) => {
      const name = fetchedBy(text, page.text);
      return name === undefined ? [] : [`${page.path}: ${text}`];
    }),
  );
  expect(found).toEqual([]);
});

test.each([
  ['npx firebase-rules-check a.rules', 'firebase-rules-check'],
  ['npx storage-public-variants@0.1.0 init', 'storage-public-variants'],
  ['npm install --save-dev firebase-local-stack', 'firebase-local-stack'],
  ['npx --prefix kit storage-public-variants doctor', undefined],
  ['npm install x/firebase-local-stack-0.1.0.tgz', undefined],
  ['npx jest', undefined],
])('%s', (command, name) => {
  expect(fetchedBy(command, '')).toBe(name);
});
