/** Rewrites queries where the in-memory database answers them otherwise than Firestore. */
import { Code, StatusError } from './errors.js';
import type * as v1 from './v1.js';

/** Firestore's limit on the alternatives of `in`; the database's own is 10. */
const MOST_ALTERNATIVES = 30;
const NAME = '__name__';

/**
 * - Ordering by a field finds only documents that have it, null included.
 * - `!=` finds only documents that have the field, null excluded.
 * - `in` takes 30 values, which the database does as alternatives of `==`.
 * - A limit of 0, which is no bytes on the wire, is a limit.
 */
export function repairQuery(query: v1.Query): v1.Query {
  const ordered = (query.orderBy ?? []).map(({ field }) => field?.fieldPath ?? NAME);
  const present = ordered.filter((path) => path !== NAME).map(isPresent);
  const filters = [...(query.where ? [repairFilter(query.where)] : []), ...present];
  return {
    ...query,
    ...(filters.length > 0 ? { where: combined('AND', filters) } : {}),
    ...(query.limit ? { limit: { value: query.limit.value ?? 0 } } : {}),
  };
}

function repairFilter(filter: v1.Filter): v1.Filter {
  if (filter.compositeFilter) {
    const { op, filters } = filter.compositeFilter;
    return { compositeFilter: { op, filters: (filters ?? []).map(repairFilter) } };
  }
  const { field, op, value } = filter.fieldFilter ?? {};
  const path = field?.fieldPath ?? NAME;
  if (op === 'NOT_EQUAL' && path !== NAME) {
    return combined('AND', [filter, unary(path, 'IS_NOT_NULL')]);
  }
  if (op !== 'IN') return filter;
  const values = value?.arrayValue?.values ?? [];
  if (values.length === 0 || values.length > MOST_ALTERNATIVES) {
    throw new StatusError(Code.INVALID_ARGUMENT, `'in' takes 1 to ${MOST_ALTERNATIVES} values.`);
  }
  return combined(
    'OR',
    values.map((one) => ({ fieldFilter: { field, op: 'EQUAL', value: one } })),
  );
}

function isPresent(path: string): v1.Filter {
  return combined('OR', [unary(path, 'IS_NULL'), unary(path, 'IS_NOT_NULL')]);
}

function unary(fieldPath: string, op: 'IS_NULL' | 'IS_NOT_NULL'): v1.Filter {
  return { unaryFilter: { op, field: { fieldPath } } };
}

function combined(op: 'AND' | 'OR', filters: v1.Filter[]): v1.Filter {
  const [only] = filters;
  return filters.length === 1 && only ? only : { compositeFilter: { op, filters } };
}
