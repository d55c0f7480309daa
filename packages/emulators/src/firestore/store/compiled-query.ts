/**
 * Queries, compiled: which documents they return, and in which order.
 * @see https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#structuredquery
 */
import { Code, StatusError } from '../errors.js';
import { documentsRoot, parseName } from '../names.js';
import type * as v1 from '../v1.js';
import { fieldGetter, NAME, pickFields, type FieldGetter } from './fields.js';
import { compileFilter, type Matcher } from './filters.js';
import { checkId } from './validation.js';
import { compareNames, compareStrings, compareValues } from './values.js';

/** Which collections a query reads. */
export interface QueryScope {
  /** The name of the database's or document's documents: all names begin with it and a slash. */
  parent: string;
  /** Absent: all collections. */
  collectionId?: string;
  /** Whether collections at any depth below the parent are read. */
  allDescendants: boolean;
}

export interface CompiledQuery {
  scope: QueryScope;
  /** Whether a document is in the scope, has the filters' values and the fields of the order. */
  matches: Matcher;
  /** The order of the results; never 0 for two documents. */
  compare: (left: v1.Document, right: v1.Document) => number;
  withinCursors: Matcher;
  /** The fields in the query's order, `__name__` last. */
  orderBy: readonly { path: string; descending: boolean }[];
  offset: number;
  limit: number | undefined;
  /** Returns the fields that the query selects. */
  project: (document: v1.Document) => v1.Document;
}

interface Order {
  path: string;
  get: FieldGetter;
  descending: boolean;
}

const MAX_ORDERS = 100;

/**
 * Compiles a query.
 * @param parent name of the database's documents (`projects/…/documents`) or of a document
 * @throws StatusError INVALID_ARGUMENT, UNIMPLEMENTED for a vector search
 */
export function compileQuery(parent: string, query: v1.Query): CompiledQuery {
  if (query.findNearest != null) {
    throw new StatusError(Code.UNIMPLEMENTED, 'Vector search (find_nearest) is not implemented.');
  }
  const scope = scopeOf(parent, query);
  const toReference = referenceResolver(scope);
  const filter = query.where == null ? undefined : compileFilter(query.where, toReference);
  const orders = ordersOf(query, filter?.inequalities ?? new Set());
  const required = orders.filter(({ path }) => path !== NAME).map(({ get }) => get);
  const isInScope = scopeMatcher(scope);
  const startAt = cursorOf(query.startAt, orders, toReference);
  const endAt = cursorOf(query.endAt, orders, toReference);
  return {
    scope,
    matches: (document) =>
      isInScope(document) &&
      (filter?.matches(document) ?? true) &&
      required.every((get) => get(document) !== undefined),
    compare: (left, right) => {
      for (const { get, descending } of orders) {
        const order = compareValues(get(left) ?? {}, get(right) ?? {});
        if (order !== 0) return descending ? -order : order;
      }
      return 0;
    },
    withinCursors: (document) => {
      if (startAt) {
        const position = startAt.compare(document);
        if (startAt.before ? position < 0 : position <= 0) return false;
      }
      if (!endAt) return true;
      const position = endAt.compare(document);
      return endAt.before ? position < 0 : position <= 0;
    },
    orderBy: orders.map(({ path, descending }) => ({ path, descending })),
    offset: countOf(query.offset, 'offset') ?? 0,
    limit: countOf(query.limit, 'limit'),
    project: projection(query.select),
  };
}

function scopeOf(parent: string, { from }: v1.Query): QueryScope {
  const { project, database, path } = parseName(parent);
  if (path.length % 2 !== 0) throw invalid(`The parent "${parent}" is a collection.`);
  if ((from?.length ?? 0) > 1) {
    throw invalid('StructuredQuery.from cannot have more than one collection selector.');
  }
  const { collectionId, allDescendants } = from?.[0] ?? {};
  if (collectionId?.includes('/')) {
    throw invalid(`Collection id "${collectionId}" is invalid because it contains "/".`);
  }
  if (collectionId) checkId(collectionId);
  return {
    parent: [documentsRoot({ project, database }), ...path].join('/'),
    ...(collectionId ? { collectionId } : {}),
    allDescendants: allDescendants === true,
  };
}

function scopeMatcher({ parent, collectionId, allDescendants }: QueryScope): Matcher {
  const prefix = `${parent}/`;
  return ({ name }) => {
    if (name == null || !name.startsWith(prefix)) return false;
    const rest = name.slice(prefix.length).split('/');
    const isDeep = rest.length > 2;
    return (
      (!isDeep || allDescendants) && (collectionId === undefined || rest.at(-2) === collectionId)
    );
  };
}

/** Operands for `__name__`: references, or ids and paths relative to the scope. */
function referenceResolver(scope: QueryScope): (value: v1.Value) => v1.Value {
  return (value) => {
    if (value.referenceValue == null) {
      throw invalid('__key__ filter value must be a Key');
    }
    const { path } = parseName(value.referenceValue);
    if (path.length === 0 || path.length % 2 !== 0) {
      const where = scope.collectionId ?? scope.parent;
      throw invalid(`The reference of a filter by __name__ in ${where} is not a document.`);
    }
    return value;
  };
}

/** Explicit orders, then the fields of inequalities, then the name, in the last explicit direction. */
function ordersOf({ orderBy }: v1.Query, inequalities: ReadonlySet<string>): Order[] {
  const explicit = (orderBy ?? []).map(({ field, direction }): Order => {
    const path = field?.fieldPath ?? '';
    return { path, get: fieldGetter(path), descending: direction === 'DESCENDING' };
  });
  if (explicit.length > MAX_ORDERS) throw invalid(`A query may have ${MAX_ORDERS} orders.`);
  const paths = explicit.map(({ path }) => path);
  if (new Set(paths).size < paths.length) throw invalid('A field is in the order twice.');
  const descending = explicit.at(-1)?.descending ?? false;
  const implicit = [...inequalities]
    .filter((path) => path !== NAME && !paths.includes(path))
    .sort(compareStrings);
  const added = [...implicit, ...(paths.includes(NAME) ? [] : [NAME])];
  return [...explicit, ...added.map((path) => ({ path, get: fieldGetter(path), descending }))];
}

interface Position {
  before: boolean;
  /** Negative when the document is before the cursor. */
  compare: (document: v1.Document) => number;
}

/** @returns undefined without values: such a cursor has no effect */
function cursorOf(
  cursor: v1.Query['startAt'],
  orders: readonly Order[],
  toReference: (value: v1.Value) => v1.Value,
): Position | undefined {
  const given = cursor?.values ?? [];
  if (given.length === 0) return undefined;
  if (given.length > orders.length) throw invalid('Cursor has too many values.');
  const positions = given.map((value, index) => {
    const { path, get, descending } = orders[index] as Order;
    return { get, descending, value: path === NAME ? toReference(value) : value };
  });
  return {
    before: cursor?.before === true,
    compare: (document) => {
      for (const { get, descending, value } of positions) {
        const order = compareValues(get(document) ?? {}, value);
        if (order !== 0) return descending ? -order : order;
      }
      return 0;
    },
  };
}

function countOf(
  value: number | { value?: number | null } | null | undefined,
  name: string,
): number | undefined {
  if (value == null) return undefined;
  // protobuf encodes a limit of 0 as a message without a value.
  const count = typeof value === 'number' ? value : (value.value ?? 0);
  if (count < 0) throw invalid(`${name} is negative`);
  return count;
}

function projection(select: v1.Query['select']): CompiledQuery['project'] {
  const fields = select?.fields;
  if (!fields || fields.length === 0) return (document) => document;
  const mask = fields.map(({ fieldPath }) => fieldPath ?? '');
  for (const path of mask) fieldGetter(path);
  return (document) => ({ ...document, fields: pickFields(document.fields ?? {}, mask) });
}

/** The order of documents in lists: by name. */
export function compareDocumentNames(left: v1.Document, right: v1.Document): number {
  return compareNames(left.name ?? '', right.name ?? '');
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
