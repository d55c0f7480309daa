import type * as v1 from '../v1.js';
import { Store, type Commit } from './store.js';
import { idsOf, ROOT, set, toFields, toValue, where } from './testing.js';
import { toMicroseconds, toTimestamp } from './times.js';

/** Matches a StatusError in `toThrow`. */
const withCode = (code: number): Error => expect.objectContaining({ code }) as Error;

const C1 = `${ROOT}/c/1`;
const fieldsOf = (store: Store, name: string, at?: v1.Timestamp) => store.read(name, at)?.fields;
const later = (time: v1.Timestamp, microseconds: number) =>
  toTimestamp(toMicroseconds(time) + microseconds);

describe('writes', () => {
  test('an update replaces all fields, or those of the mask; createTime stays', () => {
    const store = new Store();
    const { time } = store.apply([set('c/1', { a: 1, b: { c: 1, d: 2 } })]);
    const update = { name: C1, fields: toFields({ b: { c: 3 }, e: 4, ignored: 5 }) };
    store.apply([{ update, updateMask: { fieldPaths: ['b.c', 'e', 'a'] } }]);
    expect(fieldsOf(store, C1)).toEqual(toFields({ b: { c: 3, d: 2 }, e: 4 }));
    expect(store.read(C1)?.createTime).toEqual(time);
    store.apply([set('c/1', { f: 1 })]);
    expect(fieldsOf(store, C1)).toEqual(toFields({ f: 1 }));
  });

  test('a write of the same values changes nothing and keeps the update time', () => {
    const store = new Store();
    const commits: Commit[] = [];
    const first = store.apply([set('c/1', { a: 1 })]);
    store.onCommit((commit) => commits.push(commit));
    const second = store.apply([set('c/1', { a: 1 })]);
    expect(second.results).toEqual([{ updateTime: first.time }]);
    expect(commits).toEqual([]);
    store.apply([set('c/1', { a: 1.5 })]);
    expect(commits).toHaveLength(1);
  });

  test.each<[what: string, write: v1.Write, code: number]>([
    [
      'an update of a missing document',
      { ...set('c/2', {}), currentDocument: { exists: true } },
      5,
    ],
    ['a creation of an existing one', { ...set('c/1', {}), currentDocument: { exists: false } }, 6],
    [
      'a deletion of a missing one',
      { delete: `${ROOT}/c/2`, currentDocument: { exists: true } },
      5,
    ],
    [
      'another update time',
      { ...set('c/1', {}), currentDocument: { updateTime: { seconds: 1 } } },
      9,
    ],
    ['verify of a missing one', { verify: `${ROOT}/c/2`, currentDocument: { exists: true } }, 5],
    ['a write of nothing', {}, 3],
    ['the name of a collection', { delete: `${ROOT}/c` }, 3],
    ['a reserved id', set('c/__x__', {}), 3],
    ['the id ..', set('c/..', {}), 3],
    ['an empty id', set('c//d/1', {}), 3],
    ['a long id', set(`c/${'x'.repeat(1501)}`, {}), 3],
    ['a reserved field', set('c/3', { __x__: 1 }), 3],
    ['an empty field name', set('c/3', { '': 1 }), 3],
    ['an array in an array', set('c/3', { a: [[1]] }), 3],
    ['2^63', set('c/3', { a: 2n ** 63n }), 3],
    ['a document of more than 1 MiB', set('c/3', { a: 'x'.repeat(1024 * 1024) }), 3],
    ['a value of two types', { update: { name: `${ROOT}/c/3`, fields: { a: { booleanValue: true, stringValue: '' } } } }, 3], // prettier-ignore
    ['a value of no type', { update: { name: `${ROOT}/c/3`, fields: { a: {} } } }, 3],
    ['a latitude of 91', { update: { name: `${ROOT}/c/3`, fields: { a: { geoPointValue: { latitude: 91 } } } } }, 3], // prettier-ignore
    ['the year 10000', { update: { name: `${ROOT}/c/3`, fields: { a: { timestampValue: { seconds: 253402300800 } } } } }, 3], // prettier-ignore
    ['a malformed mask', { ...set('c/3', {}), updateMask: { fieldPaths: ['a..b'] } }, 3],
  ])('%s is refused with its code, and nothing of the commit is written', (_what, write, code) => {
    const store = new Store();
    store.apply([set('c/1', { a: 1 })]);
    expect(() => store.apply([set('c/1', { a: 2 }), write])).toThrow(withCode(code));
    expect(fieldsOf(store, C1)).toEqual(toFields({ a: 1 }));
    expect(fieldsOf(store, `${ROOT}/c/3`)).toBeUndefined();
  });

  test('maps may be 20 levels deep', () => {
    const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
    const store = new Store();
    expect(() => store.apply([set('c/1', nested(20))])).not.toThrow();
    expect(() => store.apply([set('c/2', nested(22))])).toThrow('20 levels');
  });

  test('a numeric id and a vector are stored', () => {
    const store = new Store();
    const vector = { __type__: '__vector__', value: [1.5, 2.5] };
    store.apply([set('c/__id7__', { vector })]);
    expect(fieldsOf(store, `${ROOT}/c/__id7__`)).toEqual(toFields({ vector }));
  });
});

describe('transforms', () => {
  const transformed = (before: object, transform: object) => {
    const store = new Store();
    store.apply([set('c/1', before)]);
    const { results } = store.apply([
      {
        update: { name: C1 },
        updateMask: { fieldPaths: [] },
        updateTransforms: [{ fieldPath: 'a', ...transform }],
      },
    ]);
    return { a: fieldsOf(store, C1)?.['a'], result: results[0]?.transformResults?.[0] };
  };
  const max = 2n ** 63n - 1n;

  test.each<[what: string, before: object, transform: object, expected: unknown]>([
    ['adds integers', { a: 1 }, { increment: toValue(2) }, 3],
    ['saturates', { a: max }, { increment: toValue(1) }, max],
    ['saturates below', { a: -max }, { increment: toValue(-5) }, -(2n ** 63n)],
    ['adds doubles', { a: 1 }, { increment: toValue(0.5) }, 1.5],
    ['sets a missing field', {}, { increment: toValue(2) }, 2],
    ['replaces a text', { a: 'x' }, { increment: toValue(2) }, 2],
    ['maximum', { a: 1 }, { maximum: toValue(2) }, 2],
    ['maximum keeps the larger', { a: 3 }, { maximum: toValue(2.5) }, 3],
    ['maximum of a text', { a: 'x' }, { maximum: toValue(2) }, 2],
    ['minimum', { a: 1 }, { minimum: toValue(0.5) }, 0.5],
    ['minimum keeps an equal one', { a: 1 }, { minimum: { doubleValue: 1 } }, 1],
    ['minimum with NaN', { a: 1 }, { minimum: { doubleValue: NaN } }, NaN],
  ])('%s', (_what, before, transform, expected) => {
    const { a, result } = transformed(before, transform);
    expect(a).toEqual(toValue(expected));
    expect(result).toEqual(a);
  });

  test('array transforms add missing elements and remove all, and report null', () => {
    const values = [1, 1, 'x'].map(toValue);
    const added = transformed({ a: [1] }, { appendMissingElements: { values } });
    expect(added).toEqual({ a: toValue([1, 'x']), result: { nullValue: 'NULL_VALUE' } });
    const removed = transformed({ a: [1, 2, 1] }, { removeAllFromArray: { values } });
    expect(removed.a).toEqual(toValue([2]));
    expect(transformed({ a: 'x' }, { removeAllFromArray: { values } }).a).toEqual(toValue([]));
  });

  test('the server time has millisecond precision, and is the same for all fields of a commit', () => {
    const { a, result } = transformed({}, { setToServerValue: 'REQUEST_TIME' });
    expect(result).toEqual(a);
    expect((a?.timestampValue?.nanos ?? 0) % 1_000_000).toBe(0);
  });

  test('a transform as a write of its own, as old SDKs send it', () => {
    const store = new Store();
    const fieldTransforms = [{ fieldPath: 'a', increment: toValue(2) }];
    store.apply([{ transform: { document: C1, fieldTransforms } }]);
    expect(fieldsOf(store, C1)).toEqual(toFields({ a: 2 }));
  });

  test.each([{}, { increment: toValue('x') }, { setToServerValue: 'OTHER' }])(
    '%j is refused',
    (transform) => {
      expect(() => transformed({}, transform)).toThrow(withCode(3));
    },
  );
});

describe('past versions', () => {
  test('documents and queries are read as they were', () => {
    const store = new Store();
    const before = store.now();
    const { time: first } = store.apply([set('c/1', { a: 1 }), set('c/2', { a: 1 })]);
    const { time: second } = store.apply([set('c/1', { a: 2 }), { delete: `${ROOT}/c/2` }]);
    store.apply([set('c/2', { a: 3 })]);
    expect(fieldsOf(store, C1, before)).toBeUndefined();
    expect(fieldsOf(store, C1, first)).toEqual(toFields({ a: 1 }));
    expect(fieldsOf(store, C1, second)).toEqual(toFields({ a: 2 }));
    const query = { where: where('a', 'LESS_THAN', 3) };
    expect(idsOf(store, query, before)).toEqual([]);
    expect(idsOf(store, query, first)).toEqual(['1', '2']);
    expect(idsOf(store, query, second)).toEqual(['1']);
    expect(idsOf(store, {})).toEqual(['1', '2']);
  });

  test('a future time is INVALID_ARGUMENT, one before the window FAILED_PRECONDITION', () => {
    const store = new Store();
    expect(() => store.read(C1, later(store.now(), 5_000_000))).toThrow(withCode(3));
    expect(() => store.read(C1, later(store.now(), -3_601_000_000))).toThrow(withCode(9));
  });

  test.each([
    ['versions', { versions: 3, bytes: 1e9 }],
    ['bytes', { versions: 1e9, bytes: 200 }],
  ])('are limited in %s; what was deleted long ago takes no memory', (_what, limits) => {
    const store = new Store(undefined, { age: 3_600_000_000, ...limits });
    const times = Array.from({ length: 10 }, (_, a) => store.apply([set('c/1', { a })]).time);
    store.apply([{ delete: C1 }]);
    expect(() => store.read(C1, times[2])).toThrow(withCode(9));
    expect(fieldsOf(store, C1, times[9])).toEqual(toFields({ a: 9 }));
    for (let other = 0; other < 10; other++) store.apply([set('d/1', { other })]);
    expect(() => store.read(C1, times[9])).toThrow(withCode(9));
    expect(store.collectionIds(ROOT)).toEqual(['d']);
  });
});

test('each commit is sent to the listeners before it returns, and read times are never behind', () => {
  const store = new Store();
  const seen: number[] = [];
  const end = store.onCommit(({ time, changes }) => {
    seen.push(toMicroseconds(time));
    expect(store.read(changes[0]?.name ?? '')).toEqual(changes[0]?.after);
  });
  for (let a = 0; a < 100; a++) {
    const before = toMicroseconds(store.now());
    const time = toMicroseconds(store.apply([set('c/1', { a })]).time);
    expect(time).toBeGreaterThan(before);
    expect(seen.at(-1)).toBe(time);
    expect(toMicroseconds(store.now())).toBeGreaterThanOrEqual(time);
  }
  end();
  store.apply([set('c/1', { a: -1 })]);
  expect(seen).toHaveLength(100);
});

test('collection ids and missing documents', () => {
  const store = new Store();
  store.apply([set('a/1/b/1', {}), set('a/2', {}), set('a/3/c/1/d/1', {}), set('e/1', {})]);
  expect(store.collectionIds(ROOT)).toEqual(['a', 'e']);
  expect(store.collectionIds(`${ROOT}/a/3`)).toEqual(['c']);
  const missing = store.missingDocuments(`${ROOT}/a`).map(({ name }) => name);
  expect(missing).toEqual([`${ROOT}/a/1`, `${ROOT}/a/3`]);
});

test('clear() deletes everything, and the listeners get the deletions', () => {
  const store = new Store();
  store.apply([set('c/1', {}), set('d/1/e/2', {})]);
  const names: string[] = [];
  store.onCommit(({ changes }) => names.push(...changes.map(({ name }) => name)));
  store.clear();
  expect(names.sort()).toEqual([C1, `${ROOT}/d/1/e/2`]);
  expect(store.collectionIds(ROOT)).toEqual([]);
});
