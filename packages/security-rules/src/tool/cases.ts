/** A file of cases for security rules -> the requests that it asks about. */
import {
  ANY_DOCUMENT,
  ANY_PARENTS,
  map,
  NULL,
  path as pathValue,
  string,
  timestamp,
  type DocumentReader,
  type RulesMethod,
  type RulesRequest,
  type RulesValue,
  type ServiceName,
} from '../index.js';
import { dataValue, timestampValue } from './data.js';
import { queryValue } from './query.js';
import { isObject, oneOf, readJson, refuse, show } from './refusal.js';
import { documentValue, objectValue, queriedValue } from './resources.js';

/** One question to the rules and the answer that is expected. */
export interface Case {
  readonly name: string;
  /** How messages call this case: the file, its place in it (from 1) and its name. */
  readonly where: string;
  readonly expected: boolean;
  readonly request: RulesRequest;
}

const METHODS: readonly RulesMethod[] = ['get', 'list', 'create', 'update', 'delete'];
const REQUIRED = ['name', 'method', 'path', 'auth', 'expect'];
const OPTIONAL = ['time', 'resource', 'requestResource', 'query', 'documents', 'after'];
const FIELDS = [...REQUIRED, ...OPTIONAL];

/** What stands for any collection above a collection group in a case's path. */
const GROUP = '**';

/**
 * Reads a file of cases: a JSON array with at least one case.
 * @param text the file's content
 * @param file its name, for messages
 * @param now the time of requests that name none
 * @throws InputError with one sentence: the file, the case, the field, what was expected and found
 */
export function readCases(text: string, file: string, now = new Date()): Case[] {
  const json = readJson(text, file);
  if (!Array.isArray(json)) return refuse(file, 'an array of cases', json);
  if (json.length === 0) return refuse(file, 'at least one case', json);
  return json.map((one, index) => readCase(one, `${file}: case ${index + 1}`, now));
}

function readCase(json: unknown, place: string, now: Date): Case {
  if (!isObject(json)) return refuse(place, 'an object', json);
  const { name } = json;
  if (typeof name !== 'string' || name.trim() === '') {
    return refuse(`${place}: name`, 'text that says what the case is', name);
  }
  const where = `${place} (${show(name)})`;
  for (const field of Object.keys(json)) {
    if (!FIELDS.includes(field)) refuse(where, `only the fields ${FIELDS.join(', ')}`, field);
  }
  const { expect: expected } = json;
  if (typeof expected !== 'boolean') return refuse(`${where}: expect`, 'true or false', expected);
  const method = METHODS.find((known) => known === json['method']);
  if (!method) return refuse(`${where}: method`, oneOf(METHODS), json['method']);
  const target = readPath(json['path'], method, `${where}: path`);
  const auth = readAuth(json['auth'], `${where}: auth`);
  const given = json['time'];
  const time = given === undefined ? timestamp(now) : timestampValue(given, `${where}: time`);
  const request = new Reader(json, method, target, where).request(auth, time);
  return { name, where, expected, request };
}

/** What a case's path says. */
interface Target {
  readonly service: ServiceName;
  readonly segments: readonly string[];
  /** Whether a query leaves open which documents it finds. */
  readonly isOpen: boolean;
}

function readPath(value: unknown, method: RulesMethod, where: string): Target {
  const expected = '/b/BUCKET/o/… or /databases/DATABASE/documents/…';
  // Half a character can't come from any client, and stands for open segments in the engine.
  if (typeof value !== 'string' || !value.startsWith('/') || !value.isWellFormed()) {
    return refuse(where, expected, value);
  }
  const segments = value.slice(1).split('/');
  const [first, owner = '', third, ...rest] = segments;
  if (owner !== '' && first === 'b' && third === 'o') {
    if (method !== 'list' && rest.join('/') === '') {
      return refuse(where, `the name of an object after /b/${owner}/o/`, value);
    }
    return { service: 'firebase.storage', segments, isOpen: false };
  }
  if (owner !== '' && first === 'databases' && third === 'documents') {
    return documentTarget(segments, method, where);
  }
  return refuse(where, expected, value);
}

function documentTarget(segments: string[], method: RulesMethod, where: string): Target {
  const service = 'cloud.firestore';
  const rest = segments.slice(3);
  const isGroup = method === 'list' && rest.at(-2) === GROUP;
  const isCollection = (rest.length - (isGroup ? 1 : 0)) % 2 === 1;
  const isOpen = method === 'list' && isCollection;
  const whole = `/${segments.join('/')}`;
  if (rest.length === 0 || rest.includes('') || (isGroup && !isOpen)) {
    return refuse(where, 'the path of a document or a collection after documents/', whole);
  }
  if (isCollection && method !== 'list') return refuse(where, 'the path of a document', whole);
  if (!isOpen) return { service, segments, isOpen };
  const last = rest.length - 2;
  const open = rest.map((part, place) => (isGroup && place === last ? ANY_PARENTS : part));
  return { service, segments: [...segments.slice(0, 3), ...open, ANY_DOCUMENT], isOpen };
}

function readAuth(json: unknown, where: string): RulesValue {
  if (json === null) return NULL;
  if (!isObject(json)) return refuse(where, 'null or {"uid", "token"}', json);
  for (const field of Object.keys(json)) {
    if (field !== 'uid' && field !== 'token') refuse(where, 'only the fields uid, token', field);
  }
  const { uid, token = {} } = json;
  if (uid !== null && (typeof uid !== 'string' || uid === '')) {
    return refuse(`${where}.uid`, 'text, or null for a token without one', uid);
  }
  if (!isObject(token)) return refuse(`${where}.token`, 'an object of claims', token);
  const claims = Object.entries(token).map(
    ([name, value]) => [name, dataValue(value, `${where}.token.${name}`)] as const,
  );
  return map([
    ...(uid === null ? [] : [['uid', string(uid)] as const]),
    ['token', map(claims)] as const,
  ]);
}

/** Reads what a case says beside its name, method, path and auth. */
class Reader {
  private readonly isFirestore: boolean;

  constructor(
    private readonly json: Record<string, unknown>,
    private readonly method: RulesMethod,
    private readonly target: Target,
    private readonly where: string,
  ) {
    this.isFirestore = target.service === 'cloud.firestore';
    const { query, after } = json;
    const isWrite = method === 'create' || method === 'update';
    if (query !== undefined && (method !== 'list' || !this.isFirestore)) {
      refuse(`${where}: query`, "nothing but for Firestore's list", query);
    }
    if (json['requestResource'] != null && !isWrite) {
      refuse(`${where}: requestResource`, `nothing for ${method}`, json['requestResource']);
    }
    const [nobody, what] = this.isFirestore
      ? (['create', 'nothing where a document is created'] as const)
      : (['list', 'nothing for a list in Storage, which is about a prefix'] as const);
    if (json['resource'] != null && method === nobody) {
      refuse(`${where}: resource`, what, json['resource']);
    }
    if (after !== undefined && !this.isFirestore) {
      refuse(`${where}: after`, 'nothing for Storage', after);
    }
  }

  request(auth: RulesValue, time: RulesValue): RulesRequest {
    const { method, target } = this;
    const { service, segments } = target;
    const resource = this.resource();
    const requestResource = this.value('requestResource');
    return {
      service,
      method,
      path: segments,
      resource,
      request: map([
        ['auth', auth],
        ['method', string(method)],
        ['path', pathValue(segments)],
        ['time', time],
        // Firestore says nothing of it for a read: there, to ask for it is an error.
        ...(this.isFirestore && (method === 'get' || method === 'list')
          ? []
          : [['resource', requestResource] as const]),
        ...(method === 'list' && this.isFirestore
          ? [['query', queryValue(this.json['query'], `${this.where}: query`)] as const]
          : []),
      ]),
      documents: this.documents(resource, requestResource),
    };
  }

  private resource(): RulesValue {
    const { json, method, target, where } = this;
    if (target.isOpen) return queriedValue(json['resource'], `${where}: resource`);
    // A query finds documents that exist: its resource is never null, only unknown.
    const isUnknown = method === 'list' && this.isFirestore && json['resource'] == null;
    return isUnknown ? queriedValue(null, where) : this.value('resource');
  }

  private value(field: 'resource' | 'requestResource'): RulesValue {
    const json = this.json[field];
    if (json == null) return NULL;
    const where = `${this.where}: ${field}`;
    return this.isFirestore
      ? documentValue(json, this.target.segments, where)
      : objectValue(json, where);
  }

  /** Reads the case's documents; its own one is among them without being said again. */
  private documents(resource: RulesValue, requestResource: RulesValue): DocumentReader {
    const { isFirestore, method, target } = this;
    const own = JSON.stringify(target.segments);
    const isOwnKnown = isFirestore && method !== 'list';
    const now = this.state('documents');
    if (isOwnKnown && !now.has(own)) now.set(own, resource);
    const given = this.json['after'] === undefined ? undefined : this.state('after');
    const after = given ?? new Map(now);
    const changes = isFirestore && ['create', 'update', 'delete'].includes(method);
    if (changes && !given?.has(own)) after.set(own, requestResource);
    const reader = (documents: ReadonlyMap<string, RulesValue>) => (path: string[]) => {
      const document = documents.get(JSON.stringify(path));
      return Promise.resolve(document?.type === 'null' ? undefined : document);
    };
    return { get: reader(now), getAfter: reader(after) };
  }

  private state(field: 'documents' | 'after'): Map<string, RulesValue> {
    const json = this.json[field];
    const where = `${this.where}: ${field}`;
    const documents = new Map<string, RulesValue>();
    if (json === undefined) return documents;
    if (!isObject(json)) return refuse(where, 'an object of documents by their path', json);
    for (const [key, data] of Object.entries(json)) {
      const segments = this.documentPath(key, where);
      const name = JSON.stringify(segments);
      if (documents.has(name)) refuse(where, 'each document once', key);
      const found = data === null ? NULL : documentValue(data, segments, `${where}[${show(key)}]`);
      documents.set(name, found);
    }
    return documents;
  }

  /** `users/a` or `/databases/(default)/documents/users/a` -> the whole path. */
  private documentPath(key: string, where: string): string[] {
    const { service, segments } = this.target;
    const database = service === 'cloud.firestore' ? (segments[1] ?? '') : '(default)';
    const parts = key.startsWith('/') ? key.slice(1).split('/') : key.split('/');
    const isWhole = key.startsWith('/') && parts[0] === 'databases' && parts[2] === 'documents';
    const path = isWhole ? parts : ['databases', database, 'documents', ...parts];
    if (path.length < 5 || path.length % 2 === 0 || path.includes('')) {
      return refuse(where, "documents' paths such as users/a", key);
    }
    return path;
  }
}
