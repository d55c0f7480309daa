import fc from 'fast-check';
import type * as v1 from '../v1.js';
import { compileQuery } from './compiled-query.js';
import { Store } from './store.js';
import { all, any, idsOf, order, ROOT, set, toValue, where } from './testing.js';
import { compareValues } from './values.js';

/** Matches a StatusError in `toThrow`. */
const withCode = (code: number): Error => expect.objectContaining({ code }) as Error;

const unary = (path: string, op: 'IS_NULL' | 'IS_NOT_NULL' | 'IS_NAN' | 'IS_NOT_NAN') => ({
  unaryFilter: { field: { fieldPath: path }, op },
});

function storeOf(documents: Record<string, object>): Store {
  const store = new Store();
  store.apply(Object.entries(documents).map(([id, object]) => set(`c/${id}`, object)));
  return store;
}

describe('filters', () => {
  const store = storeOf({
    one: { a: 1, tags: ['x', 'y'], m: { 'b.c': 1 } },
    two: { a: 2, tags: ['y'] },
    half: { a: 1.5, tags: 'x' },
    text: { a: '1', tags: [] },
    nothing: { a: null },
    nan: { a: NaN },
    other: { b: 1 },
  });

  test.each<[what: string, filter: v1.Filter, expected: string[]]>([
    ['==', where('a', 'EQUAL', 1), ['one']],
    [
      '!= finds no null and no missing field',
      where('a', 'NOT_EQUAL', 1),
      ['nan', 'half', 'two', 'text'],
    ],
    ['<', where('a', 'LESS_THAN', 2), ['one', 'half']],
    ['<=', where('a', 'LESS_THAN_OR_EQUAL', 1.5), ['one', 'half']],
    ['== null', where('a', 'EQUAL', null), []],
    ['!= null', where('a', 'NOT_EQUAL', null), []],
    ['== NaN', where('a', 'EQUAL', NaN), []],
    ['in with null', where('a', 'IN', [null, 1]), ['one']],
    ['>', where('a', 'GREATER_THAN', 1), ['half', 'two']],
    ['>=', where('a', 'GREATER_THAN_OR_EQUAL', 1.5), ['half', 'two']],
    ['in', where('a', 'IN', [1, '1', 9]), ['one', 'text']],
    ['not-in', where('a', 'NOT_IN', [1, '1']), ['nan', 'half', 'two']],
    ['not-in with null', where('a', 'NOT_IN', [1, null]), []],
    ['array-contains', where('tags', 'ARRAY_CONTAINS', 'x'), ['one']],
    ['array-contains-any', where('tags', 'ARRAY_CONTAINS_ANY', ['x', 'y']), ['one', 'two']],
    ['is null', unary('a', 'IS_NULL'), ['nothing']],
    ['is not null', unary('a', 'IS_NOT_NULL'), ['nan', 'one', 'half', 'two', 'text']],
    ['is NaN', unary('a', 'IS_NAN'), ['nan']],
    ['is not NaN', unary('a', 'IS_NOT_NAN'), ['one', 'half', 'two', 'text']],
    ['a quoted path', where('m.`b.c`', 'EQUAL', 1), ['one']],
    ['and', all(where('a', 'GREATER_THAN', 1), where('tags', 'ARRAY_CONTAINS', 'y')), ['two']],
    ['or', any(where('a', 'EQUAL', 2), where('b', 'EQUAL', 1)), ['other', 'two']],
  ])('%s', (_what, filter, expected) => {
    expect(idsOf(store, { where: filter })).toEqual(expected);
  });

  test('inequalities of several fields: the order is by the fields’ names, then by id', () => {
    const points = storeOf({
      q: { y: 1, x: 2 },
      p: { y: 1, x: 2 },
      r: { y: 0, x: 3 },
      s: { x: 1 },
    });
    const filter = all(where('y', 'LESS_THAN', 5), where('x', 'GREATER_THAN', 0));
    expect(idsOf(points, { where: filter })).toEqual(['p', 'q', 'r']);
    const byY = { where: filter, orderBy: [order('y', 'DESCENDING')] };
    expect(idsOf(points, byY)).toEqual(['q', 'p', 'r']);
  });

  test('__name__ is compared with references', () => {
    const reference = (id: string): v1.Value => ({ referenceValue: `${ROOT}/c/${id}` });
    const filter = (op: 'EQUAL' | 'GREATER_THAN' | 'IN', value: v1.Value): v1.Filter => ({
      fieldFilter: { field: { fieldPath: '__name__' }, op, value },
    });
    expect(idsOf(store, { where: filter('EQUAL', reference('two')) })).toEqual(['two']);
    expect(idsOf(store, { where: filter('GREATER_THAN', reference('text')) })).toEqual(['two']);
    const both = { arrayValue: { values: [reference('two'), reference('one')] } };
    expect(idsOf(store, { where: filter('IN', both) })).toEqual(['one', 'two']);
    expect(() => idsOf(store, { where: where('__name__', 'EQUAL', 'two') })).toThrow('__key__');
  });

  test('up to 30 options and disjunctions', () => {
    const options = (count: number) => Array.from({ length: count }, (_, index) => index);
    expect(idsOf(store, { where: where('a', 'IN', options(30)) })).toEqual(['one', 'two']);
    const tooMany = [
      where('a', 'IN', options(31)),
      where('a', 'NOT_IN', options(11)),
      where('a', 'IN', []),
      all(where('a', 'IN', options(6)), where('b', 'IN', options(6))),
    ];
    for (const filter of tooMany) {
      expect(() => idsOf(store, { where: filter })).toThrow(withCode(3));
    }
  });
});

describe('order, cursors and limits', () => {
  const store = storeOf({ a: { n: 3 }, b: { n: 1 }, c: { n: 2 }, d: { n: 2 }, e: {} });
  const byN = [order('n')];
  const cursor = (values: unknown[], before: boolean) => ({ values: values.map(toValue), before });

  test.each<[what: string, query: v1.Query, expected: string[]]>([
    ['no order: by name', {}, ['a', 'b', 'c', 'd', 'e']],
    ['only documents with the field', { orderBy: byN }, ['b', 'c', 'd', 'a']],
    ['descending, names too', { orderBy: [order('n', 'DESCENDING')] }, ['a', 'd', 'c', 'b']],
    ['limit', { orderBy: byN, limit: { value: 2 } }, ['b', 'c']],
    ['limit 0', { orderBy: byN, limit: {} }, []],
    ['offset', { orderBy: byN, offset: 1, limit: { value: 2 } }, ['c', 'd']],
    ['startAt', { orderBy: byN, startAt: cursor([2], true) }, ['c', 'd', 'a']],
    ['startAfter', { orderBy: byN, startAt: cursor([2], false) }, ['a']],
    ['endBefore', { orderBy: byN, endAt: cursor([2], true) }, ['b']],
    ['endAt', { orderBy: byN, endAt: cursor([2], false) }, ['b', 'c', 'd']],
  ])('%s', (_what, query, expected) => {
    expect(idsOf(store, query)).toEqual(expected);
  });

  test.each<[what: string, query: v1.Query]>([
    ['a negative limit', { limit: { value: -1 } }],
    ['a negative offset', { offset: -1 }],
    ['more cursor values than orders', { startAt: cursor([1, 2], true) }],
    ['a field twice', { orderBy: [order('n'), order('n')] }],
    ['two selectors', { from: [{ collectionId: 'c' }, { collectionId: 'd' }] }],
    ['a malformed path', { orderBy: [order('a..b')] }],
    ['a filter of no type', { where: {} }],
    ['!= twice', { where: all(where('n', 'NOT_EQUAL', 1), where('n', 'NOT_EQUAL', 2)) }],
    ['not-in and in', { where: all(where('n', 'NOT_IN', [1]), where('n', 'IN', [2])) }],
    ['a collection id with a slash', { from: [{ collectionId: 'c/d' }] }],
  ])('%s is INVALID_ARGUMENT', (_what, query) => {
    expect(() => idsOf(store, query)).toThrow(withCode(3));
  });

  test('two array filters in one disjunction are a FAILED_PRECONDITION', () => {
    const filters = [where('n', 'ARRAY_CONTAINS', 1), where('n', 'ARRAY_CONTAINS', 2)];
    expect(() => idsOf(store, { where: all(...filters) })).toThrow(withCode(9));
    expect(idsOf(store, { where: any(...filters) })).toEqual([]);
  });

  test('an empty cursor and an empty filter have no effect', () => {
    expect(idsOf(store, { orderBy: byN, startAt: { values: [] } })).toHaveLength(4);
    expect(idsOf(store, { where: all() })).toHaveLength(5);
  });

  test('a vector search is UNIMPLEMENTED', () => {
    const query = { findNearest: { limit: { value: 1 } } };
    expect(() => idsOf(store, query)).toThrow(withCode(12));
  });

  test('filters are at most 100 levels deep', () => {
    const nested = (depth: number): v1.Filter =>
      depth === 1 ? where('n', 'EQUAL', 2) : all(nested(depth - 1));
    expect(idsOf(store, { where: nested(100) })).toEqual(['c', 'd']);
    expect(() => idsOf(store, { where: nested(101) })).toThrow('100 levels');
  });
});

test('collection groups, nested collections and queries without a collection', () => {
  const store = new Store();
  store.apply([set('c/1', {}), set('d/1/c/2', {}), set('d/1/c/2/c/3', {}), set('d/1', {})]);
  const run = (parent: string, from: v1.Query['from']) =>
    store.query(compileQuery(parent, { from })).map(({ name }) => name?.slice(ROOT.length));
  const group = [{ collectionId: 'c', allDescendants: true }];
  expect(run(ROOT, group)).toEqual(['/c/1', '/d/1/c/2', '/d/1/c/2/c/3']);
  expect(run(`${ROOT}/d/1`, group)).toEqual(['/d/1/c/2', '/d/1/c/2/c/3']);
  expect(run(`${ROOT}/d/1`, [{ collectionId: 'c' }])).toEqual(['/d/1/c/2']);
  expect(run(ROOT, [{ allDescendants: true }])).toHaveLength(4);
  expect(run(`${ROOT}/d/1`, [{ allDescendants: true }])).toHaveLength(2);
  expect(run(ROOT, [{}])).toEqual(['/c/1', '/d/1']);
});

test('select returns the named fields', () => {
  const query = compileQuery(ROOT, { select: { fields: [{ fieldPath: 'a.b' }] } });
  const document = {
    name: `${ROOT}/c/1`,
    fields: { ...set('c/1', { a: { b: 1, c: 2 } }).update?.fields },
  };
  expect(query.project(document).fields).toEqual(set('c/1', { a: { b: 1 } }).update?.fields);
  const names = compileQuery(ROOT, { select: { fields: [{ fieldPath: '__name__' }] } });
  expect(names.project(document).fields).toEqual({});
});

test('random queries return what a naive evaluation returns', () => {
  const value = fc.oneof(
    fc.integer({ min: -2, max: 2 }),
    fc.constantFrom(0.5, NaN, null, 'x', 'y', true, 2n ** 60n),
    fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 2 }),
  );
  const object = fc.record({ a: value, b: value }, { requiredKeys: [] });
  const field = fc.constantFrom('a', 'b');
  const ops = ['EQUAL', 'NOT_EQUAL', 'LESS_THAN', 'LESS_THAN_OR_EQUAL', 'GREATER_THAN', 'GREATER_THAN_OR_EQUAL', 'ARRAY_CONTAINS'] as const; // prettier-ignore
  const filter = fc.record({ path: field, op: fc.constantFrom(...ops), value });
  const query = fc.record({
    // A query may have one != and one array filter.
    filters: fc.uniqueArray(filter, { maxLength: 3, selector: ({ op }) => op }),
    isOr: fc.boolean(),
    orders: fc.uniqueArray(fc.record({ path: field, descending: fc.boolean() }), {
      maxLength: 2,
      selector: ({ path }) => path,
    }),
    limit: fc.option(fc.nat(5), { nil: undefined }),
    offset: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(object, { maxLength: 8 }), query, (objects, given) => {
      const store = storeOf(Object.fromEntries(objects.map((one, index) => [`d${index}`, one])));
      const parts = given.filters.map(({ path, op, value: operand }) => where(path, op, operand));
      const structured: v1.Query = {
        ...(parts.length > 0 && { where: given.isOr ? any(...parts) : all(...parts) }),
        orderBy: given.orders.map(({ path, descending }) =>
          order(path, descending ? 'DESCENDING' : 'ASCENDING'),
        ),
        offset: given.offset,
        ...(given.limit !== undefined && { limit: { value: given.limit } }),
      };
      expect(idsOf(store, structured)).toEqual(naive(objects, given));
    }),
    { numRuns: 1000 },
  );
});

interface NaiveQuery {
  filters: { path: 'a' | 'b'; op: string; value: unknown }[];
  isOr: boolean;
  orders: { path: 'a' | 'b'; descending: boolean }[];
  limit: number | undefined;
  offset: number;
}

/** The documents' ids, found by the definition of each operator on JavaScript values. */
function naive(
  objects: readonly { a?: unknown; b?: unknown }[],
  { filters, isOr, orders, limit, offset }: NaiveQuery,
): string[] {
  const kind = (value: unknown) =>
    value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'bigint' ? 'number' : typeof value; // prettier-ignore
  const compare = (left: unknown, right: unknown) => compareValues(toValue(left), toValue(right));
  const matches = (object: { a?: unknown; b?: unknown }, part: NaiveQuery['filters'][number]) => {
    const found = object[part.path];
    if (!(part.path in object)) return false;
    const isSameKind = kind(found) === kind(part.value);
    const isUnequal = part.value === null || Number.isNaN(part.value);
    if (isUnequal && part.op !== 'NOT_EQUAL') return false;
    const sign = compare(found, part.value);
    if (part.op === 'EQUAL') return sign === 0;
    if (part.op === 'NOT_EQUAL') return found !== null && part.value !== null && sign !== 0;
    if (part.op === 'ARRAY_CONTAINS') {
      return Array.isArray(found) && found.some((item) => compare(item, part.value) === 0);
    }
    if (!isSameKind || Number.isNaN(found)) return false;
    if (part.op.startsWith('LESS') && sign < 0) return true;
    if (part.op.startsWith('GREATER') && sign > 0) return true;
    return part.op.endsWith('OR_EQUAL') && sign === 0;
  };
  const inequalities = filters.filter(({ op }) => op !== 'EQUAL' && op !== 'ARRAY_CONTAINS');
  const descending = orders.at(-1)?.descending ?? false;
  const implicit = [...new Set(inequalities.map(({ path }) => path))]
    .filter((path) => !orders.some((one) => one.path === path))
    .sort();
  const all = [...orders, ...implicit.map((path) => ({ path, descending }))];
  const found = objects
    .map((object, index) => ({ object, id: `d${index}` }))
    .filter(({ object }) => all.every(({ path }) => path in object))
    .filter(({ object }) => {
      if (filters.length === 0) return true;
      return isOr
        ? filters.some((part) => matches(object, part))
        : filters.every((part) => matches(object, part));
    })
    .sort((left, right) => {
      for (const one of all) {
        const sign = compare(left.object[one.path], right.object[one.path]);
        if (sign !== 0) return one.descending ? -sign : sign;
      }
      return (left.id < right.id ? -1 : 1) * (descending ? -1 : 1);
    });
  return found.slice(offset, limit === undefined ? undefined : offset + limit).map(({ id }) => id);
}
