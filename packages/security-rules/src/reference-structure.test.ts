import {
  isAllowed,
  decide,
  createDocumentReader,
  firestoreRules,
  loadError,
  storageRules,
} from './testing.js';
import type { RequestOptions } from './testing.js';

const CITIES = 'match /cities/{city} { match /landmarks/{landmark} { allow read, write; } }';
const OVERLAP = 'match /cities/{c} { allow get: if false; } match /cities/{d=**} { allow get; }';
const SONGS = 'match /{path=**}/songs/{song} { allow read; }';
const OPEN = (version: string): string =>
  firestoreRules('match /cities/{city}/{document=**} { allow read; }', version);
const CONTENT = `
  function isAuthorOrAdmin(userId, article) {
    let isAuthor = article.author == userId;
    let isAdmin = exists(/databases/$(database)/documents/admins/$(userId));
    return isAuthor || isAdmin;
  }
  match /articles/{article} {
    allow read: if isAuthorOrAdmin(request.auth.uid, resource.data);
  }`;
const VISIBILITY = `
  function signedInOrPublic() {
    return request.auth.uid != null || resource.data.visibility == 'public';
  }
  match /cities/{city} { allow read, write: if signedInOrPublic(); }`;
const ATOMIC = `
  match /cities/{city} {
    allow write: if getAfter(/databases/$(database)/documents/countries/$(request.resource.data.country)).data.last_updated == request.time;
  }`;
const IMAGES = `
  match /images/{imageId} {
    allow write: if request.resource.size < 5 * 1024 * 1024
      && request.resource.contentType.matches('image/.*')
      && request.resource.contentType == resource.contentType
      && imageId.size() < 32;
  }
  match /files/{allFiles=**} { allow read: if request.auth != null; allow delete; }`;
const image = (size: number, contentType = 'image/png') => ({
  method: 'update' as const,
  request: { resource: { size, contentType } },
  resource: { contentType: 'image/png' },
});
const admins = createDocumentReader({ 'admins/bob': {} });
const time = new Date(0);
const country = (at: Date) => createDocumentReader({}, { 'countries/fr': { last_updated: at } });
const update = {
  method: 'update' as const,
  request: { time, resource: { data: { country: 'fr' } } },
};
const by = (uid: string): RequestOptions => ({ request: { auth: { uid } }, resource: { data: { author: 'ann' } } }); // prettier-ignore

/** Examples of the guides: title, rules, request, whether it is allowed. */
const EXAMPLES: Record<string, readonly (readonly [string, string, RequestOptions, boolean])[]> = {
  // https://firebase.google.com/docs/firestore/security/rules-structure
  'rules-structure': [
    ['a subcollection uses its own rules', CITIES, { path: 'cities/sf/landmarks/x' }, true],
    [
      'the rules of a nested match do not apply to the parent document',
      CITIES,
      { path: 'cities/sf' },
      false,
    ],
    ['one allowing match of several is enough', OVERLAP, { path: 'cities/sf' }, true],
    ['version 1: ** does not match zero segments', OPEN('1'), { path: 'cities/sf' }, false],
    ['version 1: ** matches many segments', OPEN('1'), { path: 'cities/sf/a/b/c/d' }, true],
    ['version 2: ** matches zero segments', OPEN('2'), { path: 'cities/sf' }, true],
    ['version 2: ** matches many segments', OPEN('2'), { path: 'cities/sf/a/b/c/d' }, true],
    ['version 2: ** may be anywhere in the path', SONGS, { path: 'artists/a/songs/s' }, true],
    ['version 2: a leading ** matches zero segments', SONGS, { path: 'songs/s' }, true],
    ['version 2: the segments after ** must match', SONGS, { path: 'artists/a' }, false],
  ],
  // https://firebase.google.com/docs/rules/rules-language#function and rules-conditions
  functions: [
    ['allows the author', CONTENT, { path: 'articles/a', documents: admins, ...by('ann') }, true],
    ['allows an admin', CONTENT, { path: 'articles/a', documents: admins, ...by('bob') }, true],
    [
      'denies another user',
      CONTENT,
      { path: 'articles/a', documents: admins, ...by('eve') },
      false,
    ],
    ['allows a signed-in user', VISIBILITY, { path: 'cities/a', ...by('eve') }, true],
    [
      'allows a signed-out user for a public document: || ignores the error of auth.uid',
      VISIBILITY,
      { path: 'cities/a', resource: { data: { visibility: 'public' } } },
      true,
    ],
    [
      'denies a signed-out user for a private document',
      VISIBILITY,
      { path: 'cities/a', resource: { data: {} } },
      false,
    ],
  ],
  // https://firebase.google.com/docs/firestore/manage-data/transactions#data_validation
  'atomic operations': [
    [
      'allows a write together with the country',
      ATOMIC,
      { ...update, path: 'cities/a', documents: country(time) },
      true,
    ],
    [
      'denies a write with an old country',
      ATOMIC,
      { ...update, path: 'cities/a', documents: country(new Date(1)) },
      false,
    ],
    [
      'without',
      ATOMIC,
      { ...update, path: 'cities/a', documents: createDocumentReader({}) },
      false,
    ],
  ],
};

describe.each(Object.entries(EXAMPLES))('%s', (_page, rows) => {
  test.each(rows)('%s', async (_title, rules, options, expected) => {
    const file = rules.includes('rules_version') ? rules : firestoreRules(rules);
    expect(await isAllowed(file, options)).toBe(expected);
  });
});

/** https://firebase.google.com/docs/storage/security and its rules-conditions */
test.each<[string, RequestOptions, boolean]>([
  ['allows a small image', { path: 'images/cat', ...image(1000) }, true],
  ['denies a large image', { path: 'images/cat', ...image(5 * 1024 * 1024) }, false],
  ['denies another content type', { path: 'images/cat', ...image(1000, 'image/gif') }, false],
  ['denies a long name', { path: `images/${'c'.repeat(32)}`, ...image(1000) }, false],
  ['a wildcard matches one segment only', { path: 'images/a/cat', ...image(1000) }, false],
  ['** allows a signed-in user', { path: 'files/a/b/c', request: { auth: { uid: 'a' } } }, true],
  ['** denies a signed-out user', { path: 'files/a/b/c' }, false],
  ['a failing condition of write denies a delete', { path: 'images/cat', method: 'delete' }, false],
  ['allows a delete', { path: 'files/a', method: 'delete' }, true],
])('Storage: %s', async (_title, options, expected) => {
  const service = 'firebase.storage' as const;
  expect(await isAllowed(storageRules(IMAGES), { ...options, service })).toBe(expected);
});

/** Constructs that the guides exclude are rejected when the file is loaded. */
test.each([
  ['recursion', 'function f() { return f(); }', /no recursion, found that 'f' calls itself/],
  [
    'indirect recursion',
    'function f() { return g(); } function g() { return f(); }',
    /no recursion/,
  ],
  ['a loop', 'function f() { for (x in []) {} return 1; }', /expected 'return'/],
  ['two returns', 'function f() { return 1; return 2; }', /expected '}'/],
  ['no return', 'function f() { let a = 1; }', /expected 'return'/],
  ['a let after return', 'function f() { return 1; let a = 1; }', /expected '}'/],
  ['two ** in one match', 'match /{a=**}/b/{c=**} {}', /at most one {name=\*\*}/],
  ['a method that does not exist', 'match /a/{b} { allow patch; }', /a method after 'allow'/],
])('rejects %s', (_title, body, message) => {
  expect(loadError(firestoreRules(body))).toMatch(message);
});

test('version 1 rejects let and a ** that is not last', () => {
  const late = firestoreRules('match /{path=**}/songs/{song} { allow read; }', '1');
  expect(loadError(late)).toMatch(/expected {name=\*\*} last in its path/);
  expect(loadError(firestoreRules(CONTENT, '1'))).toMatch(/'let' is for rules_version = '2'/);
});

test('evaluation stops at the first statement that allows the request', async () => {
  const { tried } = await decide(firestoreRules(OVERLAP), { path: 'cities/sf' });
  expect(tried.map((statement) => statement.allowed)).toEqual([false, true]);
});
