/** Test helpers: values, filters and stores without a server. */
import type * as v1 from '../v1.js';
import { compileQuery } from './compiled-query.js';
import type { Store } from './store.js';

export const ROOT = 'projects/p/databases/(default)/documents';

/** Converts a JavaScript value to a Firestore value: integers, doubles, texts, lists, maps, null. */
export function toValue(value: unknown): v1.Value {
  if (value === null) return { nullValue: 'NULL_VALUE' };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'bigint') return { integerValue: String(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value) && !Object.is(value, -0)
      ? { integerValue: String(value) }
      : { doubleValue: value };
  }
  if (typeof value === 'string') return { stringValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toValue) } };
  return { mapValue: { fields: toFields(value as object) } };
}

export function toFields(object: object): v1.Fields {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]: [string, unknown]) => [name, toValue(value)]),
  );
}

/** A write of all fields of a document; `path` is relative to the database. */
export function set(path: string, object: object): v1.Write {
  return { update: { name: `${ROOT}/${path}`, fields: toFields(object) } };
}

type FieldFilter = NonNullable<v1.Filter['fieldFilter']>;

export function where(path: string, op: FieldFilter['op'], value: unknown): v1.Filter {
  return { fieldFilter: { field: { fieldPath: path }, op: op ?? null, value: toValue(value) } };
}

export function all(...filters: v1.Filter[]): v1.Filter {
  return { compositeFilter: { op: 'AND', filters } };
}

export function any(...filters: v1.Filter[]): v1.Filter {
  return { compositeFilter: { op: 'OR', filters } };
}

export function order(path: string, direction: 'ASCENDING' | 'DESCENDING' = 'ASCENDING') {
  return { field: { fieldPath: path }, direction };
}

/** Ids of the documents that a query of the collection `c` returns. */
export function idsOf(store: Store, query: v1.Query, at?: v1.Timestamp): string[] {
  const compiled = compileQuery(ROOT, { from: [{ collectionId: 'c' }], ...query });
  return store.query(compiled, at).map(({ name }) => (name ?? '').split('/').at(-1) ?? '');
}
