import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileRules } from 'firebase-rules-check';
import { RULES_EXAMPLES } from '../../../test/rules-examples.js';
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
  sharesCollection: template('users/{uid}/imageShares', ['uid']),
  tokensCollection: 'imageTokens',
};

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
  const source = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o/{allPaths=**} {
    allow read: if request.auth != null;
  }
}`;
  expect(findExposures(source, 'my.rules', 'firebase.storage', PATHS)).toEqual([
    {
      file: 'my.rules',
      line: 4,
      column: 5,
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

test.each(RULES_EXAMPLES.map((one) => [one.name, one] as const))(
  '%s',
  (_, { source, findings }) => {
    expect(findingsOf(source)).toEqual(findings);
  },
);

/** Adds a condition to the statement at a position, as the advice says. */
function addCondition(source: string, line: number, exclusion: string): string {
  const lines = source.split('\n');
  const at = lines.findIndex((_, index) => index === line - 1);
  const rest = lines.slice(at).join('\n');
  const changed = rest.replace(
    /^([^;:]*)(?:: if ([^;]*))?;/,
    (_, allow: string, condition?: string) =>
      condition === undefined
        ? `${allow}: if ${exclusion};`
        : `${allow}: if (${condition}) && ${exclusion};`,
  );
  return [...lines.slice(0, at), changed].join('\n');
}

const advised = RULES_EXAMPLES.flatMap(({ name, source }) => {
  const exposures = findExposures(source, 'my.rules', serviceOf(source), PATHS);
  return exposures.flatMap(({ line, message }) => {
    const exclusion = /`(?:&&|: if) (.*?)`/.exec(message)?.[1];
    return exclusion === undefined ? [] : [[name, { source, line, exclusion }] as const];
  });
});

test.each(advised)('the advice closes the exposure: %s', (_, { source, line, exclusion }) => {
  const changed = addCondition(source, line, exclusion);
  const exposures = findExposures(changed, 'my.rules', serviceOf(source), PATHS);
  expect(exposures.filter((one) => one.line === line)).toEqual([]);
});

test('many examples have an advice', () => {
  expect(advised.length).toBeGreaterThan(15);
});

test.each([
  ['a bucket of another name', 'other', []],
  ['the bucket itself', 'mine', ['anyone get and list originals and renditions']],
])('rules for %s', (_, bucket, findings) => {
  const source = `rules_version = '2'; service firebase.storage { match /b/${bucket}/o/{file=**} { allow read; } }`;
  expect(findingsOf(source, { ...PATHS, bucket: 'mine' })).toEqual(
    findings.map((text) => expect.stringContaining(text) as string),
  );
});

test('paths of the parameters are protected, with placeholders in any order', () => {
  const paths: ProtectedPaths = {
    originalsPath: template('apps/{imageId}/of/{uid}/raw', ['uid', 'imageId']),
    variantsPath: 'public/sizes',
    imagesCollection: template('profiles/{uid}/photos', ['uid']),
    sharesCollection: template('links/of/{uid}', ['uid']),
    tokensCollection: 'private/tokens/all',
  };
  const blocks = [
    'service firebase.storage { match /b/{bucket}/o { match /apps/{id}/of/{u}/raw { allow get; }',
    'match /originals/{uid}/{id} { allow get; } match /public/{file=**} { allow get; } } }',
    'service cloud.firestore { match /databases/{database}/documents {',
    'match /private/{document=**} { allow get; }',
    'match /profiles/{uid}/{collection}/{id} { allow get: if request.auth != null; }',
    'match /links/of/{uid}/{id} { allow get; } } }',
  ];
  const source = `rules_version = '2';\n${blocks.join('\n')}`;
  const of = (service: 'firebase.storage' | 'cloud.firestore') =>
    findExposures(source, 'my.rules', service, paths).map(({ line, message }) => [line, message]);
  expect(of('firebase.storage')).toEqual([
    [2, expect.stringMatching(/anyone get originals.*request[.]auth[.]uid == u\b/)],
    [3, expect.stringMatching(/anyone get renditions.*file\[0\] != 'sizes'/)],
  ]);
  expect(of('cloud.firestore')).toEqual([
    [5, expect.stringMatching(/anyone get token records.*document\[0\] != 'tokens'/)],
    [6, expect.stringMatching(/every signed-in user.* get image records.*collection != 'photos'/)],
    [7, expect.stringMatching(/anyone get share records.*request[.]auth[.]uid == uid\b/)],
  ]);
});

test('a file of 500 lines takes well under ten seconds', () => {
  const blocks = Array.from(
    { length: 165 },
    (_, index) =>
      `match /c${index}/{id}/{rest=**} {\n allow read, write: if request.auth.uid == id && rest[0] in ['a', 'b'];\n}`,
  );
  const source = `rules_version = '2';\nservice cloud.firestore { match /databases/{database}/documents {\n${blocks.join('\n')}\n}}`;
  const start = performance.now();
  expect(findExposures(source, 'my.rules', 'cloud.firestore', PATHS)).toEqual([]);
  expect(performance.now() - start).toBeLessThan(10_000);
});
