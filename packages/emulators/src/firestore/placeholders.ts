/**
 * Stand-ins for the documents that a query could find. Rules are asked about them, so that a query
 * which happens to find nothing, or nothing forbidden, is not allowed by luck.
 */
import { setField } from './fields.js';
import { documentsRoot, parseName } from './names.js';
import type * as v1 from './v1.js';

/** No filter of real queries has more alternatives (Firestore's limit is 30). */
const MOST_ALTERNATIVES = 100;

/** What stands in paths for the parts that a query leaves open. */
export interface OpenSegments {
  anyDocument: string;
  anyParents: string;
}

type Fixed = ReadonlyMap<string, v1.Value>;

const NOTHING: Fixed = new Map<string, v1.Value>();

/** One document for each alternative of the filters, with just the fields that it fixes. */
export function placeholders(
  parent: string,
  query: v1.Query,
  { anyDocument, anyParents }: OpenSegments,
): v1.Document[] {
  const collections = query.from ?? [];
  return collections.flatMap(({ collectionId, allDescendants }) => {
    // In a collection group the parents are open too; only {name=**} in a rule takes them.
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

/** What a filter fixes, one map for each of its alternatives. */
function alternatives(filter: v1.Filter | null | undefined): Fixed[] {
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
    if (op === 'IN') return values.map((one) => new Map([[path, one]]));
    if (op === 'ARRAY_CONTAINS') return [holding(path, value)];
    if (op === 'ARRAY_CONTAINS_ANY') return values.map((one) => holding(path, one));
  }
  const unary = filter?.unaryFilter;
  if (unary?.op === 'IS_NULL') {
    return [new Map([[unary.field?.fieldPath ?? '', { nullValue: 'NULL_VALUE' as const }]])];
  }
  return [NOTHING];
}

function combine(left: Fixed[], right: Fixed[]): Fixed[] {
  const all = left.flatMap((one) => right.map((other) => new Map([...one, ...other])));
  return all.slice(0, MOST_ALTERNATIVES);
}

function holding(path: string, value: v1.Value): Fixed {
  return new Map([[path, { arrayValue: { values: [value] } }]]);
}
