/** What rules see of the documents that a query may return; the results are those of Google's emulator 1.19.9. */
import { fromJson } from './json.js';
import { ANY_DOCUMENT } from './matcher.js';
import { queryAlternatives, type FilterOperator, type QueryFilter } from './query-filters.js';
import { compileRules } from './ruleset.js';
import { firestoreRules } from './testing.js';
import { float, map, NULL, path as pathValue } from './values.js';

const PATH = ['databases', '(default)', 'documents', 'c', ANY_DOCUMENT];

const is = (field: string, operator: FilterOperator, value: unknown): QueryFilter => ({
  field: field.split('.'),
  operator,
  value: fromJson(value),
});

async function isAllowed(condition: string, ...filters: QueryFilter[]): Promise<boolean> {
  const rules = compileRules(firestoreRules(`match /c/{id} { allow list: if ${condition}; }`), 'a');
  const alternatives = queryAlternatives({ and: filters });
  const { allowed } = await rules.evaluate({
    service: 'cloud.firestore',
    method: 'list',
    path: PATH,
    request: NULL,
    resource: NULL,
    alternatives: alternatives.map(({ data }) => ({
      path: PATH,
      request: NULL,
      resource: map([['data', data]]),
    })),
  });
  return allowed;
}

const ALICE = is('u', '==', 'alice');

describe('several filters of one field', () => {
  test.each<[condition: string, QueryFilter[], boolean]>([
    ["resource.data.u == 'alice'", [ALICE, is('u', 'not-in', ['bob'])], true],
    ["resource.data.u != 'carl'", [ALICE, is('u', '>', 'a')], true],
    ["resource.data.u > 'a'", [ALICE, is('u', '!=', 'bob')], true],
    // Fixed only if no other filter limits it.
    ["resource.data.u in ['alice']", [ALICE, is('u', 'not-in', ['bob'])], false],
    ['resource.data.u is string', [ALICE, is('u', 'exists', null)], false],
    ['resource.data.u.size() == 5', [ALICE, is('u', '>', 'a')], false],
    ["!(resource.data.u == 'bob')", [ALICE, is('u', '<', 'b')], false],
    // The same filter twice is one.
    ['resource.data.u is string', [ALICE, ALICE], true],
    ['resource.data.u is string', [ALICE, is('u', 'in', ['alice'])], true],
    ["resource.data.u == 'bob'", [ALICE, is('u', '==', 'bob')], true],
    ["resource.data.u == 'carl'", [ALICE, is('u', '==', 'bob')], false],
  ])('%s', async (condition, filters, expected) => {
    expect(await isAllowed(condition, ...filters)).toBe(expected);
    expect(await isAllowed(condition, ...filters.toReversed())).toBe(expected);
  });
});

describe('filters of a map and of its fields', () => {
  const M = is('m', '==', { k: 'v' });
  test.each<[condition: string, QueryFilter[], boolean]>([
    ["resource.data.m == {'k': 'v', 'l': 1}", [M, is('m.l', '==', 1)], true],
    ["resource.data.m.k == 'w'", [M, is('m.k', '==', 'w')], true],
    ["resource.data.m.k == 'v'", [is('m', '!=', {}), is('m.k', '==', 'v')], true],
    ['resource.data.m is map', [is('m', '==', 1), is('m.k', '==', 'v')], true],
    ["resource.data.a.m == {'k': 'v'}", [is('a.m', '==', { k: 'v' }), is('a.m.l', '==', 1)], true],
    ['resource.data.a.m.l == 1', [is('a.m', '==', { k: 'v' }), is('a.m.l', '==', 1)], false],
  ])('%s', async (condition, filters, expected) => {
    expect(await isAllowed(condition, ...filters)).toBe(expected);
    expect(await isAllowed(condition, ...filters.toReversed())).toBe(expected);
  });
});

describe('numbers', () => {
  const above = (value: number): QueryFilter => ({ field: ['n'], operator: '>', value: float(value) }); // prettier-ignore
  test.each<[condition: string, QueryFilter, boolean]>([
    ['resource.data.n > 2', is('n', '>', 2), true],
    ['resource.data.n > 2.0', is('n', '>', 2), true],
    ['resource.data.n > 1.5', above(2), true],
    // The Float of a filter and the Integer of a rule.
    ['resource.data.n > 2', above(2), false],
    ['resource.data.n != 2', above(2.5), false],
    ['2 < resource.data.n', above(4.5), false],
  ])('%s', async (condition, filter, expected) => {
    expect(await isAllowed(condition, filter)).toBe(expected);
  });
});

test('filters by name fix the path of the document, unless others limit it', () => {
  const name = pathValue([...PATH.slice(0, 4), 'x']);
  const named: QueryFilter = { field: ['__name__'], operator: '==', value: name };
  const after: QueryFilter = { field: ['__name__'], operator: '>', value: name };
  expect(queryAlternatives(named)).toMatchObject([{ path: name.segments }]);
  expect(queryAlternatives({ and: [named, after] })[0]).not.toHaveProperty('path');
});

test('in finds neither null nor NaN, and without values nothing', async () => {
  expect(await isAllowed('resource.data.n != null', is('n', 'in', [null]))).toBe(true);
  expect(await isAllowed('resource.data.n == null', is('n', 'in', [null]))).toBe(false);
  expect(await isAllowed('true', is('n', 'in', []))).toBe(false);
});

test('too many alternatives are refused', () => {
  const eleven = is(
    'a',
    'in',
    Array.from({ length: 11 }, (_, index) => index),
  );
  expect(() => queryAlternatives({ and: [eleven, { ...eleven, field: ['b'] }] })).toThrow(
    RangeError,
  );
});
