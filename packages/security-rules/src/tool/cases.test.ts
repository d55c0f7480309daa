import { ANY_DOCUMENT, ANY_PARENTS, fromJson, NULL, path, timestamp } from '../index.js';
import { readCases, type Case } from './cases.js';

const GET = {
  name: 'a get',
  method: 'get',
  path: '/databases/(default)/documents/users/a',
  auth: null,
  expect: true,
};
const LIST = { ...GET, method: 'list', path: '/databases/(default)/documents/users' };
const CREATE = { ...GET, method: 'create' };
const UPLOAD = { ...GET, method: 'create', path: '/b/bucket/o/a/b' };
const DOCUMENT = ['databases', '(default)', 'documents', 'users', 'a'];

function read(...cases: unknown[]): Case[] {
  return readCases(JSON.stringify(cases), 'cases.json');
}

function requestOf(json: unknown): Case['request'] {
  const [one] = read(json);
  if (!one) throw new Error('expected a case');
  return one.request;
}

function fieldOf(value: Case['request']['request'], name: string) {
  return value.type === 'map' ? value.fields.get(name) : undefined;
}

test('reads a get in Firestore', () => {
  const auth = { uid: 'a', token: { email_verified: true, auth_time: 7 } };
  const time = '2025-01-31T12:00:00Z';
  const [one] = read({ ...GET, auth, time, resource: { size: 1 } });
  expect(one).toMatchObject({
    name: 'a get',
    label: 'cases.json: case 1 ("a get")',
    expected: true,
    request: { service: 'cloud.firestore', method: 'get', path: DOCUMENT },
  });
  expect(one?.request.resource).toEqual(
    fromJson({ data: { size: 1 }, id: 'a', __name__: path(DOCUMENT) }),
  );
  const request = { auth, method: 'get', path: path(DOCUMENT), time: new Date(time) };
  expect(one?.request.request).toEqual(fromJson(request));
});

test('reads an upload to Storage', () => {
  const upload = { ...UPLOAD, requestResource: { size: '7' } };
  const { service, path: segments, resource, request } = requestOf(upload);
  expect({ service, segments, resource }).toEqual({
    service: 'firebase.storage',
    segments: ['b', 'bucket', 'o', 'a', 'b'],
    resource: NULL,
  });
  expect(fieldOf(request, 'resource')).toEqual(fromJson({ size: 7 }));
});

test('uses the current time by default', () => {
  const now = new Date('2030-01-01T00:00:00Z');
  const [one] = readCases(JSON.stringify([GET]), 'cases.json', now);
  expect(one && fieldOf(one.request.request, 'time')).toEqual(timestamp(now));
});

test('reads auth without a uid and without a token', () => {
  const authOf = (auth: object) => fieldOf(requestOf({ ...GET, auth }).request, 'auth');
  expect(authOf({ uid: null, token: { sub: 'a' } })).toEqual(fromJson({ token: { sub: 'a' } }));
  expect(authOf({ uid: 'a' })).toEqual(fromJson({ uid: 'a', token: {} }));
});

describe('a list', () => {
  const root = ['databases', '(default)', 'documents'];

  test('of a collection has a document without known fields', () => {
    const { path: segments, resource } = requestOf(LIST);
    expect(segments).toEqual([...root, 'users', ANY_DOCUMENT]);
    expect(resource).toEqual(fromJson({ data: {} }));
  });

  test('of a collection has the fields that filters fix', () => {
    const { resource } = requestOf({ ...LIST, resource: { owner: 'a' } });
    expect(resource).toEqual(fromJson({ data: { owner: 'a' } }));
  });

  test('of a collection group has any parents', () => {
    const group = { ...LIST, path: '/databases/(default)/documents/**/images' };
    expect(requestOf(group).path).toEqual([...root, ANY_PARENTS, 'images', ANY_DOCUMENT]);
    const nested = { ...LIST, path: '/databases/(default)/documents/users/a/**/images' };
    expect(requestOf(nested).path).toEqual([
      ...root,
      ...['users', 'a', ANY_PARENTS, 'images', ANY_DOCUMENT],
    ]);
  });

  test('of a document has its path', () => {
    const listed = { ...LIST, path: GET.path };
    expect(requestOf(listed)).toMatchObject({ path: DOCUMENT, resource: fromJson({ data: {} }) });
    expect(requestOf({ ...listed, resource: {} }).resource).toEqual(
      fromJson({ data: {}, id: 'a', __name__: path(DOCUMENT) }),
    );
  });

  test('has a query', () => {
    expect(fieldOf(requestOf(LIST).request, 'query')).toEqual(
      fromJson({ limit: null, offset: 0, orderBy: {} }),
    );
    const query = { limit: 5, offset: 2, orderBy: { a: 'DESC' } };
    expect(fieldOf(requestOf({ ...LIST, query }).request, 'query')).toEqual(fromJson(query));
    expect(fieldOf(requestOf(GET).request, 'query')).toBeUndefined();
  });

  test('has what each alternative of the filters says about its documents', () => {
    const where = [
      ['owner', '==', 'a'],
      ['m.k', 'in', [1, 2]],
      {
        or: [
          ['n', '>', 3],
          ['deleted', '!=', null],
        ],
      },
    ];
    const { alternatives = [] } = requestOf({ ...LIST, query: { where } });
    const fields = alternatives.map(({ resource }) => resource && fieldOf(resource, 'data'));
    expect(fields.map((data) => data && fieldOf(data, 'm'))).toEqual(
      [1, 1, 2, 2].map((k) => fromJson({ k })),
    );
    expect(fields.map((data) => data && fieldOf(data, 'n')?.type)).toEqual([
      'constrained',
      undefined,
      'constrained',
      undefined,
    ]);
  });

  test('by name has the document', () => {
    const named = (id: string) => ({ $path: `/${[...DOCUMENT.slice(0, -1), id].join('/')}` });
    const where = [['__name__', 'in', [named('a'), named('b')]]];
    const json = { ...LIST, query: { where }, documents: { 'users/a': { n: 1 } } };
    const [a, b] = requestOf(json).alternatives ?? [];
    expect(a?.path).toEqual(DOCUMENT);
    expect(a?.resource).toEqual(fromJson({ data: { n: 1 }, id: 'a', __name__: path(DOCUMENT) }));
    expect(b?.resource).toBeUndefined();
  });

  test('in Storage keeps the slashes of the prefix', () => {
    const list = (prefix: string) => requestOf({ ...LIST, path: prefix }).path;
    expect(list('/b/bucket/o')).toEqual(['b', 'bucket', 'o']);
    expect(list('/b/bucket/o/a/')).toEqual(['b', 'bucket', 'o', 'a', '']);
    expect(fieldOf(requestOf({ ...LIST, path: '/b/bucket/o' }).request, 'query')).toBeUndefined();
  });
});

describe('documents', () => {
  const other = [...DOCUMENT.slice(0, 4), 'b'];
  const dataOf = async (json: unknown, name: string[], after = false) => {
    const { documents } = requestOf(json);
    const document = await (after ? documents?.getAfter?.(name) : documents?.get(name));
    return document && fieldOf(document, 'data');
  };

  test('have short or full paths', async () => {
    const short = { ...GET, documents: { 'users/b': { n: 1 } } };
    expect(await dataOf(short, other)).toEqual(fromJson({ n: 1 }));
    const full = { ...GET, documents: { [`/${other.join('/')}`]: { n: 2 } } };
    expect(await dataOf(full, other)).toEqual(fromJson({ n: 2 }));
    expect(await dataOf(full, [...other.slice(0, 4), 'c'])).toBeUndefined();
    expect(await dataOf({ ...GET, documents: { 'users/b': null } }, other)).toBeUndefined();
    const storage = { ...UPLOAD, documents: { 'users/b': { n: 3 } } };
    expect(await dataOf(storage, other)).toEqual(fromJson({ n: 3 }));
  });

  test('contain the requested document, before and after the request', async () => {
    const update = { ...GET, method: 'update', resource: { n: 1 }, requestResource: { n: 2 } };
    expect(await dataOf(update, DOCUMENT)).toEqual(fromJson({ n: 1 }));
    expect(await dataOf(update, DOCUMENT, true)).toEqual(fromJson({ n: 2 }));
    const removed = { ...GET, method: 'delete', resource: { n: 1 } };
    expect(await dataOf(removed, DOCUMENT)).toEqual(fromJson({ n: 1 }));
    expect(await dataOf(removed, DOCUMENT, true)).toBeUndefined();
    expect(await dataOf({ ...GET, resource: { n: 1 } }, DOCUMENT, true)).toEqual(
      fromJson({ n: 1 }),
    );
  });

  test('after the request are those before it by default', async () => {
    const before = { ...CREATE, documents: { 'users/b': { n: 1 } } };
    expect(await dataOf(before, other, true)).toEqual(fromJson({ n: 1 }));
    const after = { ...before, after: { 'users/b': { n: 2 } }, requestResource: { n: 3 } };
    expect(await dataOf(after, other)).toEqual(fromJson({ n: 1 }));
    expect(await dataOf(after, other, true)).toEqual(fromJson({ n: 2 }));
    expect(await dataOf(after, DOCUMENT, true)).toEqual(fromJson({ n: 3 }));
    expect(await dataOf({ ...before, after: {} }, other, true)).toBeUndefined();
    const own = { ...after, after: { 'users/a': { n: 4 } } };
    expect(await dataOf(own, DOCUMENT, true)).toEqual(fromJson({ n: 4 }));
  });
});

describe('rejects the file', () => {
  test.each([
    ['', /^c\.json: expected JSON, found a syntax error: /],
    ['[{]', /^c\.json: expected JSON, found a syntax error: /],
    ['{"cases": []}', /^c\.json: expected an array of cases, found \{"cases":\[\]\}$/],
    ['[]', /^c\.json: expected at least one case, found \[\]$/],
    ['[1]', /^c\.json: case 1: expected an object, found 1$/],
  ])('%s', (text, message) => {
    expect(() => readCases(text, 'c.json')).toThrow(message);
  });
});

test.each<[change: object, message: string]>([
  [
    { name: undefined },
    'case 1: name: expected a name that says what the case is about, found nothing',
  ],
  [
    { name: ' ' },
    'case 1 (" "): name: expected a name that says what the case is about, found " "',
  ],
  [{ expect: undefined }, 'expect: expected true or false, found nothing'],
  [{ expect: 'true' }, 'expect: expected true or false, found "true"'],
  [{ method: 'read' }, 'method: expected get, list, create, update or delete, found "read"'],
  [{ auth: undefined }, 'auth: expected null or {"uid", "token"}, found nothing'],
  [{ auth: 'a' }, 'auth: expected null or {"uid", "token"}, found "a"'],
  [{ auth: {} }, 'auth.uid: expected a string, or null for a token without a uid, found nothing'],
  [
    { auth: { uid: '' } },
    'auth.uid: expected a string, or null for a token without a uid, found ""',
  ],
  [{ auth: { uid: 'a', claims: {} } }, 'auth: expected only the fields uid, token, found "claims"'],
  [{ auth: { uid: 'a', token: 1 } }, 'auth.token: expected an object of claims, found 1'],
  [{ auth: { uid: 'a', token: { a: { $x: 1 } } } }, 'auth.token.a: expected $timestamp'],
  [{ expected: true }, 'expected only the fields name, method, path'],
  [{ expected: true, expect: undefined }, 'expected only the fields name, method, path'],
  [{ time: 'now' }, 'time: expected an RFC 3339 time'],
  [{ path: undefined }, 'path: expected /b/BUCKET/o/… or /databases/DATABASE/documents/…'],
  [{ path: 'users/a' }, 'path: expected /b/BUCKET/o/…'],
  [{ path: '/b//o/a' }, 'path: expected /b/BUCKET/o/…'],
  [{ path: '/b/bucket/a' }, 'path: expected /b/BUCKET/o/…'],
  [{ path: '/b/bucket/o/\ud800' }, 'path: expected /b/BUCKET/o/…'],
  [{ path: '/b/bucket/o/' }, 'path: expected the name of an object after /b/bucket/o/'],
  [{ path: '/databases/(default)/documents' }, 'path: expected the path of a document'],
  [{ path: '/databases/(default)/documents/users' }, 'path: expected the path of a document'],
  [{ path: '/databases/(default)/documents/users//a/b' }, 'path: expected the path of a document'],
  [{ ...LIST, path: '/databases/x/documents/users/**/a' }, 'path: expected the path of a document'],
  [{ requestResource: {} }, 'requestResource: expected nothing for get, found {}'],
  [{ query: {} }, 'query: expected nothing except for a list in Firestore, found {}'],
  [{ ...LIST, query: { limit: 1.5 } }, 'query.limit: expected a whole number from 0, or null'],
  [{ ...LIST, query: { limit: -1 } }, 'query.limit: expected a whole number from 0, or null'],
  [
    { ...LIST, query: { order: 1 } },
    'query: expected only the fields where, orderBy, limit, offset',
  ],
  [{ ...LIST, query: 1 }, 'query: expected an object, found 1'],
  [{ ...LIST, query: { where: {} } }, 'query.where: expected a list of [FIELD, OPERATOR, VALUE]'],
  [{ ...LIST, query: { where: [['a', '==']] } }, 'query.where[0]: expected a list of [FIELD'],
  [{ ...LIST, query: { where: [['a..b', '==', 1]] } }, 'query.where[0][0]: expected a field path'],
  [{ ...LIST, query: { where: [['a', '=', 1]] } }, 'query.where[0][1]: expected ==, !=, <, <=, >'],
  [{ ...LIST, query: { where: [['a', 'in', 1]] } }, 'query.where[0][2]: expected a list, found 1'],
  [{ ...LIST, query: { where: [{ or: 1 }] } }, 'query.where[0].or: expected a list of [FIELD'],
  [
    { ...LIST, query: { where: [] }, resource: {} },
    'resource: expected nothing beside query.where',
  ],
  [
    { ...LIST, path: GET.path, query: { where: [] } },
    'query.where: expected nothing for a document',
  ],
  [
    { ...CREATE, resource: {} },
    'resource: expected nothing for create: the document does not exist yet, found {}',
  ],
  [{ ...UPLOAD, method: 'list', resource: {} }, 'resource: expected nothing for a list in Storage'],
  [{ ...UPLOAD, after: {} }, 'after: expected nothing for Storage, found {}'],
  [{ ...UPLOAD, requestResource: { siz: 1 } }, 'requestResource: expected name, bucket'],
  [{ resource: [] }, "resource: expected a document's fields or null, found []"],
  [{ documents: [] }, 'documents: expected an object of documents by their path, found []'],
  [{ documents: { users: {} } }, 'documents: expected document paths such as users/a'],
  [{ documents: { 'users/a': 1 } }, 'documents["users/a"]: expected a document\'s fields or null'],
  [
    { documents: { 'users/b': {}, '/databases/(default)/documents/users/b': {} } },
    'documents: expected each document once',
  ],
])('rejects %j', (change, message) => {
  const invalid = () => read({ ...GET, ...change });
  expect(invalid).toThrow(/^cases\.json: case 1/);
  expect(invalid).toThrow(message);
});
