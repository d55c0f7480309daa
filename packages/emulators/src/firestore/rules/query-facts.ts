/** The documents that a query may return, as rules see them. */
import { Code, StatusError } from '../errors.js';
import { documentsRoot, formatName, parseName } from '../names.js';
import { parseFieldPath } from '../store/fields.js';
import type * as v1 from '../v1.js';
import type { FilterOperator, QueryFilter, RulesEngine, RulesValue } from './rules-engine.js';
import { documentValue, toRulesValue } from './rules-values.js';

/** One alternative of the filters: the name and the `resource` of any document that it finds. */
export interface QueriedDocument {
  name: string;
  /** Undefined: a filter names a document that does not exist. */
  resource: RulesValue | undefined;
}

/**
 * A document may be returned by any alternative, so that the rules must allow each of them. As in Google's emulator, a
 * document that filters name is the one that is stored.
 * @param read reads a document
 * @throws StatusError INVALID_ARGUMENT for filters with too many alternatives
 */
export function queriedDocuments(
  engine: RulesEngine,
  parent: string,
  query: v1.Query,
  read: (name: string) => v1.Document | undefined,
): QueriedDocument[] {
  const alternatives = alternativesOf(engine, query.where);
  const { project, path: under } = parseName(parent);
  const root = under.length > 0 ? parent : documentsRoot(parseName(parent));
  // Without a selector a query reads every collection.
  const selectors = query.from?.length ? query.from : [{}];
  return selectors.flatMap(({ collectionId, allDescendants }) => {
    // A collection group leaves the parents open, too; only {name=**} in a rule matches them.
    const between = allDescendants ? [engine.anyParents] : [];
    const collection = [root, ...between, collectionId || engine.anyParents].join('/');
    return alternatives.map(({ path, data }) => {
      const open = { name: `${collection}/${engine.anyDocument}`, resource: engine.map({ data }) };
      if (!path) return open;
      const name = nameOf(project, path);
      const document = read(name);
      return { name, resource: document && documentValue(engine, document) };
    });
  });
}

function nameOf(project: string, rulesPath: readonly string[]): string {
  const [, database = '', , ...path] = rulesPath;
  return formatName({ project, database, path });
}

function alternativesOf(engine: RulesEngine, where: v1.Filter | null | undefined) {
  try {
    return engine.queryAlternatives(where ? toFilter(engine, where) : undefined);
  } catch (error) {
    if (error instanceof RangeError) throw new StatusError(Code.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

const OPERATORS: Readonly<Record<string, FilterOperator>> = {
  EQUAL: '==',
  NOT_EQUAL: '!=',
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL: '<=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL: '>=',
  IN: 'in',
  NOT_IN: 'not-in',
  ARRAY_CONTAINS: 'array-contains',
  ARRAY_CONTAINS_ANY: 'array-contains-any',
};

function toFilter(engine: RulesEngine, filter: v1.Filter): QueryFilter {
  const { compositeFilter, fieldFilter, unaryFilter } = filter;
  if (compositeFilter) {
    const parts = (compositeFilter.filters ?? []).map((part) => toFilter(engine, part));
    return compositeFilter.op === 'OR' ? { or: parts } : { and: parts };
  }
  const operator = OPERATORS[String(fieldFilter?.op)];
  const path = (fieldFilter ?? unaryFilter)?.field?.fieldPath ?? '';
  if (operator !== undefined && fieldFilter?.value) {
    const value = toRulesValue(engine, fieldFilter.value);
    const field = parseFieldPath(path);
    // Such a filter finds nothing: null and NaN have filters of their own.
    const isNothing = operator === '==' && isNullOrNan(fieldFilter.value);
    return { field, operator: isNothing ? 'exists' : operator, value };
  }
  // Another filter says nothing that rules could rely on.
  if (!unaryFilter) return { and: [] };
  const field = parseFieldPath(path);
  const NULL = engine.fromJson(null);
  if (unaryFilter.op === 'IS_NULL') return { field, operator: '==', value: NULL };
  if (unaryFilter.op === 'IS_NAN') return { field, operator: '==', value: engine.float(NaN) };
  return { field, operator: 'exists', value: NULL };
}

function isNullOrNan({ nullValue, doubleValue }: v1.Value): boolean {
  return nullValue != null || Number.isNaN(doubleValue ?? 0);
}
