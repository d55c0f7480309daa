/** Security rules between clients and the database: what is asked of the rules engine, and when. */
import type { OnDenied } from 'firebase-rules-check';
import type { Caller } from './caller.js';
import { Code, StatusError } from './errors.js';
import { formatName, parseName, rulesPath } from './names.js';
import { placeholders } from './placeholders.js';
import type {
  DocumentReader,
  Issue,
  RulesEngine,
  RulesMethod,
  RulesValue,
  Ruleset,
  SharedReads,
} from './rules-engine.js';
import { documentValue, placeholderValue, queryValue, timestampValue } from './rules-values.js';
import type * as v1 from './v1.js';

/** One document that a commit changes: its state before, its state after all writes. */
export interface Change {
  name: string;
  method: 'create' | 'update' | 'delete';
  before: v1.Document | undefined;
  after: v1.Document | undefined;
}

/** Reads a document as it is now. */
export type Read = (name: string) => v1.Document | undefined;

/** A query as rules see it. */
export interface ListRequest {
  /** The database or the document that the query runs under. */
  parent: string;
  query: v1.Query;
}

interface Question {
  caller: Caller;
  method: RulesMethod;
  name: string;
  resource: RulesValue;
  extra?: Record<string, RulesValue>;
  time: v1.Timestamp;
  documents: DocumentReader;
  /** Of a batch or several documents; a query has the limit of one operation. */
  sharedReads?: SharedReads;
}

/** Judges the requests of clients. Without rules nothing is allowed. */
export class RulesGate {
  #ruleset: Ruleset | undefined;

  /** The file that the rules are from. */
  #file = '';

  /** @param onDenied told of each request that the rules deny, and why */
  constructor(
    private readonly engine: RulesEngine,
    private readonly onDenied?: OnDenied,
  ) {}

  /** Loads rules; when they have a mistake, it is told and the rules before stay. */
  load(source: string, file: string): Issue[] {
    const { ruleset, issues } = this.engine.compile(source, file);
    if (ruleset) [this.#ruleset, this.#file] = [ruleset, file];
    return issues;
  }

  /** Throws PERMISSION_DENIED unless the caller may get the document, or all of several. */
  async checkGet(
    caller: Caller,
    names: string | readonly string[],
    read: Read,
    time: v1.Timestamp,
  ): Promise<void> {
    if (caller.kind === 'owner') return;
    const sharedReads = this.engine.shareReads();
    for (const name of [names].flat()) {
      const resource = this.value(read(name));
      const documents = this.#reader(name, read);
      await this.#ask({ caller, method: 'get', name, resource, time, documents, sharedReads });
    }
  }

  /**
   * Throws PERMISSION_DENIED unless the caller may run the query. Firestore proves from the rules
   * that nothing forbidden could be found; here the rules are asked about each document that was
   * found, and about documents of an open id that have just the fields which the filters fix.
   * So rules that forbid some documents only by a range or an inequality can be judged otherwise.
   */
  async checkList(
    caller: Caller,
    { parent, query }: ListRequest,
    found: readonly v1.Document[],
    read: Read,
    time: v1.Timestamp,
  ): Promise<void> {
    if (caller.kind === 'owner') return;
    const documents = this.#reader(parent, read);
    const extra = { query: queryValue(this.engine, query) };
    const unknown = placeholders(parent, query, this.engine).map((document) => ({
      name: document.name ?? '',
      resource: placeholderValue(this.engine, document),
    }));
    const known = found.map((document) => ({
      name: document.name ?? '',
      resource: this.value(document),
    }));
    for (const { name, resource } of [...unknown, ...known]) {
      await this.#ask({ caller, method: 'list', name, resource, extra, time, documents });
    }
  }

  /** Throws PERMISSION_DENIED unless the caller may make every one of the changes. */
  async checkWrites(
    caller: Caller,
    changes: readonly Change[],
    read: Read,
    time: v1.Timestamp,
  ): Promise<void> {
    if (caller.kind === 'owner') return;
    const after = new Map(changes.map((change) => [change.name, change.after]));
    const readAfter: Read = (name) => (after.has(name) ? after.get(name) : read(name));
    const sharedReads = this.engine.shareReads();
    for (const { name, method, before, after: changed } of changes) {
      const documents = this.#reader(name, read, readAfter);
      const resource = this.value(before);
      // A delete has no resource to come: it is null.
      const extra = { resource: this.value(changed) };
      const question = { caller, method, name, resource, extra, time, documents, sharedReads };
      await this.#ask(question);
    }
  }

  /** Throws PERMISSION_DENIED for what only the project's own servers may do. */
  checkOwner(caller: Caller, what: string): void {
    if (caller.kind !== 'owner') {
      throw new StatusError(Code.PERMISSION_DENIED, `Clients may not ${what}.`);
    }
  }

  /** A document as rules see it; null when it is missing. */
  value(document: v1.Document | undefined): RulesValue {
    return document ? documentValue(this.engine, document) : this.engine.fromJson(null);
  }

  /** What get() and getAfter() read, in the project of the resource that is asked about. */
  #reader(beside: string, read: Read, readAfter: Read = read): DocumentReader {
    const reading = (from: Read) => async (path: string[]) => {
      const document = from(nameBeside(beside, path));
      return Promise.resolve(document && documentValue(this.engine, document));
    };
    return { get: reading(read), getAfter: reading(readAfter) };
  }

  async #ask(question: Question): Promise<void> {
    const { caller, method, name, resource, extra, time, documents, sharedReads } = question;
    if (!this.#ruleset) {
      throw new StatusError(Code.PERMISSION_DENIED, 'No security rules are loaded.');
    }
    const path = rulesPath(name);
    const auth = caller.kind === 'client' ? caller.auth : null;
    const decision = await this.#ruleset.evaluate({
      service: 'cloud.firestore',
      method,
      path,
      resource,
      documents,
      ...(sharedReads && { sharedReads }),
      request: this.engine.map({
        auth: this.engine.fromJson(auth),
        method: this.engine.fromJson(method),
        path: this.engine.path(path),
        time: timestampValue(this.engine, time),
        ...extra,
      }),
    });
    if (decision.allowed) return;
    const { anyDocument, anyParents } = this.engine;
    const shown = path.map((part) => (part === anyDocument || part === anyParents ? '*' : part));
    this.onDenied?.({
      service: 'cloud.firestore',
      method,
      path: shown,
      ...(auth && { uid: auth.uid }),
      file: this.#file,
      tried: decision.tried,
    });
    throw new StatusError(Code.PERMISSION_DENIED, 'Missing or insufficient permissions.');
  }
}

function nameBeside(beside: string, path: string[]): string {
  const [, database = '(default)', , ...rest] = path;
  return formatName({ project: parseName(beside).project, database, path: rest });
}
