import { CommitClock } from './clock.js';
import { MemoryDatabase } from './database.js';
import { getField, parseFieldPath, pickFields, setField } from './fields.js';
import { parseName } from '../names.js';
import { placeholders } from '../rules/placeholders.js';
import { rewriteQuery } from './query-rewrite.js';
import type * as v1 from '../v1.js';

const ROOT = 'projects/p/databases/(default)/documents';
const OPEN_SEGMENTS = { anyDocument: '?', anyParents: '*' };

function filter(
  fieldPath: string,
  op: 'EQUAL' | 'IN' | 'GREATER_THAN',
  value: v1.Value,
): v1.Filter {
  return { fieldFilter: { field: { fieldPath }, op, value } };
}
const text = (stringValue: string): v1.Value => ({ stringValue });
const texts = (...values: string[]): v1.Value => ({ arrayValue: { values: values.map(text) } });
const combine = (op: 'AND' | 'OR', ...filters: v1.Filter[]): v1.Filter => ({
  compositeFilter: { op, filters },
});

function describePlaceholders(parent: string, query: v1.Query): string[] {
  return placeholders(parent, query, OPEN_SEGMENTS).map(
    ({ name, fields }) => `${name?.slice(ROOT.length)} ${JSON.stringify(fields)}`,
  );
}

describe('placeholders', () => {
  it('have the fields that equality filters determine', () => {
    const where = combine(
      'AND',
      filter('a.b', 'EQUAL', text('x')),
      filter('c', 'GREATER_THAN', text('y')),
    );
    expect(describePlaceholders(ROOT, { from: [{ collectionId: 'posts' }], where })).toEqual([
      '/posts/? {"a":{"mapValue":{"fields":{"b":{"stringValue":"x"}}}}}',
    ]);
  });

  it('cover each alternative of the filters', () => {
    const where = combine(
      'AND',
      filter('a', 'IN', texts('x', 'y')),
      combine('OR', filter('b', 'EQUAL', text('1')), filter('c', 'EQUAL', text('2'))),
    );
    expect(
      describePlaceholders(`${ROOT}/users/u`, { from: [{ collectionId: 'posts' }], where }),
    ).toEqual([
      '/users/u/posts/? {"a":{"stringValue":"x"},"b":{"stringValue":"1"}}',
      '/users/u/posts/? {"a":{"stringValue":"x"},"c":{"stringValue":"2"}}',
      '/users/u/posts/? {"a":{"stringValue":"y"},"b":{"stringValue":"1"}}',
      '/users/u/posts/? {"a":{"stringValue":"y"},"c":{"stringValue":"2"}}',
    ]);
  });

  it('have open parents in a collection group, and the ID in a filter by name', () => {
    const group = { from: [{ collectionId: 'posts', allDescendants: true }] };
    expect(describePlaceholders(ROOT, group)).toEqual(['/*/posts/? {}']);
    const where = filter('__name__', 'EQUAL', { referenceValue: `${ROOT}/posts/1` });
    expect(describePlaceholders(ROOT, { from: [{ collectionId: 'posts' }], where })).toEqual([
      '/posts/1 {}',
    ]);
  });
});

it('rewrites a limit of zero and in', () => {
  expect(rewriteQuery({ limit: {} })).toEqual({ limit: { value: 0 } });
  expect(rewriteQuery({ where: filter('a', 'IN', texts('x', 'y')) }).where).toEqual(
    combine('OR', filter('a', 'EQUAL', text('x')), filter('a', 'EQUAL', text('y'))),
  );
  expect(() => rewriteQuery({ where: filter('a', 'IN', texts()) })).toThrow("'in' takes 1 to 30");
});

it('reads and sets fields by path', () => {
  expect(parseFieldPath('a.`b.c\\``.`d`')).toEqual(['a', 'b.c`', 'd']);
  const fields: v1.Fields = {};
  setField(fields, 'a.b', text('x'));
  setField(fields, 'a.c', text('y'));
  expect(getField(fields, 'a.c')).toEqual(text('y'));
  expect(getField(fields, 'a.constructor')).toBeUndefined();
  expect(pickFields(fields, ['a.b', 'none'])).toEqual({
    a: { mapValue: { fields: { b: text('x') } } },
  });
});

it('parses resource names and rejects others', () => {
  expect(parseName(`${ROOT}/a/b c`)).toEqual({
    project: 'p',
    database: '(default)',
    path: ['a', 'b c'],
  });
  expect(parseName('projects/p/databases/d').path).toEqual([]);
  expect(() => parseName('projects/p')).toThrow('Not a resource name');
});

it('returns a later time after each commit', () => {
  const clock = new CommitClock();
  const before = clock.now().getTime();
  clock.tick();
  const commit = clock.now().getTime();
  clock.tick();
  expect(commit).toBeGreaterThan(before);
  expect(clock.now().getTime()).toBeGreaterThan(commit);
});

it('assigns distinct times to commits in the same millisecond', async () => {
  const clock = new CommitClock();
  const database = new MemoryDatabase('demo-emulator', '(default)', clock);
  const name = 'projects/demo-emulator/databases/(default)/documents/a/b';
  const times = new Set<string>();
  const commits = Array.from({ length: 10 }, (_, n) => {
    clock.tick();
    const commit = database.commit({
      writes: [{ update: { name, fields: { n: { integerValue: n } } } }],
    });
    times.add(JSON.stringify(database.read(name)?.updateTime));
    return commit;
  });
  await Promise.all(commits);
  expect(times.size).toBe(10);
});
