/** What the README says is what the files say. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS } from '../functions/src/config/config.js';
import { readCases } from '../packages/security-rules/src/tool/cases.js';
import { evaluateCases } from '../packages/security-rules/src/tool/evaluate.js';
import { compileRules } from '../packages/security-rules/src/index.js';

const ROOT = join(__dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const readme = read('README.md');

/** Lines as they stand in the file, moved to the left edge as in a code block. */
function dedent(lines: string): string {
  const indent = /^ */.exec(lines)?.[0] ?? '';
  return lines.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

/** The match blocks of a rules file, with the comment on each. */
function blocksOf(file: string): string {
  return dedent(/^ {4}\/\/ (?:.|\n)*^ {4}}$/m.exec(read(file))?.[0] ?? '');
}

test.each(['storage.rules', 'firestore.rules'])('its blocks to paste are those of %s', (file) => {
  expect(blocksOf(file).match(/^match /gm)).toHaveLength(2);
  expect(readme).toContain(`\`\`\`\n${blocksOf(file)}\n\`\`\``);
});

/** A project that has rules already, which happen to use the same names. */
const HOSTS = {
  'storage.rules': (blocks: string) => `rules_version = '2';
    function isOwner() { return true; }
    service firebase.storage {
      function isPhoto() { return false; }
      match /b/{bucket}/o {
        function isImageId() { return false; }
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
] as const)('its blocks of %s decide the same among other rules', async (file, casesFile) => {
  const ruleset = compileRules(HOSTS[file](blocksOf(file)), file);
  // The host's own documents and objects are its own affair.
  const isHosts = (path: readonly string[]): boolean =>
    path[3] === 'avatars' || (path[3] === 'users' && path.length === 5);
  const cases = readCases(read(`tests/rules/${casesFile}`), casesFile).filter(
    ({ request }) => !isHosts(request.path),
  );
  expect(cases.length).toBeGreaterThan(100);
  const wrong = (await evaluateCases(ruleset, cases)).filter(({ ok }) => !ok);
  expect(wrong).toEqual([]);
});

test('its example of cases holds', async () => {
  const example = /```json\n(\[(?:.|\n)*?)```/.exec(readme)?.[1] ?? '';
  const ruleset = compileRules(read('storage.rules'), 'storage.rules');
  const results = await evaluateCases(ruleset, readCases(example, 'README.md'));
  expect(results.map(({ ok }) => ok)).toEqual([true]);
});

test('it has every parameter with its default', () => {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    const shown = { BUCKET: 'the project’s default bucket', PUBLIC_BASE_URL: 'empty' }[name];
    const cell = shown?.replace('’', "'") ?? `\`${value}\``;
    expect(readme).toContain(`| \`${name}\` | ${cell} |`);
  }
});

test('every npm script that it names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm (?:run (?:--silent )?)?([a-z:]+)/g)].map(
    ([, name]) => name,
  );
  const own = named.filter((name) => !['pack', 'are'].includes(name ?? ''));
  expect(own.length).toBeGreaterThan(5);
  for (const name of own) expect(scripts).toHaveProperty([name ?? '']);
});

test('the files that it leads to are there', () => {
  const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
    ([, target]) => target ?? '',
  );
  expect(targets.length).toBeGreaterThan(3);
  for (const target of targets)
    expect([target, existsSync(join(ROOT, target))]).toEqual([target, true]);
});
