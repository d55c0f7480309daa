import { ANY_DOCUMENT, ANY_PARENTS, compileRules, fromJson, map } from './index.js';
import type { RulesMethod } from './index.js';
import {
  isAllowed,
  decide,
  firestoreRules,
  evaluateCondition,
  storageRules,
  type RequestOptions,
} from './testing.js';

const METHODS: readonly RulesMethod[] = ['get', 'list', 'create', 'update', 'delete'];

test.each([
  ['read', 'get list'],
  ['write', 'create update delete'],
  ['get', 'get'],
  ['list', 'list'],
  ['create', 'create'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['get, delete', 'get delete'],
  ['read, write', 'get list create update delete'],
])('allow %s applies to %s', async (methods, expected) => {
  const rules = compileRules(firestoreRules(`match /docs/{id} { allow ${methods}; }`), 'a');
  const results = await Promise.all(METHODS.map((method) => isAllowed(rules, { method })));
  expect(METHODS.filter((_, index) => results[index]).join(' ')).toBe(expected);
});

/** match path, versions, document path, whether it matches */
const PATHS: readonly (readonly [pattern: string, versions: string, path: string, is: boolean])[] =
  [
    ['/docs/a', '12', 'docs/a', true],
    ['/docs/a', '12', 'docs/b', false],
    ['/docs/a', '12', 'docs/a/x/y', false],
    ['/docs/{id}', '12', 'docs/a', true],
    ['/docs/{id}', '12', 'docs/a/x/y', false],
    ['/docs/{id}', '12', 'other/a', false],
    ['/docs/{id}', '12', 'docs', false],
    ['/docs/{id=*}', '12', 'docs/a', true],
    ['/docs/{id=*}', '12', 'docs/a/x/y', false],
    ['/{c}/{id}', '12', 'docs/a', true],
    ['/docs/{id}/x/{y}', '12', 'docs/a/x/b', true],
    ['/{all=**}', '12', 'docs/a', true],
    ['/{all=**}', '12', 'docs/a/x/y', true],
    ['/docs/{all=**}', '12', 'docs/a', true],
    ['/docs/{all=**}', '12', 'docs/a/x/y', true],
    ['/docs/{id}/{all=**}', '1', 'docs/a', false],
    ['/docs/{id}/{all=**}', '2', 'docs/a', true],
    ['/docs/{id}/{all=**}', '12', 'docs/a/x/y', true],
    ['/docs/a/{all=**}', '1', 'docs/a', false],
    ['/docs/a/{all=**}', '2', 'docs/a', true],
    ['/{above=**}/songs/{song}', '2', 'songs/a', true],
    ['/{above=**}/songs/{song}', '2', 'artists/b/songs/a', true],
    ['/{above=**}/songs/{song}', '2', 'songs/a/songs/b', true],
    ['/{above=**}/songs/{song}', '2', 'songs/a/other/b', false],
    ['/{above=**}/songs/{song}/{below=*}', '2', 'songs/a/b', true],
    ['/DOCS/{id}', '12', 'docs/a', false],
    ['/docs/{id}', '12', 'docs/', true],
    ['/docs/..', '12', 'docs/a', false],
    ['/docs/{id}', '12', 'docs/..', true],
  ];

test.each(PATHS)('%s (version %s) and %s: %s', async (pattern, versions, path, is) => {
  for (const version of versions) {
    const rules = firestoreRules(`match ${pattern} { allow get; }`, version);
    expect(await isAllowed(rules, { path })).toBe(is);
  }
});

test('nested matches match the concatenated path only', async () => {
  const rules = firestoreRules('match /a/{b} { match /c/{d} { allow get: if b == d; } }');
  expect(await isAllowed(rules, { path: 'a/x/c/x' })).toBe(true);
  expect(await isAllowed(rules, { path: 'a/x/c/y' })).toBe(false);
  expect(await isAllowed(rules, { path: 'a/x' })).toBe(false);
  expect(await isAllowed(rules, { path: 'c/x' })).toBe(false);
});

test.each([
  ['1', 'a/x', false],
  ['2', 'a/x', true],
  ['1', 'a/x/c/y', true],
  ['2', 'a/x/c/y', true],
])('in version %s a nested /{rest=**} and %s: %s', async (version, path, is) => {
  const rules = firestoreRules('match /a/{b} { match /{rest=**} { allow get; } }', version);
  expect(await isAllowed(rules, { path })).toBe(is);
});

/** conditions that are true in match /docs/{id}/{rest=**}, and the document path */
const CAPTURES: readonly (readonly [condition: string, path: string])[] = [
  ["id == 'a'", 'docs/a/x/y'],
  ['id is string', 'docs/a'],
  ['rest is path', 'docs/a'],
  ['rest == /x/y', 'docs/a/x/y'],
  ["rest[1] == 'y'", 'docs/a/x/y'],
  ["database == '(default)'", 'docs/a'],
  ["id == 'a b'", 'docs/a b'],
  ["id == '..'", 'docs/..'],
  ["id == '{id}'", 'docs/{id}'],
  ["id == ''", 'docs/'],
];

test.each(CAPTURES)('%s at %s', async (condition, path) => {
  const body = `match /docs/{id}/{rest=**} { allow get: if ${condition}; }`;
  expect(await isAllowed(firestoreRules(body), { path })).toBe(true);
});

test('an inner wildcard hides an outer one of the same name', async () => {
  const rules = firestoreRules("match /a/{x} { match /b/{x} { allow get: if x == 'inner'; } }");
  expect(await isAllowed(rules, { path: 'a/outer/b/inner' })).toBe(true);
});

test('a function sees the wildcards around its declaration, not around the call', async () => {
  const rules = firestoreRules(`
    match /a/{x} {
      function outer() { return x; }
      match /b/{x} { allow get: if outer() == 'out' && x == 'in'; }
    }`);
  expect(await isAllowed(rules, { path: 'a/out/b/in' })).toBe(true);
});

test('statements are evaluated in order until one allows the request', async () => {
  const rules = firestoreRules(`
    match /docs/{id} { allow get: if id == 'b'; allow list; allow get: if request.x == 1; }
    match /{all=**} { allow read: if true; allow read: if false; }`);
  expect(await decide(rules)).toEqual({
    allowed: true,
    debugged: [],
    tried: [
      { line: 3, column: 24, allowed: false, why: "id == 'b' is false (3:38)" },
      {
        line: 3,
        column: 61,
        allowed: false,
        why: "error at 3:75: property 'x' is undefined",
        errorAt: { line: 3, column: 75 },
      },
      { line: 4, column: 23, allowed: true, why: 'the condition is true' },
    ],
  });
});

test('`why` names the part that determined the result, also in a function', async () => {
  const rules = firestoreRules(`
    function owner(uid) { return request.auth != null && request.auth.uid == uid; }
    match /docs/{id} { allow get: if true && owner(id); }`);
  const why = async (request: object) => (await decide(rules, { request })).tried[0]?.why;
  expect(await why({})).toBe('request.auth != null is false (3:34)');
  expect(await why({ auth: { uid: 'b' } })).toBe('request.auth.uid == uid is false (3:58)');
  expect(await why({ auth: {} })).toBe("error at 3:58: property 'uid' is undefined");
});

test('`why` quotes parentheses from the source text', async () => {
  const rules = firestoreRules(`
    match /docs/{id} { allow get: if (id == 'b' || (true)) == false; }`);
  const { tried } = await decide(rules);
  expect(tried[0]?.why).toBe("(id == 'b' || (true)) == false is false (3:38)");
});

test('denies a request that no match or no service applies to', async () => {
  const rules = firestoreRules('match /docs/{id} { allow get; }');
  expect(await decide(rules, { path: 'x/y' })).toMatchObject({ allowed: false, tried: [] });
  const storage: RequestOptions = { service: 'firebase.storage', path: 'docs/a' };
  expect(await decide(rules, storage)).toMatchObject({ allowed: false, tried: [] });
});

test('each service has its own rules and shares the functions of the file', async () => {
  const rules = `rules_version = '2';
    function yes() { return true; }
    service cloud.firestore { match /{all=**} { allow get: if yes(); } }
    service firebase.storage { match /{all=**} { allow delete: if yes(); } }`;
  const storage: RequestOptions = { service: 'firebase.storage' };
  expect(await isAllowed(rules)).toBe(true);
  expect(await isAllowed(rules, { method: 'delete' })).toBe(false);
  expect(await isAllowed(rules, storage)).toBe(false);
  expect(await isAllowed(rules, { ...storage, method: 'delete' })).toBe(true);
});

describe('Storage', () => {
  const storage: RequestOptions = { service: 'firebase.storage' };
  const rules = (version: string) => storageRules('match /{all=**} { allow read; }', version);

  test.each([
    ['1', 'get', true],
    ['1', 'list', false],
    ['2', 'get', true],
    ['2', 'list', true],
  ] as const)('version %s, %s: %s', async (version, method, is) => {
    expect(await isAllowed(rules(version), { ...storage, method, path: 'a/b' })).toBe(is);
  });

  test('matches the bucket and the segments of an object name', async () => {
    const owner = storageRules('match /originals/{uid}/{id} { allow get: if bucket == uid; }');
    const at = (...path: string[]) => isAllowed(owner, { ...storage, path });
    expect(await at('b', 'ann', 'o', 'originals', 'ann', 'cat')).toBe(true);
    expect(await at('b', 'ann', 'o', 'originals', 'bob', 'cat')).toBe(false);
    expect(await at('b', 'ann', 'o', 'originals', 'ann', 'x', 'cat')).toBe(false);
    expect(await at('b', 'ann', 'o', 'originals', 'ann', '..', 'bob')).toBe(false);
    expect(await at('b', 'ann', 'o', 'originals', 'ann')).toBe(false);
  });

  test('conditions on size and content type', async () => {
    const condition =
      "request.resource.size < 5 * 1024 * 1024 && request.resource.contentType.matches('image/.*')";
    const write = (size: number, contentType: string) =>
      evaluateCondition(condition, {
        ...storage,
        method: 'create',
        request: { resource: { size, contentType } },
      });
    expect(await write(1000, 'image/png')).toBe(true);
    expect(await write(6_000_000, 'image/png')).toBe(false);
    expect(await write(1000, 'text/html')).toBe(false);
    expect(await write(1000, 'x\nimage/png')).toBe(false);
  });
});

describe('a query, which determines only some values', () => {
  const list = (condition: string, body = `match /docs/{id} { allow list: if ${condition}; }`) =>
    decide(firestoreRules(body), {
      method: 'list',
      path: ['databases', '(default)', 'documents', 'docs', ANY_DOCUMENT],
      resource: { data: map([['owner', fromJson('ann')]]) },
    });

  test.each([
    ['true', true],
    ["resource.data.owner == 'ann'", true],
    ["resource.data.get('owner', '') == 'ann'", true],
    ["'owner' in resource.data", true],
    ["id == 'a'", false],
    ["id != 'a'", false],
    ['resource.data.public == true', false],
    // As in Google's emulator, although a document may have further fields.
    ["!('private' in resource.data)", true],
    ["!resource.data.get('private', false)", true],
    ['resource.data.size() == 1', true],
    ["resource.data.keys().hasAll(['owner'])", true],
    ["resource.data.keys().hasOnly(['owner'])", true],
    ["resource.data.diff({}).addedKeys().hasAll(['owner'])", true],
    ["resource.data.diff({'a': 1}).removedKeys().hasAny(['a'])", true],
    ["resource.data.keys() == ['owner']", true],
    ["resource.data.diff({'owner': 'ann'}).affectedKeys().size() == 0", true],
    ["resource.data == {'owner': 'ann'}", true],
    ["resource.data != {'owner': 'bob'}", true],
  ])('%s: %s', async (condition, is) => {
    expect((await list(condition)).allowed).toBe(is);
  });

  test('a literal document id does not match a query', async () => {
    expect((await list('', 'match /docs/a { allow list; }')).allowed).toBe(false);
    expect((await list('', 'match /{all=**} { allow list; }')).allowed).toBe(true);
    expect((await list('', 'match /{all=**} { allow list: if all == /a; }')).allowed).toBe(false);
  });

  test.each([
    ['match /songs/{id} { allow list; }', false],
    ['match /{c}/songs/{id} { allow list; }', false],
    ['match /{c}/{d}/songs/{id} { allow list; }', false],
    ['match /{above=**}/songs/{id} { allow list; }', true],
    ['match /{all=**} { allow list; }', true],
  ])('a query of a collection group and %s: %s', async (body, is) => {
    const path = ['databases', '(default)', 'documents', ANY_PARENTS, 'songs', ANY_DOCUMENT];
    expect(await isAllowed(firestoreRules(body), { method: 'list', path })).toBe(is);
  });
});
