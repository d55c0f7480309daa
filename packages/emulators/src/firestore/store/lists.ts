/** ListDocuments: the order and the pages of a collection's documents. */
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import { compileQuery, compareDocumentNames } from './compiled-query.js';
import { fieldGetter, NAME, setField } from './fields.js';
import type { Store } from './store.js';

const MAX_PAGE_SIZE = 300;

/** A page of documents, and the token of the next one. */
export interface DocumentPage {
  documents: v1.Document[];
  nextPageToken?: string;
}

export interface ListOptions {
  parent: string;
  /** Absent: all collections of the parent. */
  collectionId?: string;
  pageSize: number;
  pageToken: string;
  /** `name desc, age`; empty: by name. */
  orderBy: string;
  showMissing: boolean;
  at?: v1.Timestamp;
}

/** The query that a list is. @throws StatusError INVALID_ARGUMENT */
export function listQuery({ collectionId, orderBy }: ListOptions): v1.Query {
  return {
    from: [collectionId === undefined ? {} : { collectionId }],
    orderBy: parseOrder(orderBy),
  };
}

/**
 * Lists a page of documents.
 * @throws StatusError INVALID_ARGUMENT for a page token of another list
 */
export function listPage(store: Store, options: ListOptions): DocumentPage {
  const { parent, collectionId, pageSize, pageToken, showMissing, at } = options;
  if (pageSize < 0) throw invalid('page_size is negative.');
  const compiled = compileQuery(parent, listQuery(options));
  const found = store.query(compiled, at);
  if (showMissing) {
    if (options.orderBy !== '') throw invalid('show_missing cannot be used with order_by.');
    if (collectionId !== undefined) {
      found.push(...store.missingDocuments(`${compiled.scope.parent}/${collectionId}`, at));
    }
    found.sort(compareDocumentNames);
  }
  const paths = compiled.orderBy.map(({ path }) => path);
  const after = pageToken === '' ? undefined : parsePageToken(pageToken, paths);
  const rest = after ? found.filter((document) => compiled.compare(document, after) > 0) : found;
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize;
  const documents = rest.slice(0, size);
  const last = documents.at(-1);
  return {
    documents,
    ...(last && documents.length < rest.length && { nextPageToken: toPageToken(last, paths) }),
  };
}

function parseOrder(text: string): NonNullable<v1.Query['orderBy']> {
  if (text.trim() === '') return [];
  return text.split(',').map((part) => {
    const [, path = '', direction = 'asc'] = /^\s*(\S+)(?:\s+(asc|desc))?\s*$/i.exec(part) ?? [];
    if (path === '') throw invalid(`Invalid order_by "${text.slice(0, 200)}".`);
    fieldGetter(path);
    return {
      field: { fieldPath: path },
      direction: direction.toLowerCase() === 'desc' ? 'DESCENDING' : 'ASCENDING',
    };
  });
}

/** A page token holds the last document's name and the fields of the order. */
function toPageToken(document: v1.Document, paths: readonly string[]): string {
  const values = paths
    .filter((path) => path !== NAME)
    .map((path) => [path, fieldGetter(path)(document)]);
  const text = JSON.stringify([document.name, values], (_key, value: unknown) =>
    isBufferJson(value) ? Buffer.from(value.data).toString('base64') : value,
  );
  return Buffer.from(text).toString('base64url');
}

function parsePageToken(token: string, paths: readonly string[]): v1.Document {
  try {
    const [name, values] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [
      string,
      [string, v1.Value][],
    ];
    const expected = paths.filter((path) => path !== NAME);
    const given = values.map(([path]) => path);
    if (typeof name === 'string' && given.join() === expected.join()) {
      // As deep as the paths are: getField finds each value.
      const fields: v1.Fields = {};
      for (const [path, value] of values) setField(fields, path, value);
      return { name, fields };
    }
  } catch {
    // Not JSON: reported below.
  }
  throw invalid('The page token is invalid.');
}

function isBufferJson(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return (value as { type?: unknown } | null)?.type === 'Buffer';
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
