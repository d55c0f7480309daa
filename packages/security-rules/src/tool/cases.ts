/** Reads a file of cases for security rules. */
import { z } from 'zod';
import {
  ANY_DOCUMENT,
  ANY_PARENTS,
  map,
  NULL,
  path as pathValue,
  string,
  timestamp,
  type DocumentReader,
  type QueryAlternative,
  type RulesMethod,
  type RulesRequest,
  type RulesValue,
  type ServiceName,
} from '../index.js';
import { dataValue, TIMESTAMP } from './data.js';
import { anyObject, isObject, joinNames, objectOf, parseJson, Place, toExcerpt } from './input.js';
import { readQuery } from './query.js';
import { documentValue, objectValue, queriedValue } from './resources.js';

/** A request as it is read. */
export type ReadRequest = RulesRequest & { readonly resource: RulesValue };

/** A request and the decision that is expected. */
export interface Case {
  readonly name: string;
  /** Identifies the case in error messages: the file, the position (from 1) and the name. */
  readonly label: string;
  readonly expected: boolean;
  readonly request: ReadRequest;
}

const METHODS = ['get', 'list', 'create', 'update', 'delete'] as const;
const NAME = 'a name that says what the case is about';
const UID = 'a string, or null for a token without a uid';
const DOCUMENTS = 'an object of documents by their path';
const AUTH = 'null or {"uid", "token"}';
const PATH = '/b/BUCKET/o/… or /databases/DATABASE/documents/…';

/** How cases and the matchers of `jest/matchers.ts` describe a request. */
const REQUEST = {
  method: z.enum(METHODS, joinNames(METHODS)),
  // A lone surrogate cannot come from a client; the engine uses them in ANY_DOCUMENT and ANY_PARENTS.
  path: z.string(PATH).refine((text) => text.startsWith('/') && text.isWellFormed(), PATH),
  auth: objectOf(AUTH, {
    uid: z.string(UID).min(1, UID).nullable(),
    token: anyObject('an object of claims').optional(),
  }).nullable(),
  time: TIMESTAMP.optional(),
  resource: z.unknown().optional(),
  requestResource: z.unknown().optional(),
  query: z.unknown().optional(),
  documents: anyObject(DOCUMENTS).optional(),
  after: anyObject(DOCUMENTS).optional(),
};

const { method, path, auth, ...optional } = REQUEST;
const CASE = objectOf('an object', {
  name: z.string(NAME).regex(/\S/, NAME),
  ...{ method, path, auth },
  expect: z.boolean('true or false'),
  ...optional,
});

const REQUEST_ONLY = objectOf('an object', REQUEST);

type RequestFields = z.output<typeof REQUEST_ONLY>;

/** Stands for any parents of a collection group in the path of a case. */
const GROUP = '**';

/**
 * Reads a file of cases: a JSON array with at least one case.
 * @param text the content of the file
 * @param file the name of the file, for error messages
 * @param now the time of requests without `time`
 * @throws InputError with one sentence: the file, the case, the field, what was expected and found
 */
export function readCases(text: string, file: string, now = new Date()): Case[] {
  const place = new Place(file);
  const cases = place.parse(z.array(z.unknown(), 'an array of cases'), parseJson(text, file));
  if (cases.length === 0) return place.fail('at least one case', cases);
  return cases.map((json, index) => readCase(json, `${file}: case ${index + 1}`, now));
}

function readCase(json: unknown, position: string, now: Date): Case {
  const name = isObject(json) ? json['name'] : undefined;
  const label = typeof name === 'string' ? `${position} (${toExcerpt(name)})` : position;
  const place = new Place(label);
  const fields = place.parse(CASE, json);
  const request = new RequestReader(fields, place).read(now);
  return { name: fields.name, label, expected: fields.expect, request };
}

/**
 * Reads a request in the form of a case, without `name` and `expect`.
 * @param label names the request in error messages
 * @param now the time of a request without `time`
 * @throws InputError with one sentence: the field, what was expected and found
 */
export function readRequest(json: unknown, label: string, now = new Date()): ReadRequest {
  const place = new Place(label);
  return new RequestReader(place.parse(REQUEST_ONLY, json), place).read(now);
}

/** The service and the document, object or collection that a path names. */
interface Target {
  readonly service: ServiceName;
  readonly segments: readonly string[];
  /** Whether the documents are those that a query may find: their ids are unknown. */
  readonly isOpen: boolean;
}

function readPath(path: string, method: RulesMethod, place: Place): Target {
  const segments = path.slice(1).split('/');
  const [first, owner = '', third, ...rest] = segments;
  if (owner !== '' && first === 'b' && third === 'o') {
    if (method !== 'list' && rest.join('/') === '') {
      return place.fail(`the name of an object after /b/${owner}/o/`, path);
    }
    return { service: 'firebase.storage', segments, isOpen: false };
  }
  if (owner !== '' && first === 'databases' && third === 'documents') {
    return readDocumentPath(segments, method, place);
  }
  return place.fail(PATH, path);
}

function readDocumentPath(segments: string[], method: RulesMethod, place: Place): Target {
  const service = 'cloud.firestore';
  const rest = segments.slice(3);
  const isGroup = method === 'list' && rest.at(-2) === GROUP;
  const isCollection = (rest.length - (isGroup ? 1 : 0)) % 2 === 1;
  const isOpen = method === 'list' && isCollection;
  const path = `/${segments.join('/')}`;
  if (rest.length === 0 || rest.includes('') || (isGroup && !isOpen)) {
    return place.fail('the path of a document or a collection after documents/', path);
  }
  if (isCollection && method !== 'list') return place.fail('the path of a document', path);
  if (!isOpen) return { service, segments, isOpen };
  const groupIndex = isGroup ? rest.length - 2 : -1;
  const open = rest.map((part, index) => (index === groupIndex ? ANY_PARENTS : part));
  return { service, segments: [...segments.slice(0, 3), ...open, ANY_DOCUMENT], isOpen };
}

function authValue(auth: RequestFields['auth'], place: Place): RulesValue {
  if (auth === null) return NULL;
  const { uid, token = {} } = auth;
  const claims = Object.entries(token).map(
    ([name, value]) => [name, dataValue(value, place.at('token', name))] as const,
  );
  return map([
    ...(uid === null ? [] : [['uid', string(uid)] as const]),
    ['token', map(claims)] as const,
  ]);
}

/** Converts the fields of one case to a request. */
class RequestReader {
  private readonly target: Target;
  private readonly isFirestore: boolean;

  constructor(
    private readonly fields: RequestFields,
    private readonly place: Place,
  ) {
    this.target = readPath(fields.path, fields.method, place.at('path'));
    this.isFirestore = this.target.service === 'cloud.firestore';
    this.checkFields();
  }

  /** @param now the time of a request without `time` */
  read(now: Date): ReadRequest {
    const { fields, place, isFirestore } = this;
    const { method } = fields;
    const { service, segments } = this.target;
    const resource = this.readResource();
    const requestResource = this.readValue('requestResource');
    const isFirestoreRead = isFirestore && (method === 'get' || method === 'list');
    const request: [string, RulesValue][] = [
      ['auth', authValue(fields.auth, place.at('auth'))],
      ['method', string(method)],
      ['path', pathValue(segments)],
      ['time', fields.time ?? timestamp(now)],
    ];
    // Firestore sets no request.resource for reads: using it is an error.
    if (!isFirestoreRead) request.push(['resource', requestResource]);
    const isQuery = isFirestore && method === 'list';
    const query = isQuery ? readQuery(fields.query, place.at('query')) : undefined;
    if (query) request.push(['query', query.value]);
    const documents = this.readDocuments(resource, requestResource);
    const read = { service, method, path: segments, resource, request: map(request), documents };
    return query?.alternatives ? this.withAlternatives(read, query.alternatives) : read;
  }

  /** The documents that the filters of a query leave, instead of those that `resource` describes. */
  private withAlternatives(
    read: ReadRequest,
    alternatives: readonly QueryAlternative[],
  ): ReadRequest {
    const { place, target, fields } = this;
    const { where } = fields.query as { where: unknown };
    if (!target.isOpen) return place.at('query', 'where').fail('nothing for a document', where);
    if (fields.resource != null) {
      place.at('resource').fail('nothing beside query.where', fields.resource);
    }
    const documents = this.readDocumentMap('documents');
    const requestFields = read.request.type === 'map' ? [...read.request.fields] : [];
    return {
      ...read,
      alternatives: alternatives.map(({ path, data }) => ({
        path: path ?? read.path,
        request: map([...requestFields, ['path', pathValue(path ?? read.path)]]),
        resource: path ? documents.get(JSON.stringify(path)) : map([['data', data]]),
      })),
    };
  }

  /** Rejects fields that have no meaning for the method and the service. */
  private checkFields(): void {
    const { isFirestore, place } = this;
    const { method, query, after, resource, requestResource } = this.fields;
    if (query !== undefined && (method !== 'list' || !isFirestore)) {
      place.at('query').fail('nothing except for a list in Firestore', query);
    }
    if (requestResource != null && method !== 'create' && method !== 'update') {
      place.at('requestResource').fail(`nothing for ${method}`, requestResource);
    }
    if (resource != null && isFirestore && method === 'create') {
      place.at('resource').fail('nothing for create: the document does not exist yet', resource);
    }
    if (resource != null && !isFirestore && method === 'list') {
      place
        .at('resource')
        .fail('nothing for a list in Storage: a prefix has no metadata', resource);
    }
    if (after !== undefined && !isFirestore) place.at('after').fail('nothing for Storage', after);
  }

  private readResource(): RulesValue {
    const { fields, target, place } = this;
    if (target.isOpen) return queriedValue(fields.resource, place.at('resource'));
    // A query finds documents that exist: without `resource` it is unknown, not null.
    const isUnknown = fields.method === 'list' && this.isFirestore && fields.resource == null;
    return isUnknown ? queriedValue(null, place) : this.readValue('resource');
  }

  private readValue(field: 'resource' | 'requestResource'): RulesValue {
    const json = this.fields[field];
    if (json == null) return NULL;
    const place = this.place.at(field);
    return this.isFirestore
      ? documentValue(json, this.target.segments, place)
      : objectValue(json, place);
  }

  /** A reader of the case's documents; the document of the request itself is one of them. */
  private readDocuments(resource: RulesValue, requestResource: RulesValue): DocumentReader {
    const { isFirestore, target, fields } = this;
    const { method } = fields;
    const requested = JSON.stringify(target.segments);
    const before = this.readDocumentMap('documents');
    if (isFirestore && method !== 'list' && !before.has(requested)) before.set(requested, resource);
    const stated = fields.after === undefined ? undefined : this.readDocumentMap('after');
    const after = stated ?? new Map(before);
    const isWrite = method === 'create' || method === 'update' || method === 'delete';
    if (isFirestore && isWrite && !stated?.has(requested)) after.set(requested, requestResource);
    return { get: readerOf(before), getAfter: readerOf(after) };
  }

  private readDocumentMap(field: 'documents' | 'after'): Map<string, RulesValue> {
    const place = this.place.at(field);
    const documents = new Map<string, RulesValue>();
    for (const [key, data] of Object.entries(this.fields[field] ?? {})) {
      const segments = this.readDocumentKey(key, place);
      const id = JSON.stringify(segments);
      if (documents.has(id)) place.fail('each document once', key);
      documents.set(id, data === null ? NULL : documentValue(data, segments, place.at(key)));
    }
    return documents;
  }

  /** Expands a key: `users/a` and `/databases/(default)/documents/users/a` name the same document. */
  private readDocumentKey(key: string, place: Place): string[] {
    const { service, segments } = this.target;
    const database = service === 'cloud.firestore' ? (segments[1] ?? '') : '(default)';
    const parts = key.startsWith('/') ? key.slice(1).split('/') : key.split('/');
    const isAbsolute = key.startsWith('/') && parts[0] === 'databases' && parts[2] === 'documents';
    const path = isAbsolute ? parts : ['databases', database, 'documents', ...parts];
    if (path.length < 5 || path.length % 2 === 0 || path.includes('')) {
      return place.fail('document paths such as users/a', key);
    }
    return path;
  }
}

function readerOf(documents: ReadonlyMap<string, RulesValue>) {
  return (path: string[]): Promise<RulesValue | undefined> => {
    const document = documents.get(JSON.stringify(path));
    return Promise.resolve(document?.type === 'null' ? undefined : document);
  };
}
