import { compileRules } from '../index.js';
import { readCases, type Case } from './cases.js';
import { evaluateCases } from './evaluate.js';

const RULES = compileRules(
  `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /docs/{id} {
      allow get: if false;
      allow get, create: if request.auth.uid == id;
      allow list: if request.query.limit <= 10;
      allow update: if getAfter(/databases/$(database)/documents/docs/$(id)).data.n == 2;
    }
  }
}`,
  'test.rules',
);

function cases(...changes: object[]): Case[] {
  const path = '/databases/(default)/documents/docs/a';
  const common = { method: 'get', path, auth: { uid: 'a' }, expect: true };
  const all = changes.map((change, index) => ({ name: `${index}`, ...common, ...change }));
  return readCases(JSON.stringify(all), 'cases.json');
}

test('returns a result per case, in order, with the statement that allowed it', async () => {
  expect(await evaluateCases(RULES, cases({}, { expect: false }, { method: 'create' }))).toEqual([
    { name: '0', allowed: true, expected: true, ok: true, why: '6:7 the condition is true' },
    { name: '1', allowed: true, expected: false, ok: false, why: '6:7 the condition is true' },
    { name: '2', allowed: true, expected: true, ok: true, why: '6:7 the condition is true' },
  ]);
});

test('explains a denial with every statement that was tried', async () => {
  const [other, signedOut, untried] = await evaluateCases(
    RULES,
    cases({ auth: { uid: 'b' } }, { auth: null, expect: false }, { method: 'delete' }),
  );
  expect(other).toMatchObject({ allowed: false, ok: false });
  expect(other?.why).toMatch(/^5:7 false is false .*; 6:7 request\.auth\.uid == id is false /);
  expect(signedOut).toMatchObject({ allowed: false, ok: true });
  expect(signedOut?.why).toMatch(/; 6:7 error at 6:\d+: /);
  expect(untried?.why).toBe('no rule matches this path and method');
});

test('passes queries and the documents after a write to the rules', async () => {
  const results = await evaluateCases(
    RULES,
    cases(
      { method: 'list', query: { limit: 10 } },
      { method: 'list', query: { limit: 11 }, expect: false },
      { method: 'update', resource: { n: 1 }, requestResource: { n: 2 } },
      { method: 'update', resource: { n: 2 }, requestResource: { n: 1 }, expect: false },
    ),
  );
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
});

test('a query is allowed if its filters prove every document that it may return', async () => {
  const rules = compileRules(
    `service cloud.firestore { match /databases/{database}/documents {
      match /docs/{id} { allow list: if resource.data.owner == request.auth.uid && resource.data.n < 9; }
    } }`,
    'test.rules',
  );
  const path = '/databases/(default)/documents/docs';
  const list = (expect: boolean, ...where: unknown[]) => ({
    ...{ method: 'list', path, auth: { uid: 'a' } },
    ...{ expect, query: { where, limit: 10 } },
  });
  const own = ['owner', '==', 'a'];
  const results = await evaluateCases(
    rules,
    cases(
      list(true, own, ['n', '<', 5]),
      list(true, own, ['n', 'in', [1, 2]]),
      list(true, own, { or: [['n', '==', 1], { and: [['n', '<=', 3]] }] }),
      list(false, own),
      list(false, own, ['n', '<', 10]),
      list(false, own, ['n', 'in', [1, 9]]),
      list(false, ['owner', '==', 'b'], ['n', '<', 5]),
      list(false, own, ['n', 'in', []]),
    ),
  );
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(results[3]?.why).toContain("property 'n' is undefined");
});

test('rejects a case for a service that the rules do not declare', async () => {
  const wrong = cases({}, { path: '/b/bucket/o/a', expect: false });
  await expect(evaluateCases(RULES, wrong)).rejects.toThrow(
    'cases.json: case 2 ("1"): path: expected one of cloud.firestore, found "firebase.storage"',
  );
});
