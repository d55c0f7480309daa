/** The rules to paste of the guide are those of the rules files, and work among other rules. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCases } from '../packages/security-rules/src/tool/cases.js';
import { evaluateCases } from '../packages/security-rules/src/tool/evaluate.js';
import { compileRules } from '../packages/security-rules/src/index.js';
import { codeBlocksOf, ROOT } from './support/documentation.js';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** Lines as they stand in the file, moved to the left edge as in a code block. */
function dedent(lines: string): string {
  const indent = /^ */.exec(lines)?.[0] ?? '';
  return lines.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

/** The match blocks of a rules file, with the comment on each. */
function blocksOf(file: string): string {
  return dedent(/^ {4}\/\/ [^]+^ {4}\}$/m.exec(read(file))?.[0] ?? '');
}

const GUIDE = 'docs/guides/rules.md';

// `npm run docs` copies the blocks to the guide, by the comment that each begins with.
test.each([
  ['storage.rules', 2],
  ['firestore.rules', 3],
])('the blocks to paste are those of %s', (file, count) => {
  const blocks = blocksOf(file);
  expect(blocks.match(/^match /gm)).toHaveLength(count);
  const [comment = ''] = blocks.split('(', 1);
  const copy = codeBlocksOf({ path: GUIDE, text: read(GUIDE) }).find(({ code }) =>
    code.startsWith(comment),
  );
  if (process.env['WRITE_DOCS'] && copy) {
    writeFileSync(
      join(ROOT, GUIDE),
      read(GUIDE).replace(copy.code, () => `${blocks}\n`),
    );
  } else expect(copy?.code).toBe(`${blocks}\n`);
});

/** A project that has rules already, which happen to use the same names. */
const HOSTS = {
  'storage.rules': (blocks: string) => `rules_version = '2';
    function isOwner() { return true; }
    service firebase.storage {
      function isPhoto() { return false; }
      match /b/{bucket}/o {
        function isDocumentId(id) { return false; }
        match /avatars/{uid}/{imageId} { allow read; allow write: if isOwner() && isPhoto(); }
        ${blocks}
      }
    }`,
  'firestore.rules': (blocks: string) => `rules_version = '2';
    service cloud.firestore {
      match /databases/{database}/documents {
        ${blocks}
        match /users/{uid} { allow read, write; match /posts/{post} { allow read; } }
      }
    }`,
};

test.each([
  ['storage.rules', 'storage.cases.json'],
  ['firestore.rules', 'firestore.cases.json'],
] as const)('the blocks of %s decide the same among other rules', async (file, casesFile) => {
  const ruleset = compileRules(HOSTS[file](blocksOf(file)), file);
  // Cases about the other documents and objects of that project are left out.
  const isOfHost = (path: readonly string[]): boolean =>
    path[3] === 'avatars' || (path[3] === 'users' && path.length === 5);
  const cases = readCases(read(`tests/rules/${casesFile}`), casesFile).filter(
    ({ request }) => !isOfHost(request.path),
  );
  expect(cases.length).toBeGreaterThan(100);
  const wrong = (await evaluateCases(ruleset, cases)).filter(({ ok }) => !ok);
  expect(wrong).toEqual([]);
});
