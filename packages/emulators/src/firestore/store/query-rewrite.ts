/** Rewrites queries that the in-memory database would answer differently from Firestore. */
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';

/** Firestore's limit on the values of `in`; the in-memory database accepts only 10. */
const MAX_ALTERNATIVES = 30;
const NAME = '__name__';

/**
 * Rewrites a query so that the in-memory database returns what Firestore returns:
 * - `orderBy` returns only documents that have the field; null counts as a value.
 * - `!=` returns only documents that have the field with a value other than null.
 * - `in` accepts 30 values: it becomes an OR of `==`.
 * - A limit of 0, which protobuf encodes as no bytes, is kept as a limit.
 * @throws StatusError INVALID_ARGUMENT when `in` has no values or more than 30
 */
export function rewriteQuery(query: v1.Query): v1.Query {
  const ordered = (query.orderBy ?? []).map(({ field }) => field?.fieldPath ?? NAME);
  const present = ordered.filter((path) => path !== NAME).map(isPresent);
  const filters = [...(query.where ? [rewriteFilter(query.where)] : []), ...present];
  return {
    ...query,
    ...(filters.length > 0 ? { where: combine('AND', filters) } : {}),
    ...(query.limit ? { limit: { value: query.limit.value ?? 0 } } : {}),
  };
}

function rewriteFilter(filter: v1.Filter): v1.Filter {
  if (filter.compositeFilter) {
    const { op, filters } = filter.compositeFilter;
    return { compositeFilter: { op, filters: (filters ?? []).map(rewriteFilter) } };
  }
  const { field, op, value } = filter.fieldFilter ?? {};
  const path = field?.fieldPath ?? NAME;
  if (op === 'NOT_EQUAL' && path !== NAME) {
    return combine('AND', [filter, unary(path, 'IS_NOT_NULL')]);
  }
  if (op !== 'IN') return filter;
  const values = value?.arrayValue?.values ?? [];
  if (values.length === 0 || values.length > MAX_ALTERNATIVES) {
    throw new StatusError(Code.INVALID_ARGUMENT, `'in' takes 1 to ${MAX_ALTERNATIVES} values.`);
  }
  return combine(
    'OR',
    values.map((item) => ({ fieldFilter: { field, op: 'EQUAL', value: item } })),
  );
}

function isPresent(path: string): v1.Filter {
  return combine('OR', [unary(path, 'IS_NULL'), unary(path, 'IS_NOT_NULL')]);
}

function unary(fieldPath: string, op: 'IS_NULL' | 'IS_NOT_NULL'): v1.Filter {
  return { unaryFilter: { op, field: { fieldPath } } };
}

function combine(op: 'AND' | 'OR', filters: v1.Filter[]): v1.Filter {
  const [first] = filters;
  return filters.length === 1 && first ? first : { compositeFilter: { op, filters } };
}
