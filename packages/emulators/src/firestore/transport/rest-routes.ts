/** Maps REST requests to calls of the service. */
import type { Caller } from '../caller.js';
import { Code, StatusError } from '../errors.js';
import { parseName } from '../names.js';
import type { HttpRequest } from './http-request.js';
import { decodePath, parseJson } from './json-body.js';
import { fromJson, methodShape, toJson } from './protocol.js';
import { readQueryParameters } from './query-parameters.js';
import type { FirestoreService } from '../service.js';
import type * as v1 from '../v1.js';

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
  ['partitionQuery', customMethod('PartitionQuery', 'parent', (s) => s.partitionQuery())],
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

const CUSTOM_METHOD = /^\/v1\/(.*?)(?::([A-Za-z]+))?$/s;

/** Collections and documents. */
const RESOURCE = /^projects\/[^/]+\/databases\/[^/]+\/documents\/./s;

/** Whether the response is a list of messages; errors are in a list then, too. */
export function isStreamingMethod({ method, path }: HttpRequest): boolean {
  const name = CUSTOM_METHOD.exec(path)?.[2] ?? '';
  const custom = method === 'POST' ? customMethods.get(name) : undefined;
  return custom !== undefined && methodShape(custom.rpc).responseStream;
}

/**
 * Handles a request to a path under /v1/.
 * @returns the response body, to be sent as JSON
 * @throws StatusError
 */
export async function handleRest(
  service: FirestoreService,
  request: HttpRequest,
  caller: Caller,
): Promise<unknown> {
  const [, resource = '', methodName] = CUSTOM_METHOD.exec(request.path) ?? [];
  const method =
    request.method === 'POST' && methodName ? customMethods.get(methodName) : undefined;
  if (method) return callMethod(service, method, decodePath(resource), request, caller);
  // Otherwise the colon is part of a document ID.
  const name = decodePath(request.path.slice('/v1/'.length));
  if (!RESOURCE.test(name)) throw unknownEndpoint(request);
  const isDocument = parseName(name).path.length % 2 === 0;
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
      return remove(service, name, request, caller);
  }
  throw unknownEndpoint(request);
}

function unknownEndpoint({ method, path }: HttpRequest): StatusError {
  return new StatusError(Code.NOT_FOUND, `Unknown endpoint: ${method} ${path}`);
}

async function callMethod(
  service: FirestoreService,
  { rpc, field, call }: CustomMethod,
  name: string,
  { body, search }: HttpRequest,
  caller: Caller,
): Promise<unknown> {
  const { requestType, responseType, responseStream } = methodShape(rpc);
  const { project, database } = parseName(name);
  const target = field === 'parent' ? name : `projects/${project}/databases/${database}`;
  readQueryParameters(search, requestType, []);
  const request = { ...fromJson(requestType, parseJson(body)), [field]: target };
  const response = await call(service, request, caller);
  if (responseStream) return (response as object[]).map((item) => toJson(responseType, item));
  return toJson(responseType, response);
}

async function get(
  service: FirestoreService,
  name: string,
  { search }: HttpRequest,
  caller: Caller,
): Promise<unknown> {
  const parameters = read('GetDocument', search, ['mask', 'transaction', 'readTime']);
  return documentJson(await service.getDocument({ ...parameters, name }, caller));
}

async function list(
  service: FirestoreService,
  name: string,
  { search }: HttpRequest,
  caller: Caller,
): Promise<unknown> {
  const parameters = read('ListDocuments', search, [
    'pageSize',
    'pageToken',
    'orderBy',
    'mask',
    'transaction',
    'readTime',
    'showMissing',
  ]);
  const response = await service.listDocuments({ ...parameters, ...collectionOf(name) }, caller);
  return toJson(methodShape('ListDocuments').responseType, response);
}

async function create(
  service: FirestoreService,
  name: string,
  { search, body }: HttpRequest,
  caller: Caller,
): Promise<unknown> {
  // The service returns the whole document, so that the mask is only checked.
  const { documentId } = read<v1.CreateDocumentRequest>('CreateDocument', search, ['documentId', 'mask']); // prettier-ignore
  const document = parseDocument(body);
  const request = { ...collectionOf(name), documentId, document };
  return documentJson(await service.createDocument(request, caller));
}

async function update(
  service: FirestoreService,
  name: string,
  { search, body }: HttpRequest,
  caller: Caller,
): Promise<unknown> {
  const { updateMask, currentDocument } = read<v1.UpdateDocumentRequest>('UpdateDocument', search, [
    'updateMask',
    'mask',
    'currentDocument',
  ]);
  const document = { ...parseDocument(body), name };
  return documentJson(
    await service.updateDocument({ document, updateMask, currentDocument }, caller),
  );
}

async function remove(
  service: FirestoreService,
  name: string,
  { search }: HttpRequest,
  caller: Caller,
): Promise<unknown> {
  const parameters = read('DeleteDocument', search, ['currentDocument']);
  return service.deleteDocument({ ...parameters, name }, caller);
}

function read<Request extends object>(
  rpc: string,
  search: URLSearchParams,
  allowed: readonly string[],
): Request {
  return readQueryParameters(search, methodShape(rpc).requestType, allowed) as Request;
}

/** @throws StatusError INVALID_ARGUMENT unless the name is that of a collection */
function collectionOf(name: string): { parent: string; collectionId: string } {
  const [, parent = '', collectionId = ''] = /^(.+)\/([^/]+)$/s.exec(name) ?? [];
  if (parseName(name).path.length % 2 === 1) return { parent, collectionId };
  throw new StatusError(Code.INVALID_ARGUMENT, 'Expected the name of a collection or a document.');
}

function parseDocument(body: string): v1.Document {
  return fromJson(methodShape('GetDocument').responseType, parseJson(body), 'document');
}

function documentJson(document: v1.Document): unknown {
  return toJson(methodShape('GetDocument').responseType, document);
}
