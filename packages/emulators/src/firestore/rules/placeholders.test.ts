import { placeholders } from './placeholders.js';
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
