/** Maps REST requests to calls of the service. */
import type { Caller } from '../caller.js';
import { Code, StatusError } from '../errors.js';
import { parseName } from '../names.js';
import { fromJson, methodShape, toJson } from './protocol.js';
import type { FirestoreService } from '../service.js';
import type * as v1 from '../v1.js';

/** A parsed HTTP request. */
export interface RestRequest {
  method: string;
  /** The path, still percent-encoded. */
  path: string;
  search: URLSearchParams;
  body: string;
}

/** A custom method after the colon of a resource's path, such as `:runQuery`. */
interface CustomMethod {
  rpc: string;
  /** The request's field for the resource name. */
  field: 'database' | 'parent';
  call: (service: FirestoreService, request: object, caller: Caller) => Promise<object>;
}

const customMethods = new Map<string, CustomMethod>([
  ['batchGet', customMethod('BatchGetDocuments', 'database', (s, r, c) => s.batchGet(r, c))],
  ['batchWrite', customMethod('BatchWrite', 'database', (s, r, c) => s.batchWrite(r, c))],
  [
    'beginTransaction',
    customMethod('BeginTransaction', 'database', (s, r) => s.beginTransaction(r)),
  ],
  ['commit', customMethod('Commit', 'database', (s, r, c) => s.commit(r, c))],
  [
    'listCollectionIds',
    customMethod('ListCollectionIds', 'parent', (s, r, c) => s.listCollectionIds(r, c)),
  ],
  ['partitionQuery', customMethod('PartitionQuery', 'parent', (s, _r, c) => s.partitionQuery(c))],
  ['rollback', customMethod('Rollback', 'database', (s, r) => s.rollback(r))],
  [
    'runAggregationQuery',
    customMethod('RunAggregationQuery', 'parent', (s, r, c) => s.aggregate(r, c)),
  ],
  ['runQuery', customMethod('RunQuery', 'parent', (s, r, c) => s.runQuery(r, c))],
]);

function customMethod(
  rpc: string,
  field: CustomMethod['field'],
  call: CustomMethod['call'],
): CustomMethod {
  return { rpc, field, call };
}

/**
 * Handles a request to a path under /v1/.
 * @returns the response body, to be sent as JSON
 * @throws StatusError
 */
export async function handleRest(
  service: FirestoreService,
  request: RestRequest,
  caller: Caller,
): Promise<unknown> {
  const [, resource = '', methodName] = /^\/v1\/(.*?)(?::([A-Za-z]+))?$/s.exec(request.path) ?? [];
  const method =
    request.method === 'POST' && methodName ? customMethods.get(methodName) : undefined;
  if (method) return callMethod(service, method, decodeName(resource), request.body, caller);
  // Otherwise the colon is part of a document ID.
  const name = decodeName(request.path.slice('/v1/'.length));
  const isDocument = parseName(name).path.length % 2 === 0 && parseName(name).path.length > 0;
  switch (request.method) {
    case 'GET':
      return isDocument
        ? get(service, name, request, caller)
        : list(service, name, request, caller);
    case 'POST':
      if (!isDocument) return create(service, name, request, caller);
      break;
    case 'PATCH':
      if (isDocument) return update(service, name, request, caller);
      break;
    case 'DELETE':
      if (isDocument) return service.deleteDocument({ name, ...precondition(request) }, caller);
      break;
  }
  throw new StatusError(Code.NOT_FOUND, `Unknown endpoint: ${request.method} ${request.path}`);
}

async function callMethod(
  service: FirestoreService,
  { rpc, field, call }: CustomMethod,
  name: string,
  body: string,
  caller: Caller,
): Promise<unknown> {
  const { requestType, responseType, responseStream } = methodShape(rpc);
  const { project, database } = parseName(name);
  const target = field === 'parent' ? name : `projects/${project}/databases/${database}`;
  const request = { ...fromJson(requestType, parseBody(body)), [field]: target };
  const response = await call(service, request, caller);
  if (responseStream) return (response as object[]).map((item) => toJson(responseType, item));
  return toJson(responseType, response);
}

async function get(
  service: FirestoreService,
  name: string,
  { search }: RestRequest,
  caller: Caller,
): Promise<unknown> {
  const transaction = search.get('transaction');
  const request: v1.GetDocumentRequest = {
    name,
    mask: mask(search, 'mask.fieldPaths'),
    ...(transaction ? { transaction: Buffer.from(transaction, 'base64') } : {}),
  };
  return documentJson(await service.getDocument(request, caller));
}

async function list(
  service: FirestoreService,
  name: string,
  { search }: RestRequest,
  caller: Caller,
): Promise<unknown> {
  const [, parent, collectionId] = /^(.+)\/([^/]+)$/s.exec(name) ?? [];
  if (parseName(name).path.length === 0) {
    throw new StatusError(
      Code.INVALID_ARGUMENT,
      'Expected the name of a collection or a document.',
    );
  }
  const response = await service.listDocuments(
    {
      parent,
      collectionId,
      pageSize: Number(search.get('pageSize') ?? 0),
      pageToken: search.get('pageToken'),
      showMissing: search.get('showMissing') === 'true',
      mask: mask(search, 'mask.fieldPaths'),
    },
    caller,
  );
  return toJson(methodShape('ListDocuments').responseType, response);
}

async function create(
  service: FirestoreService,
  name: string,
  { search, body }: RestRequest,
  caller: Caller,
): Promise<unknown> {
  const [, parent, collectionId] = /^(.+)\/([^/]+)$/s.exec(name) ?? [];
  if (parseName(name).path.length === 0) {
    throw new StatusError(Code.NOT_FOUND, 'Expected the name of a collection.');
  }
  const document = parseDocument(body);
  const documentId = search.get('documentId');
  return documentJson(
    await service.createDocument({ parent, collectionId, documentId, document }, caller),
  );
}

async function update(
  service: FirestoreService,
  name: string,
  request: RestRequest,
  caller: Caller,
): Promise<unknown> {
  const document = { ...parseDocument(request.body), name };
  const updateMask = mask(request.search, 'updateMask.fieldPaths');
  return documentJson(
    await service.updateDocument({ document, updateMask, ...precondition(request) }, caller),
  );
}

function precondition({ search }: RestRequest): { currentDocument?: v1.Precondition } {
  const exists = search.get('currentDocument.exists');
  const updateTime = search.get('currentDocument.updateTime');
  if (exists !== null) return { currentDocument: { exists: exists === 'true' } };
  if (updateTime === null) return {};
  const request = fromJson(methodShape('DeleteDocument').requestType, {
    currentDocument: { updateTime },
  }) as v1.DeleteDocumentRequest;
  return { currentDocument: request.currentDocument ?? {} };
}

function mask(search: URLSearchParams, parameter: string): { fieldPaths: string[] } | undefined {
  const fieldPaths = search.getAll(parameter);
  return fieldPaths.length > 0 ? { fieldPaths } : undefined;
}

function parseDocument(body: string): v1.Document {
  return fromJson(methodShape('GetDocument').responseType, parseBody(body));
}

function documentJson(document: v1.Document): unknown {
  return toJson(methodShape('GetDocument').responseType, document);
}

/**
 * Parses a JSON body of any Content-Type: web SDKs send text/plain to avoid a CORS preflight request.
 * @throws StatusError INVALID_ARGUMENT
 */
export function parseBody(body: string): unknown {
  try {
    return body === '' ? {} : (JSON.parse(body) as unknown);
  } catch {
    throw new StatusError(Code.INVALID_ARGUMENT, 'The body is not JSON.');
  }
}

function decodeName(resource: string): string {
  try {
    return decodeURIComponent(resource);
  } catch {
    throw new StatusError(Code.INVALID_ARGUMENT, 'The path has invalid percent-encoding.');
  }
}
