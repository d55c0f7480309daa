/** Tables of queries: the order of values, filters, cursors, collection groups and aggregations. */
import {
  aggregate,
  all,
  any,
  bytes,
  call,
  cursor,
  double,
  from,
  fromGroup,
  geo,
  long,
  NAN,
  order,
  query,
  reference,
  ROOT,
  time,
  unary,
  where,
  type Table,
} from './requests.js';

const VALUES: Record<string, unknown> = {
  null: null,
  false: false,
  true: true,
  nan: NAN,
  'int-neg': -3,
  'dbl-neg': -2.5,
  'int-zero': 0,
  'dbl-zero': double(0),
  'dbl-small': 1.5,
  'int-two': 2,
  'int-big': long('9007199254740993'),
  'dbl-inf': double('Infinity'),
  'ts-early': time('2001-02-03T04:05:06Z'),
  'ts-late': time('2001-02-03T04:05:06.000001Z'),
  'str-empty': '',
  'str-a': 'a',
  'str-B': 'B',
  'str-aa': 'aa',
  'str-e-acute': 'é',
  'str-kanji': '日',
  'str-emoji': '\u{1F600}',
  'bytes-empty': bytes(''),
  'bytes-01': bytes('AQ=='),
  'bytes-0102': bytes('AQI='),
  'bytes-ff': bytes('/w=='),
  'ref-a': reference('ord/a'),
  'ref-b-sub': reference('ord/b/sub/x'),
  'ref-c': reference('ord/c'),
  'ref-other-col': reference('aaa/z'),
  'geo-south': geo(-1, 5),
  'geo-north-west': geo(1, -5),
  'geo-north-east': geo(1, 5),
  'arr-empty': [],
  'arr-1': [1],
  'arr-1-2': [1, 2],
  'arr-2': [2],
  'arr-str': ['a'],
  'map-empty': {},
  'map-a1': { a: 1 },
  'map-a2': { a: 2 },
  'map-b0': { b: 0 },
  'map-a1-b0': { a: 1, b: 0 },
};

const ord = from('ord');
const typeOrder: Table = {
  name: 'order of values',
  documents: {
    ...Object.fromEntries(Object.entries(VALUES).map(([id, v]) => [`ord/${id}`, { v }])),
    'ord/missing': { other: 1 },
  },
  cases: [
    query('ascending', { ...ord, orderBy: order('v') }),
    query('descending', { ...ord, orderBy: order('v desc') }),
    query('by name', { ...ord, orderBy: order('__name__'), limit: 5 }),
    query('by name descending', { ...ord, orderBy: order('__name__ desc'), limit: 5 }),
    query('without order', { ...ord, limit: 6 }),
    query('only names', {
      ...ord,
      select: { fields: [{ fieldPath: '__name__' }] },
      orderBy: order('v'),
      limit: 4,
    }),
  ],
};

const num = from('num');
const numbers: Table = {
  name: 'equal numbers',
  documents: {
    'num/b': { v: 1 },
    'num/a': { v: double(1) },
    'num/c': { v: 1.0000000000000002 },
    'num/d': { v: 0 },
    'num/e': { v: double('-0') },
    'num/f': { v: double(0) },
    'num/g': { v: double('-Infinity') },
    'num/h': { v: NAN },
    'num/i': { v: long('9223372036854775807') },
    'num/j': { v: double(2 ** 63) },
  },
  cases: [
    query('ascending', { ...num, orderBy: order('v') }),
    query('== integer', { ...num, where: where('v', '==', 1) }),
    query('== double', { ...num, where: where('v', '==', double(1)) }),
    query('== -0.0', { ...num, where: where('v', '==', double('-0')) }),
    query('== NaN', { ...num, where: where('v', '==', NAN) }),
    query('IS_NAN', { ...num, where: unary('v', 'IS_NAN') }),
    query('IS_NOT_NAN', { ...num, where: unary('v', 'IS_NOT_NAN') }),
    query('> -Infinity', { ...num, where: where('v', '>', double('-Infinity')) }),
    query('< NaN', { ...num, where: where('v', '<', NAN) }),
    query('!= integer', { ...num, where: where('v', '!=', 1) }),
  ],
};

const flt = from('flt');
const filters: Table = {
  name: 'filters',
  documents: {
    'flt/a': { s: 'x', n: 1, tags: ['red', 'blue'], m: { k: 1 } },
    'flt/b': { s: 'y', n: 2, tags: ['blue'], m: { k: 2 } },
    'flt/c': { s: 'x', n: 3, tags: [], m: { k: null } },
    'flt/d': { s: null, n: 2.5, tags: [null, NAN] },
    'flt/e': { n: '2', tags: 'red' },
    'flt/f': { s: 'z', n: NAN, tags: ['red', 1, { a: 1 }] },
    'flt/g': { s: 'x', n: 1, nested: { deep: { v: true } } },
  },
  cases: [
    query('== string', { ...flt, where: where('s', '==', 'x') }),
    query('== null', { ...flt, where: where('s', '==', null) }),
    query('IS_NULL', { ...flt, where: unary('s', 'IS_NULL') }),
    query('IS_NOT_NULL', { ...flt, where: unary('s', 'IS_NOT_NULL') }),
    query('!= string', { ...flt, where: where('s', '!=', 'x') }),
    query('!= null', { ...flt, where: where('s', '!=', null) }),
    query('>= number', { ...flt, where: where('n', '>=', 2) }),
    query('> string', { ...flt, where: where('n', '>', '1') }),
    query('name before the inequality', {
      ...flt,
      where: where('n', '<', 3),
      orderBy: order('__name__ desc'),
    }),
    query('array-contains', { ...flt, where: where('tags', 'has', 'red') }),
    query('array-contains null', { ...flt, where: where('tags', 'has', null) }),
    query('array-contains NaN', { ...flt, where: where('tags', 'has', NAN) }),
    query('array-contains array', { ...flt, where: where('tags', 'has', [1]) }),
    query('array-contains-any', { ...flt, where: where('tags', 'has-any', ['blue', 1]) }),
    query('in', { ...flt, where: where('s', 'in', ['y', 'z', null]) }),
    query('in, double for integer', { ...flt, where: where('n', 'in', [double(1), '2']) }),
    query('not-in', { ...flt, where: where('s', 'not-in', ['x']) }),
    query('not-in with null', { ...flt, where: where('s', 'not-in', ['x', null]) }),
    query('== array', { ...flt, where: where('tags', '==', ['blue']) }),
    query('== map', { ...flt, where: where('m', '==', { k: 2 }) }),
    query('nested field', { ...flt, where: where('nested.deep.v', '==', true) }),
    query('field of a map', { ...flt, where: where('m.k', '==', 1) }),
    query('or', { ...flt, where: any(where('s', '==', 'y'), where('n', '==', 3)) }),
    query('or inside and', {
      ...flt,
      where: all(any(where('s', '==', 'x'), where('s', '==', 'y')), where('n', '<=', 2)),
    }),
    query('two equalities', { ...flt, where: all(where('s', '==', 'x'), where('n', '==', 1)) }),
    query('inequalities on two fields', {
      ...flt,
      where: all(where('s', '>', 'w'), where('n', '<', 3)),
    }),
    query('inequality and order by another field', {
      ...flt,
      where: where('n', '>', 0),
      orderBy: order('s'),
    }),
    query('inequality and its field second in the order', {
      ...flt,
      where: where('n', '>', 0),
      orderBy: order('s', 'n'),
    }),
    query('order by a field that some lack', { ...flt, orderBy: order('m') }),
    query('order by two fields', { ...flt, orderBy: order('s', 'n desc') }),
  ],
};

const cur = { ...from('cur'), orderBy: order('n') };
const cursors: Table = {
  name: 'cursors',
  documents: {
    'cur/a': { n: 1, g: 'p' },
    'cur/b': { n: 2, g: 'p' },
    'cur/c': { n: 2, g: 'q' },
    'cur/d': { n: 3, g: 'q' },
    'cur/e': { n: 4, g: 'p' },
    'cur/f': { g: 'r' },
  },
  cases: [
    query('startAt', { ...cur, startAt: cursor([2], true) }),
    query('startAfter', { ...cur, startAt: cursor([2], false) }),
    query('endBefore', { ...cur, endAt: cursor([3], true) }),
    query('endAt', { ...cur, endAt: cursor([3], false) }),
    query('startAt with a name', {
      ...from('cur'),
      orderBy: order('n', '__name__'),
      startAt: cursor([2, reference('cur/c')], true),
    }),
    query('startAt the first of two fields', {
      ...from('cur'),
      orderBy: order('g', 'n'),
      startAt: cursor(['q'], true),
    }),
    query('startAfter descending', {
      ...from('cur'),
      orderBy: order('n desc'),
      startAt: cursor([3], false),
    }),
    query('startAt another type', { ...cur, startAt: cursor(['2'], true) }),
    query('startAfter a name', {
      ...from('cur'),
      orderBy: order('__name__'),
      startAt: cursor([reference('cur/c')], false),
    }),
    query('too many values', { ...cur, startAt: cursor([2, 3, 4], true) }),
    query('offset and limit', { ...cur, offset: 2, limit: 2 }),
    query('offset past the end', { ...cur, offset: 10 }),
    query('limit 0', { ...cur, limit: 0 }),
    query('limit of the last', {
      ...from('cur'),
      orderBy: order('n desc', '__name__ desc'),
      limit: 2,
    }),
    query('no values', { ...cur, startAt: cursor([], true) }),
  ],
};

const items = { ...fromGroup('items'), orderBy: order('__name__') };
const groups: Table = {
  name: 'collection groups',
  documents: {
    'cg/a': { t: 'root-a' },
    'cg/a/items/1': { t: 'a1', n: 1 },
    'cg/a/items/2': { t: 'a2', n: 2 },
    'cg/b/items/1': { t: 'b1', n: 3 },
    'cg/b/items/1/items/deep': { t: 'deep', n: 4 },
    'items/root': { t: 'root', n: 0 },
    'cg/b/other/1': { t: 'other' },
  },
  cases: [
    query('all', items),
    query('by a field', { ...fromGroup('items'), orderBy: order('n') }),
    call('below a document', 'runQuery', { structuredQuery: items }, `${ROOT}/cg/b`),
    call(
      'a subcollection',
      'runQuery',
      { structuredQuery: { ...from('items'), orderBy: order('__name__') } },
      `${ROOT}/cg/a`,
    ),
    query('startAt a document', { ...items, startAt: cursor([reference('cg/b/items/1')], true) }),
    query('a range of names', {
      ...fromGroup('items'),
      where: all(
        where('__name__', '>=', reference('cg/b/items/1')),
        where('__name__', '<', reference('cg/b/items/2')),
      ),
    }),
    query('== name', {
      ...fromGroup('items'),
      where: where('__name__', '==', reference('cg/a/items/2')),
    }),
    query('in names', {
      ...fromGroup('items'),
      where: where('__name__', 'in', [reference('cg/a/items/2'), reference('items/root')]),
    }),
    query('a collection without documents', { ...from('nothing'), orderBy: order('__name__') }),
    call('partitionQuery', 'partitionQuery', {
      structuredQuery: items,
      partitionCount: '2',
      pageSize: 10,
    }),
  ],
};

const count = (alias: string) => ({ alias, count: {} });
const sum = (fieldPath: string) => ({ alias: 'sum', sum: { field: { fieldPath } } });
const agg = from('agg');
const aggregations: Table = {
  name: 'aggregations',
  documents: { 'agg/a': { n: 1 }, 'agg/b': { n: 2 } },
  cases: [
    aggregate('two equal aliases', agg, count('x'), count('x')),
    aggregate('none', agg),
    aggregate('sum of the name', agg, sum('__name__')),
  ],
};

/** Errors of queries, on one document. */
const err = from('err');
const queryErrors: Table = {
  name: 'errors of queries',
  documents: { 'err/a': { a: 1 } },
  cases: [
    query('without from', {}),
    call('empty body', 'runQuery', {}),
    call('not JSON', 'runQuery', '{not json'),
    query('unknown operator', { ...err, where: where('a', 'NOT_AN_OP', 1) }),
    query('unknown unary operator', { ...err, where: unary('a', 'IS_SOMETHING') }),
    query('operator unspecified', { ...err, where: where('a', 'OPERATOR_UNSPECIFIED', 1) }),
    query('in []', { ...err, where: where('a', 'in', []) }),
    query('in a number', { ...err, where: where('a', 'in', 1) }),
    query('in 31 values', {
      ...err,
      where: where(
        'a',
        'in',
        Array.from({ length: 31 }, (_, i) => i),
      ),
    }),
    query('in 30 values', {
      ...err,
      where: where(
        'a',
        'in',
        Array.from({ length: 30 }, (_, i) => i),
      ),
    }),
    query('array-contains-any arrays', { ...err, where: where('a', 'has-any', [[1]]) }),
    query('two not-in', {
      ...err,
      where: all(where('a', 'not-in', [1]), where('a', 'not-in', [2])),
    }),
    query('not-in and in', {
      ...err,
      where: all(where('a', 'not-in', [1]), where('a', 'in', [2])),
    }),
    query('two array-contains', { ...err, where: all(where('a', 'has', 1), where('a', 'has', 2)) }),
    query('!= and not-in', { ...err, where: all(where('a', '!=', 1), where('a', 'not-in', [2])) }),
    query('empty composite', { ...err, where: all() }),
    query('composite without operator', {
      ...err,
      where: { compositeFilter: { filters: [where('a', '==', 1)] } },
    }),
    query('invalid field path', { ...err, where: where('a..b', '==', 1) }),
    query('empty field path', { ...err, where: where('', '==', 1) }),
    query('order by an empty path', { ...err, orderBy: order('') }),
    query('order without direction', { ...err, orderBy: [{ field: { fieldPath: 'a' } }] }),
    query('cursor with too many values', {
      ...err,
      orderBy: order('a'),
      startAt: cursor([1, 2, 3], true),
    }),
    query('negative limit', { ...err, limit: -1 }),
    query('negative offset', { ...err, offset: -1 }),
    query('two collections', { from: [{ collectionId: 'err' }, { collectionId: 'other' }] }),
    query('empty collection id', from('')),
    query('slash in a collection id', from('a/b')),
    query('name > string', { ...err, where: where('__name__', '>', 'err/a') }),
    query('name == string', { ...err, where: where('__name__', '==', 'err/a') }),
    query('unknown value', {
      ...err,
      where: {
        fieldFilter: { field: { fieldPath: 'a' }, op: 'EQUAL', value: { fooValue: 1 } },
      },
    }),
    query('integer out of range', {
      ...err,
      where: where('a', '==', long('99999999999999999999')),
    }),
    query('time out of range', { ...err, where: where('a', '==', time('0000-01-01T00:00:00Z')) }),
    query('read time in the future', err, { readTime: '2999-01-01T00:00:00Z' }),
    query('read time long ago', err, { readTime: '2000-01-01T00:00:00Z' }),
  ],
};

export const queryTables: Table[] = [
  typeOrder,
  numbers,
  filters,
  cursors,
  groups,
  aggregations,
  queryErrors,
];
