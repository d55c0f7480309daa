import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileRules } from 'firebase-rules-check';
import { parseTemplate, type PathTemplate } from '../../domain/path.js';
import { analyze, findExposures, type ProtectedPaths } from './exposure.js';

const ROOT = join(__dirname, '..', '..', '..', '..');
const NOW = new Date('2026-06-01T00:00:00Z');

function template(text: string, required: ('uid' | 'imageId')[]): PathTemplate {
  const parsed = parseTemplate(text, required);
  if (typeof parsed === 'string') throw new Error(`expected ${parsed}`);
  return parsed;
}

const PATHS: ProtectedPaths = {
  originalsPath: template('originals/{uid}/{imageId}', ['uid', 'imageId']),
  variantsPath: 'variants',
  imagesCollection: template('users/{uid}/images', ['uid']),
  tokensCollection: 'imageTokens',
};

const storage = (blocks: string, version = '2'): string =>
  `rules_version = '${version}';\nservice firebase.storage {\nmatch /b/{bucket}/o {\n${blocks}\n}\n}\n`;
const firestore = (blocks: string, version = '2'): string =>
  `rules_version = '${version}';\nservice cloud.firestore {\nmatch /databases/{database}/documents {\n${blocks}\n}\n}\n`;

function serviceOf(source: string) {
  return source.includes('service firebase.storage') ? 'firebase.storage' : 'cloud.firestore';
}

/** One line per finding: `4:24 anyone get and list originals`, with `?` before notes. */
function findingsOf(source: string, paths = PATHS): string[] {
  const rules = compileRules(source, 'my.rules');
  const { exposures, notes } = analyze(rules, 'my.rules', serviceOf(source), paths, NOW);
  const short = (message: string): string =>
    message
      .replace(/^this rule (lets|can let) /, '')
      .replace(/[.] (?!\.).*$|: that .*|, which .*/s, '');
  return [
    ...exposures.map(({ line, column, message }) => `${line}:${column} ${short(message)}`),
    ...notes.map(({ line, column, message }) => `?${line}:${column} ${short(message)}`),
  ];
}

describe.each(['storage.rules', 'firestore.rules'])("the repository's %s", (file) => {
  const source = readFileSync(join(ROOT, file), 'utf8');

  test('opens nothing', () => {
    expect(findingsOf(source)).toEqual([]);
  });
});

test('a finding has file, line, column and the change to make', () => {
  const source = storage('match /{allPaths=**} {\n  allow read: if request.auth != null;\n}');
  expect(findExposures(source, 'my.rules', 'firebase.storage', PATHS)).toEqual([
    {
      file: 'my.rules',
      line: 5,
      column: 3,
      message:
        'this rule lets every signed-in user, even with an anonymous account, get and list originals and renditions. ' +
        "Add `&& allPaths[0] != 'originals' && allPaths[0] != 'variants'` to its condition, or narrow its path. " +
        'Rules add up: no other rule can deny what this one allows.',
    },
  ]);
});

test('rules that do not compile throw an error with file, line and column', () => {
  expect(() =>
    findExposures('service firebase.storage {', 'my.rules', 'firebase.storage', PATHS),
  ).toThrow(/^my[.]rules:1:27: expected /);
});

test.each<[name: string, source: string, findings: string[]]>([
  [
    'a recursive wildcard over Firestore',
    firestore('match /{document=**} {\n  allow read, write: if true;\n}'),
    ['5:3 anyone get, list and write image records and token records'],
  ],
  [
    "users write everything below their own document: Firebase's example",
    firestore(
      'match /users/{userId}/{document=**} {\n  allow read, write: if request.auth.uid == userId;\n}',
    ),
    ['5:3 owners write their own image records'],
  ],
])('%s', (_, source, findings) => {
  expect(findingsOf(source)).toEqual(findings);
});
