/**
 * Placeholder documents for what a query could return. The rules are evaluated for them, so that a
 * query is denied even if no document in the database happens to violate the rules.
 */
import { setField } from '../store/fields.js';
import { documentsRoot, parseName } from '../names.js';
import type * as v1 from '../v1.js';

/** Limits the work for one query; Firestore accepts at most 30 alternatives (disjunctions). */
const MAX_ALTERNATIVES = 100;

/** Path segments for the parts that a query does not determine. */
export interface OpenSegments {
  anyDocument: string;
  anyParents: string;
}

type FixedFields = ReadonlyMap<string, v1.Value>;

const NOTHING: FixedFields = new Map<string, v1.Value>();

/** One document per alternative of the filters, with only the fields that the alternative determines. */
export function placeholders(
  parent: string,
  query: v1.Query,
  { anyDocument, anyParents }: OpenSegments,
): v1.Document[] {
  const collections = query.from ?? [];
  return collections.flatMap(({ collectionId, allDescendants }) => {
    // A collection group leaves the parents open, too; only {name=**} in a rule matches them.
    const between = allDescendants ? [anyParents] : [];
    const root = parseName(parent).path.length > 0 ? parent : documentsRoot(parseName(parent));
    const collection = [root, ...between, collectionId ?? anyParents].join('/');
    return alternatives(query.where).map((fixed) => {
      const fields: v1.Fields = {};
      for (const [path, value] of fixed) if (path !== '__name__') setField(fields, path, value);
      const name = fixed.get('__name__')?.referenceValue ?? `${collection}/${anyDocument}`;
      return { name, fields };
    });
  });
}

/** The field values that a filter determines, one map per alternative. */
function alternatives(filter: v1.Filter | null | undefined): FixedFields[] {
  if (filter?.compositeFilter) {
    const parts = (filter.compositeFilter.filters ?? []).map(alternatives);
    return filter.compositeFilter.op === 'OR' ? parts.flat() : parts.reduce(combine, [NOTHING]);
  }
  if (filter?.fieldFilter) {
    const { field, op, value } = filter.fieldFilter;
    const path = field?.fieldPath ?? '';
    const values = value?.arrayValue?.values ?? [];
    if (!value) return [NOTHING];
    if (op === 'EQUAL') return [new Map([[path, value]])];
    if (op === 'IN') return values.map((item) => new Map([[path, item]]));
    if (op === 'ARRAY_CONTAINS') return [containing(path, value)];
    if (op === 'ARRAY_CONTAINS_ANY') return values.map((item) => containing(path, item));
  }
  const unary = filter?.unaryFilter;
  if (unary?.op === 'IS_NULL') {
    return [new Map([[unary.field?.fieldPath ?? '', { nullValue: 'NULL_VALUE' as const }]])];
  }
  return [NOTHING];
}

function combine(left: FixedFields[], right: FixedFields[]): FixedFields[] {
  const combinations = left.flatMap((a) => right.map((b) => new Map([...a, ...b])));
  return combinations.slice(0, MAX_ALTERNATIVES);
}

function containing(path: string, value: v1.Value): FixedFields {
  return new Map([[path, { arrayValue: { values: [value] } }]]);
}
