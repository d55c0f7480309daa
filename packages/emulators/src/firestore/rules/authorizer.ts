/** Authorizes client requests by evaluating the security rules. */
import type { OnDenied } from 'firebase-rules-check';
import type { Caller } from '../caller.js';
import { Code, StatusError } from '../errors.js';
import { formatName, parseName, rulesPath } from '../names.js';
import { queriedDocuments } from './query-facts.js';
import type {
  DocumentReader,
  RulesEngine,
  RulesMethod,
  RulesValue,
  SharedReads,
} from './rules-engine.js';
import { Rulesets, type DatabaseName } from './rulesets.js';
import { documentValue, queryValue, timestampValue } from './rules-values.js';
import type * as v1 from '../v1.js';

/** One document that a commit changes: its state before the commit and after all writes. */
export interface Change {
  name: string;
  method: 'create' | 'update' | 'delete';
  before: v1.Document | undefined;
  after: v1.Document | undefined;
}

/** Reads the current state of a document. */
export type Read = (name: string) => v1.Document | undefined;

/** The query of a list request. */
export interface ListRequest {
  /** Resource name of the database or of the document that the query runs under. */
  parent: string;
  query: v1.Query;
}

interface Access {
  caller: Caller;
  method: RulesMethod;
  name: string;
  resource: RulesValue | undefined;
  /** Further fields of `request`. */
  requestFields?: Record<string, RulesValue>;
  time: v1.Timestamp;
  documents: DocumentReader;
  /** For a batch or several documents; a query has the limit of a single operation. */
  sharedReads?: SharedReads;
}

/** Evaluates the rules for requests of clients. A database without rules allows every request. */
export class Authorizer {
  /** The rules of all projects and databases. */
  readonly rulesets: Rulesets;

  /**
   * @param onDenied called for each request that the rules deny, with the reason
   * @param onOpen called once for each database that a client reaches without rules
   */
  constructor(
    private readonly engine: RulesEngine,
    private readonly onDenied?: OnDenied,
    onOpen?: (name: DatabaseName) => void,
  ) {
    this.rulesets = new Rulesets(engine, onOpen);
  }

  /** @throws StatusError PERMISSION_DENIED unless the caller may get every one of the documents */
  async authorizeGet(
    caller: Caller,
    names: string | readonly string[],
    read: Read,
    time: v1.Timestamp,
  ): Promise<void> {
    if (caller.kind === 'owner') return;
    const sharedReads = this.engine.createSharedReads();
    for (const name of [names].flat()) {
      const resource = this.toRulesValue(read(name));
      const documents = this.#reader(name, read);
      await this.#evaluate({ caller, method: 'get', name, resource, time, documents, sharedReads });
    }
  }

  /**
   * Authorizes a query. As in Firestore, the rules must allow every document that the query could return, proven
   * from its filters; what it does return is not looked at.
   * @throws StatusError PERMISSION_DENIED unless the caller may run the query
   */
  async authorizeList(
    caller: Caller,
    { parent, query }: ListRequest,
    read: Read,
    time: v1.Timestamp,
  ): Promise<void> {
    if (caller.kind === 'owner') return;
    const documents = this.#reader(parent, read);
    const requestFields = { query: queryValue(this.engine, query) };
    const access = { caller, method: 'list', requestFields, time, documents } as const;
    const alternatives = queriedDocuments(this.engine, parent, query, read);
    if (alternatives.length === 0) {
      throw new StatusError(
        Code.PERMISSION_DENIED,
        'No document can match the filters of the query.',
      );
    }
    for (const { name, resource } of alternatives) {
      await this.#evaluate({ ...access, name, resource });
    }
  }

  /** @throws StatusError PERMISSION_DENIED unless the caller may make every one of the changes */
  async authorizeWrites(
    caller: Caller,
    changes: readonly Change[],
    read: Read,
    time: v1.Timestamp,
  ): Promise<void> {
    if (caller.kind === 'owner') return;
    const after = new Map(changes.map((change) => [change.name, change.after]));
    const readAfter: Read = (name) => (after.has(name) ? after.get(name) : read(name));
    const sharedReads = this.engine.createSharedReads();
    for (const { name, method, before, after: next } of changes) {
      const documents = this.#reader(name, read, readAfter);
      const resource = this.toRulesValue(before);
      // For a delete, request.resource is null.
      const requestFields = { resource: this.toRulesValue(next) };
      const access = { caller, method, name, resource, requestFields, time, documents };
      await this.#evaluate({ ...access, sharedReads });
    }
  }

  /** @throws StatusError PERMISSION_DENIED unless the caller is the owner */
  requireOwner(caller: Caller, action: string): void {
    if (caller.kind !== 'owner') {
      throw new StatusError(Code.PERMISSION_DENIED, `Clients may not ${action}.`);
    }
  }

  /** Converts a document to a value of the rules language; null when it is undefined. */
  toRulesValue(document: v1.Document | undefined): RulesValue {
    return document ? documentValue(this.engine, document) : this.engine.fromJson(null);
  }

  /** Reads documents for get() and getAfter() in the project of the resource. */
  #reader(resourceName: string, read: Read, readAfter: Read = read): DocumentReader {
    const readerOf = (readDocument: Read) => async (path: string[]) => {
      const document = readDocument(documentName(resourceName, path));
      return Promise.resolve(document && documentValue(this.engine, document));
    };
    return { get: readerOf(read), getAfter: readerOf(readAfter) };
  }

  async #evaluate(access: Access): Promise<void> {
    const { caller, method, name, resource, requestFields, time, documents, sharedReads } = access;
    const loaded = this.rulesets.use(parseName(name));
    if (!loaded) return;
    const { rules, coverage } = loaded;
    const path = rulesPath(name);
    const auth = caller.kind === 'client' ? caller.auth : null;
    const decision = await rules.ruleset.evaluate({
      service: 'cloud.firestore',
      method,
      path,
      resource,
      documents,
      coverage,
      ...(sharedReads && { sharedReads }),
      request: this.engine.map({
        auth: this.engine.fromJson(auth),
        method: this.engine.fromJson(method),
        path: this.engine.path(path),
        time: timestampValue(this.engine, time),
        ...requestFields,
      }),
    });
    if (decision.allowed) return;
    const { anyDocument, anyParents } = this.engine;
    const isOpen = (segment: string) => segment === anyDocument || segment === anyParents;
    this.onDenied?.({
      service: 'cloud.firestore',
      method,
      path: path.map((segment) => (isOpen(segment) ? '*' : segment)),
      ...(auth && { uid: auth.uid }),
      file: rules.file,
      tried: decision.tried,
    });
    const message = this.engine.denialMessage(method, decision.tried);
    throw new StatusError(Code.PERMISSION_DENIED, message);
  }
}

/** The name of the document at a rules path, in the project of another resource. */
function documentName(resourceName: string, path: string[]): string {
  const [, database = '(default)', , ...rest] = path;
  return formatName({ project: parseName(resourceName).project, database, path: rest });
}
