/** Where the blocks are inserted in rules of a user, and that no other byte changes. */
import fc from 'fast-check';
import { compileRules, parseRules } from 'firebase-rules-check';
import { join } from 'node:path';
import { InitError } from './changes.js';
import { mergeRules } from './rules-merge.js';
import { firestoreTemplate, storageTemplate } from './rules-template.js';
import { readTemplates } from './templates.js';

const TEXTS = readTemplates(join(__dirname, '..', '..', '..', '..'));
const PATHS = {
  originals: 'originals/{uid}/{imageId}',
  variants: 'variants',
  images: 'users/{uid}/images',
  shares: 'users/{uid}/imageShares',
  tokens: 'imageTokens',
};
const STORAGE = storageTemplate(TEXTS.storageRules, PATHS);
const FIRESTORE = firestoreTemplate(TEXTS.firestoreRules, PATHS);
const FIRST = '// Originals (ORIGINALS_PATH): only their owner has access.';

const merge = (text: string) => mergeRules(text, 'storage.rules', STORAGE, 'my-bucket');

/** The text without the inserted one, if only one part was inserted. */
function expectInsertion(before: string, after: string): string {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  const rest = before.length - start;
  expect(after.slice(after.length - rest)).toBe(before.slice(start));
  return after.slice(start, after.length - rest);
}

test.each([
  [
    'an empty block',
    "rules_version = '2';\nservice firebase.storage {\n  match /b/{bucket}/o {\n  }\n}\n",
  ],
  [
    'a block on one line',
    'service firebase.storage { match /b/{bucket}/o { match /x { allow read; } } }',
  ],
  [
    'tabs',
    'service firebase.storage {\n\tmatch /b/{bucket}/o {\n\t\tmatch /x {\n\t\t\tallow read;\n\t\t}\n\t}\n}\n',
  ],
  [
    'four spaces',
    'service firebase.storage {\n    match /b/{bucket}/o {\n        match /x { allow read; }\n    }\n}',
  ],
  [
    'another name of the wildcard',
    'service firebase.storage {\n  match /b/{any}/o {\n    match /x { allow read; }\n  }\n}\n',
  ],
  ['the bucket by its name', 'service firebase.storage {\n  match /b/my-bucket/o {\n  }\n}\n'],
  [
    'a divided path',
    'service firebase.storage {\n  match /b/{bucket} {\n    match /o {\n    }\n  }\n}\n',
  ],
  [
    'no block for all objects',
    'service firebase.storage {\n  match /b/{bucket}/o/x/{y} { allow read; }\n}\n',
  ],
  [
    'another bucket only',
    'service firebase.storage {\n  match /b/other/o/{name} {\n    allow read;\n  }\n}\n',
  ],
  [
    'braces in comments and texts',
    "service firebase.storage {\n  // }\n  match /b/{bucket}/o {\n    /* } */ match /x { allow read: if '}' == '{'; } // }\n  }\n}\n",
  ],
  ['CRLF', 'service firebase.storage {\r\n  match /b/{bucket}/o {\r\n  }\r\n}\r\n'],
  ['a byte order mark', '\ufeffservice firebase.storage {\n  match /b/{bucket}/o {\n  }\n}\n'],
  [
    'functions before and after',
    'function a() { return true; }\nservice firebase.storage {\n  match /b/{bucket}/o {\n    function b() { return a(); }\n  }\n}\nfunction c() { return true; }\n',
  ],
  [
    'rules of Firestore before',
    'service cloud.firestore {\n}\nservice firebase.storage {\n  match /b/{bucket}/o {\n  }\n}\n',
  ],
])('inserts the blocks, and nothing else: %s', (_title, text) => {
  const { text: merged } = merge(text);
  const inserted = expectInsertion(text, merged);
  expect(inserted).toContain(FIRST);
  compileRules(merged, 'storage.rules');
  if (text.includes('\r')) expect(merged).not.toMatch(/[^\r]\n/);
  else expect(merged).not.toContain('\r');
  expect(merged).not.toMatch(/[ \t]\r?\n/);
  expect(merge(merged).text).toBe(merged);
});

test('indents the blocks as the rules around them are', () => {
  const tabs = merge('service firebase.storage {\n\tmatch /b/{bucket}/o {\n\t}\n}\n').text;
  expect(tabs).toContain(
    `\n\t\t${FIRST}\n\t\tmatch /originals/{uid}/{imageId} {\n\t\t\tfunction isOwner`,
  );
  const four =
    'service firebase.storage {\n    match /b/{bucket}/o {\n        match /x { allow read; }\n    }\n}';
  expect(merge(four).text).toContain(
    `{ allow read; }\n\n        ${FIRST}\n        match /originals/`,
  );
  expect(merge(four).text).toContain('\n            function isOwner');
});

test('recognizes a block by its path, whatever its wildcards and its nesting', () => {
  const text = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /originals/{user} {
      match /{image} { allow get: if request.auth.uid == user; }
    }
    match /variants/{all=**} { allow read, write: if false; }
  }
}
`;
  const merged = merge(text);
  expect(merged.text).toBe(text);
  expect(merged.notes).toEqual([
    expect.stringMatching(
      /^storage\.rules:5: kept your rules for \/originals\/\{uid\}\/\{imageId\}/,
    ),
    expect.stringMatching(/^storage\.rules:7: kept your rules for \/variants\//),
  ]);
});

test('rules of another bucket get no blocks: a new block for every bucket has them', () => {
  const text = 'service firebase.storage {\n  match /b/other/o {\n  }\n}\n';
  expect(merge(text).text).toContain(
    `match /b/other/o {\n  }\n\n  match /b/{bucket}/o {\n    ${FIRST}`,
  );
});

test('a match with the path that only holds other matches does not count', () => {
  const text =
    'service firebase.storage {\n  match /b/{bucket}/o {\n    match /originals/{u}/{i} {\n      match /x { allow read; }\n    }\n  }\n}\n';
  expect(merge(text).text).toContain(FIRST);
});

test('says what rules_version is for when the file has none', () => {
  const text = 'service firebase.storage {\n  match /b/{bucket}/o {\n  }\n}\n';
  expect(merge(text).notes).toEqual([expect.stringContaining("rules_version = '2'")]);
  expect(merge(`rules_version = '2';\n${text}`).notes).toEqual([]);
});

test('refuses a file without rules of the service', () => {
  expect(() => merge('service cloud.firestore {\n}\n')).toThrow(InitError);
});

test('inserts the blocks for Firestore, also in rules of the default database only', () => {
  for (const database of ['{database}', '(default)']) {
    const text = `service cloud.firestore {\n  match /databases/${database}/documents {\n  }\n}\n`;
    const merged = mergeRules(text, 'firestore.rules', FIRESTORE, '(default)').text;
    expect(expectInsertion(text, merged)).toContain('match /imageTokens/{hash} {');
  }
});

test.each([
  ['photos/{imageId}/{uid}', 'profiles/{uid}/photos', 'profiles/{uid}/links', 'a/b/photoTokens'],
  ['a/{uid}/b/{imageId}/c', '{uid}', 'links/of/{uid}', 'tokens'],
])('puts the paths of the installation in: %s', (originals, images, shares, tokens) => {
  const paths = { originals, variants: 'public/variants', images, shares, tokens };
  const storage = storageTemplate(TEXTS.storageRules, paths).text;
  const firestore = firestoreTemplate(TEXTS.firestoreRules, paths).text;
  compileRules(storage, 'storage.rules');
  compileRules(firestore, 'firestore.rules');
  expect(storage).toContain(`match /${originals} {`);
  expect(storage).toContain('match /public/variants/{rendition=**} {');
  expect(storage).toContain(`/documents/${images.replace('{uid}', '$(uid)')}/$(imageId))`);
  expect(firestore).toContain(`match /${images}/{imageId} {`);
  expect(firestore).toContain(`match /${shares}/{shareId} {`);
  expect(firestore).toContain(`match /${tokens}/{hash} {`);
});

test('a second merge changes nothing, whatever the rules around', () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const space = fc.constantFrom(
    '',
    ' ',
    '\n',
    '\n\n',
    '\n  ',
    '\t',
    ' // }\n',
    ' /* { */ ',
    '\r\n',
  );
  const match = fc
    .tuple(space, name, space, space)
    .map(([a, path, b, c]) => `${a} match /${path}/{${path}x} {${b} allow read: if false;${c}}`);
  const rules = fc
    .tuple(fc.array(match, { maxLength: 4 }), space, space)
    .map(
      ([matches, a, b]) =>
        `service firebase.storage {${a} match /b/{bucket}/o {${matches.join('')}${b}}${a}}${b}`,
    );
  fc.assert(
    fc.property(rules, (text) => {
      const merged = merge(text).text;
      expectInsertion(text, merged);
      const [service] = parseRules(merged, 'storage.rules').services;
      const container = service?.matches[0];
      const before = parseRules(text, 'storage.rules').services[0]?.matches[0];
      expect(container?.matches).toHaveLength((before?.matches.length ?? 0) + 2);
      expect(merge(merged).text).toBe(merged);
    }),
  );
});
