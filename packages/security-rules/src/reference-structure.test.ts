import { allowed, decide, documentsOf, firestoreRules, refusal, storageRules } from './testing.js';
import type { Given } from './testing.js';

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
const admins = documentsOf({ 'admins/bob': {} });
const time = new Date(0);
const country = (at: Date) => documentsOf({}, { 'countries/fr': { last_updated: at } });
const update = {
  method: 'update' as const,
  request: { time, resource: { data: { country: 'fr' } } },
};
const by = (uid: string): Given => ({ request: { auth: { uid } }, resource: { data: { author: 'ann' } } }); // prettier-ignore

/** The examples of the guides: what, the rules, what is asked, whether it is allowed. */
const EXAMPLES: Record<string, readonly (readonly [string, string, Given, boolean])[]> = {
  // https://firebase.google.com/docs/firestore/security/rules-structure
  'rules-structure': [
    ['a subcollection has its own rules', CITIES, { path: 'cities/sf/landmarks/x' }, true],
    ['the rules of a match are not those of its document', CITIES, { path: 'cities/sf' }, false],
    ['any of several that match may allow', OVERLAP, { path: 'cities/sf' }, true],
    ['version 1: ** is one or more', OPEN('1'), { path: 'cities/sf' }, false],
    ['version 1: ** goes down any number', OPEN('1'), { path: 'cities/sf/a/b/c/d' }, true],
    ['version 2: ** is none or more', OPEN('2'), { path: 'cities/sf' }, true],
    ['version 2: ** goes down any number', OPEN('2'), { path: 'cities/sf/a/b/c/d' }, true],
    ['version 2: ** stands anywhere', SONGS, { path: 'artists/a/songs/s' }, true],
    ['version 2: ** at the front is none too', SONGS, { path: 'songs/s' }, true],
    ['version 2: ** elsewhere does not match', SONGS, { path: 'artists/a' }, false],
  ],
  // https://firebase.google.com/docs/rules/rules-language#function and rules-conditions
  functions: [
    ['the author', CONTENT, { path: 'articles/a', documents: admins, ...by('ann') }, true],
    ['an admin', CONTENT, { path: 'articles/a', documents: admins, ...by('bob') }, true],
    ['anyone else', CONTENT, { path: 'articles/a', documents: admins, ...by('eve') }, false],
    ['signed in', VISIBILITY, { path: 'cities/a', ...by('eve') }, true],
    [
      'signed out, and public: the error of auth.uid is outweighed',
      VISIBILITY,
      { path: 'cities/a', resource: { data: { visibility: 'public' } } },
      true,
    ],
    ['neither', VISIBILITY, { path: 'cities/a', resource: { data: {} } }, false],
  ],
  // https://firebase.google.com/docs/firestore/manage-data/transactions#data_validation
  'atomic operations': [
    ['with the country', ATOMIC, { ...update, path: 'cities/a', documents: country(time) }, true],
    [
      'with an old one',
      ATOMIC,
      { ...update, path: 'cities/a', documents: country(new Date(1)) },
      false,
    ],
    ['without', ATOMIC, { ...update, path: 'cities/a', documents: documentsOf({}) }, false],
  ],
};

describe.each(Object.entries(EXAMPLES))('%s', (_page, rows) => {
  test.each(rows)('%s', async (_what, rules, given, expected) => {
    const file = rules.includes('rules_version') ? rules : firestoreRules(rules);
    expect(await allowed(file, given)).toBe(expected);
  });
});

/** https://firebase.google.com/docs/storage/security and its rules-conditions */
test.each<[string, Given, boolean]>([
  ['a small image', { path: 'images/cat', ...image(1000) }, true],
  ['a big one', { path: 'images/cat', ...image(5 * 1024 * 1024) }, false],
  ['another type', { path: 'images/cat', ...image(1000, 'image/gif') }, false],
  ['a long name', { path: `images/${'c'.repeat(32)}`, ...image(1000) }, false],
  ['a wildcard is one segment', { path: 'images/a/cat', ...image(1000) }, false],
  ['** in Storage, signed in', { path: 'files/a/b/c', request: { auth: { uid: 'a' } } }, true],
  ['** in Storage, signed out', { path: 'files/a/b/c' }, false],
  ['write without delete', { path: 'images/cat', method: 'delete' }, false],
  ['delete', { path: 'files/a', method: 'delete' }, true],
])('Storage: %s', async (_what, given, expected) => {
  const service = 'firebase.storage' as const;
  expect(await allowed(storageRules(IMAGES), { ...given, service })).toBe(expected);
});

/** What the guides rule out, found when the file is loaded. */
test.each([
  ['recursion', 'function f() { return f(); }', /no recursion, found that 'f' calls itself/],
  [
    'recursion round about',
    'function f() { return g(); } function g() { return f(); }',
    /no recursion/,
  ],
  ['a loop', 'function f() { for (x in []) {} return 1; }', /expected 'return'/],
  ['two returns', 'function f() { return 1; return 2; }', /expected '}'/],
  ['no return', 'function f() { let a = 1; }', /expected 'return'/],
  ['a let that comes too late', 'function f() { return 1; let a = 1; }', /expected '}'/],
  ['two ** in one match', 'match /{a=**}/b/{c=**} {}', /at most one {name=\*\*}/],
  ['a method that does not exist', 'match /a/{b} { allow patch; }', /a method after 'allow'/],
])('%s is refused', (_what, body, why) => {
  expect(refusal(firestoreRules(body))).toMatch(why);
});

test('version 1 has no let, and ** only at the end', () => {
  const late = firestoreRules('match /{path=**}/songs/{song} { allow read; }', '1');
  expect(refusal(late)).toMatch(/expected {name=\*\*} last in its path/);
  expect(refusal(firestoreRules(CONTENT, '1'))).toMatch(/'let' is for rules_version = '2'/);
});

test('who is allowed once is allowed, and nothing later is tried', async () => {
  const { tried } = await decide(firestoreRules(OVERLAP), { path: 'cities/sf' });
  expect(tried.map((each) => each.allowed)).toEqual([false, true]);
});
