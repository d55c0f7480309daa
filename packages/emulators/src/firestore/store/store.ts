/** The documents of one database with their past versions. */
import { Code, StatusError } from '../errors.js';
import { parseName } from '../names.js';
import type * as v1 from '../v1.js';
import { CommitClock } from './clock.js';
import { compareDocumentNames, type CompiledQuery, type QueryScope } from './compiled-query.js';
import { toMicroseconds, toTimestamp } from './times.js';
import { checkSize } from './validation.js';
import { compareStrings } from './values.js';
import { applyWrites, type AppliedWrites, type DocumentChange } from './writes.js';

/** One commit, as listeners see it. */
export interface Commit {
  time: v1.Timestamp;
  changes: readonly DocumentChange[];
}

export type CommitListener = (commit: Commit) => void;

export interface CommitResult {
  time: v1.Timestamp;
  changes: readonly DocumentChange[];
  results: AppliedWrites['results'];
}

/** How much of the past can be read. */
export interface HistoryLimits {
  /** Microseconds. */
  age: number;
  versions: number;
  bytes: number;
}

const HISTORY: HistoryLimits = {
  age: 60 * 60 * 1_000_000,
  versions: 20_000,
  bytes: 64 * 1024 * 1024,
};

interface Version {
  /** When it was written, microseconds since 1970. */
  time: number;
  document: v1.Document | undefined;
}

interface Entry {
  name: string;
  current: Version;
  /** Earlier versions, the oldest first. */
  past: Version[];
}

/** A version that a later one has replaced. */
interface Replaced {
  entry: Entry;
  collection: string;
  at: number;
  bytes: number;
}

/** One database. Every method is synchronous; a commit is visible when `apply` returns. */
export class Store {
  /** By path of the collection. */
  readonly #collections = new Map<string, Map<string, Entry>>();
  readonly #listeners = new Set<CommitListener>();
  /** All past versions, in the order in which they were replaced. */
  #replaced: Replaced[] = [];
  #firstReplaced = 0;
  #pastBytes = 0;
  /** Earlier times can't be read anymore, microseconds since 1970. */
  #oldestReadable = 0;

  /**
   * @param clock shared by the databases of an emulator
   * @param history limits of what is kept of the past
   */
  constructor(
    private readonly clock = new CommitClock(),
    private readonly history = HISTORY,
  ) {}

  /** A read time: it covers every commit up to it, and all of them were sent to the listeners. */
  now(): v1.Timestamp {
    return toTimestamp(this.clock.now());
  }

  /**
   * Reads a document.
   * @param at default: now
   * @throws StatusError INVALID_ARGUMENT for a future time, FAILED_PRECONDITION for one that is too old
   */
  read(name: string, at?: v1.Timestamp): v1.Document | undefined {
    const entry = this.#collections.get(collectionOf(name))?.get(name);
    const time = at && this.#checkTime(at);
    return entry && versionAt(entry, time)?.document;
  }

  /** When the current state of a document was written, microseconds since 1970; 0: never, or long ago. */
  versionOf(name: string): number {
    return this.#collections.get(collectionOf(name))?.get(name)?.current.time ?? 0;
  }

  /**
   * Runs a query: sorted, with cursors, offset and limit, without projection.
   * @throws StatusError as `read`
   */
  query(query: CompiledQuery, at?: v1.Timestamp): v1.Document[] {
    const time = at && this.#checkTime(at);
    const found: v1.Document[] = [];
    for (const entries of this.#collectionsOf(query.scope)) {
      for (const entry of entries.values()) {
        const document = versionAt(entry, time)?.document;
        if (document && query.matches(document) && query.withinCursors(document)) {
          found.push(document);
        }
      }
    }
    found.sort(query.compare);
    const { offset, limit = Infinity } = query;
    return offset === 0 && found.length <= limit ? found : found.slice(offset, offset + limit);
  }

  /**
   * Ids of the collections below a document, or of the top-level collections, sorted.
   * @param parent name of a document, or of the database's documents
   */
  collectionIds(parent: string, at?: v1.Timestamp): string[] {
    const prefix = `${parent}/`;
    const time = at && this.#checkTime(at);
    const ids = new Set<string>();
    for (const [path, entries] of this.#collections) {
      if (!path.startsWith(prefix)) continue;
      const [id = ''] = path.slice(prefix.length).split('/');
      if (!ids.has(id) && hasDocuments(entries, time)) ids.add(id);
    }
    return [...ids].sort(compareStrings);
  }

  /** Names of documents of a collection that don't exist but have collections below them, sorted. */
  missingDocuments(collection: string, at?: v1.Timestamp): v1.Document[] {
    const prefix = `${collection}/`;
    const time = at && this.#checkTime(at);
    const names = new Set<string>();
    for (const [path, entries] of this.#collections) {
      if (!path.startsWith(prefix) || !hasDocuments(entries, time)) continue;
      const [id = ''] = path.slice(prefix.length).split('/');
      const name = prefix + id;
      if (this.read(name, at) === undefined) names.add(name);
    }
    return [...names].map((name) => ({ name })).sort(compareDocumentNames);
  }

  /**
   * What writes would change, without preconditions and without changing anything. Its time is the value of
   * `serverTimestamp()` in the changes, and of `request.time` in rules: they are equal.
   */
  preview(writes: readonly v1.Write[]): CommitResult {
    const time = Math.floor(this.clock.now() / 1000) * 1000;
    const read = (name: string) => this.read(name);
    const applied = applyWrites(writes, { time, read, ignorePreconditions: true });
    return { time: toTimestamp(time), ...applied };
  }

  /**
   * Applies all writes or none, then calls the listeners in order.
   * @throws StatusError of the first write that fails
   */
  apply(writes: readonly v1.Write[]): CommitResult {
    const time = this.clock.tick();
    const { changes, results } = applyWrites(writes, { time, read: (name) => this.read(name) });
    for (const change of changes) this.#store(change, time);
    this.#forgetPast(time);
    const commit = { time: toTimestamp(time), changes };
    if (changes.length > 0) for (const listener of [...this.#listeners]) listener(commit);
    return { ...commit, results };
  }

  /** All documents, in no particular order. */
  documents(): v1.Document[] {
    return [...this.#collections.values()].flatMap((entries) =>
      [...entries.values()].flatMap(({ current }) => current.document ?? []),
    );
  }

  /** Deletes every document. */
  clear(): void {
    this.apply(this.documents().map(({ name }) => ({ delete: name ?? '' })));
  }

  /** Calls a function after each commit that changed something. @returns a function that ends that */
  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #store({ name, before, after }: DocumentChange, time: number): void {
    const collection = collectionOf(name);
    let entries = this.#collections.get(collection);
    if (!entries) this.#collections.set(collection, (entries = new Map<string, Entry>()));
    const entry = entries.get(name);
    const current = { time, document: after };
    if (!entry) {
      entries.set(name, { name, current, past: [{ time: 0, document: undefined }] });
      return;
    }
    const bytes = before ? checkSize(name, before.fields ?? {}) : 0;
    entry.past.push(entry.current);
    entry.current = current;
    this.#replaced.push({ entry, collection, at: time, bytes });
    this.#pastBytes += bytes;
  }

  #forgetPast(now: number): void {
    const { age, versions, bytes } = this.history;
    for (;;) {
      const oldest = this.#replaced[this.#firstReplaced];
      const count = this.#replaced.length - this.#firstReplaced;
      if (!oldest) break;
      if (oldest.at > now - age && count <= versions && this.#pastBytes <= bytes) break;
      this.#firstReplaced += 1;
      this.#pastBytes -= oldest.bytes;
      this.#oldestReadable = oldest.at;
      const { entry, collection } = oldest;
      // The oldest version, and the absence before it.
      while (entry.past.length > 0 && (entry.past[1]?.time ?? entry.current.time) <= oldest.at) {
        entry.past.shift();
      }
      if (entry.past.length === 0 && entry.current.document === undefined) {
        const entries = this.#collections.get(collection);
        if (entries?.get(entry.name) === entry) entries.delete(entry.name);
        if (entries?.size === 0) this.#collections.delete(collection);
      }
    }
    if (this.#firstReplaced > 1000 && this.#firstReplaced > this.#replaced.length / 2) {
      this.#replaced = this.#replaced.slice(this.#firstReplaced);
      this.#firstReplaced = 0;
    }
  }

  #checkTime(at: v1.Timestamp): number {
    const time = toMicroseconds(at);
    const now = this.clock.now();
    if (time > now) {
      throw new StatusError(Code.INVALID_ARGUMENT, 'The read time cannot be in the future.');
    }
    if (time < this.#oldestReadable || time < now - this.history.age) {
      throw new StatusError(Code.FAILED_PRECONDITION, 'The read time is too old.');
    }
    return time;
  }

  *#collectionsOf({ parent, collectionId, allDescendants }: QueryScope) {
    if (!allDescendants && collectionId !== undefined) {
      const entries = this.#collections.get(`${parent}/${collectionId}`);
      if (entries) yield entries;
      return;
    }
    const prefix = `${parent}/`;
    for (const [path, entries] of this.#collections) {
      if (!path.startsWith(prefix)) continue;
      if (collectionId === undefined || path.endsWith(`/${collectionId}`)) yield entries;
    }
  }
}

function versionAt({ current, past }: Entry, time: number | undefined): Version | undefined {
  if (time === undefined || current.time <= time) return current;
  return past.findLast((version) => version.time <= time);
}

function hasDocuments(entries: ReadonlyMap<string, Entry>, time: number | undefined): boolean {
  for (const entry of entries.values()) if (versionAt(entry, time)?.document) return true;
  return false;
}

function collectionOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/'));
}

/** The name of the database's documents, or of the document, that a resource name is below. */
export function parentOf(name: string): string {
  const { project, database, path } = parseName(name);
  return [`projects/${project}/databases/${database}/documents`, ...path].join('/');
}
