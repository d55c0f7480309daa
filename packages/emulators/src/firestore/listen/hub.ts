/** All listeners of one database: which results a commit affects, and the read time of each round. */
import { randomBytes } from 'node:crypto';
import type { CompiledQuery } from '../store/compiled-query.js';
import type { Store } from '../store/store.js';
import type { DocumentChange } from '../store/writes.js';
import { MessageCache } from './messages.js';
import { encodeResumeToken, SOURCE_BYTES } from './resume-token.js';
import type { Publisher, ResultListener, ResultView } from './types.js';
import { DocumentView, QueryView } from './views.js';

/** How long messages are kept for further clients, milliseconds. */
const MESSAGES_KEPT_MS = 1000;

/** Longest time in milliseconds between two rounds. */
const MAX_REST_MS = 200;

/**
 * Collects the documents that commits change and passes the effects on once per turn of the event
 * loop. A round takes its read time after the commits, and every listener has all changes up to that
 * time before any stream sends it: for a document that does not exist, the SDKs remember that time
 * and ignore an earlier creation that comes later.
 */
export class ListenHub {
  /** Identifies this database in memory, for resume tokens. */
  readonly source = randomBytes(SOURCE_BYTES);
  readonly #documents = new Map<string, DocumentView>();
  readonly #queries = new Map<string, QueryView>();
  /** Views of the queries of one collection, by its path. */
  readonly #collections = new Map<string, Set<QueryView>>();
  /** Views of collection groups and of whole databases. */
  readonly #groups = new Set<QueryView>();
  #changed = new Map<string, DocumentChange>();
  #scheduled: NodeJS.Immediate | undefined;
  /** Whether a round has just been sent: the next one waits. */
  #isResting = false;
  #unsubscribe: (() => void) | undefined;
  /** Messages of the last read time, as long as nothing has changed: clients that start together share them. */
  #latest: MessageCache | undefined;

  constructor(readonly store: Store) {}

  /** Whether every listener has all changes. */
  get isCurrent(): boolean {
    return !this.#scheduled && this.#changed.size === 0;
  }

  /** Starts listening to a document. Call `flush` just before. @returns a function that ends it */
  listenToDocument(name: string, listener: ResultListener): () => void {
    let view = this.#documents.get(name);
    if (!view) {
      this.#subscribe();
      view = new DocumentView(this.store.read(name));
      this.#documents.set(name, view);
    }
    const { listeners } = view;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      this.#documents.delete(name);
      this.#unsubscribeIfUnused();
    };
  }

  /**
   * Starts listening to a query. Call `flush` just before.
   * @param key equal for equal queries, which share their results
   * @returns the results, and a function that ends it
   */
  listenToQuery(
    key: string,
    query: CompiledQuery,
    listener: ResultListener,
  ): { view: QueryView; detach: () => void } {
    let view = this.#queries.get(key);
    if (!view) {
      this.#subscribe();
      view = new QueryView(this.store, query);
      this.#queries.set(key, view);
      this.#index(view);
    }
    const added = view;
    added.listeners.add(listener);
    const detach = (): void => {
      added.listeners.delete(listener);
      if (added.listeners.size > 0) return;
      this.#queries.delete(key);
      this.#unindex(added);
      this.#unsubscribeIfUnused();
    };
    return { view: added, detach };
  }

  /** Passes all changes up to now on. @returns messages of a read time that all listeners have reached */
  flush(): MessageCache {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    // Nothing has invalidated them since the last listener left.
    if (!this.#unsubscribe) this.#latest = undefined;
    const changed = this.#changed;
    if (changed.size === 0) return (this.#latest ??= this.#newMessages());
    this.#changed = new Map();
    const affected = new Map<ResultView, DocumentChange[]>();
    for (const change of changed.values()) {
      for (const view of this.#viewsOf(change.name)) {
        const changes = affected.get(view);
        if (changes) changes.push(change);
        else affected.set(view, [change]);
      }
    }
    const publishers = new Set<Publisher>();
    for (const [view, documentChanges] of affected) {
      const changes = view.advance(documentChanges);
      if (changes.length === 0) continue;
      for (const listener of view.listeners) {
        listener.onChanges(changes);
        publishers.add(listener.publisher);
      }
    }
    const messages = (this.#latest = this.#newMessages());
    for (const publisher of publishers) publisher.publish(messages);
    return messages;
  }

  #newMessages(): MessageCache {
    const time = this.store.now();
    const messages = new MessageCache(time, encodeResumeToken(this.source, time));
    const forget = (): void => {
      if (this.#latest === messages) this.#latest = undefined;
    };
    setTimeout(forget, MESSAGES_KEPT_MS).unref();
    return messages;
  }

  *#viewsOf(name: string): Iterable<ResultView> {
    const document = this.#documents.get(name);
    if (document) yield document;
    yield* this.#collections.get(name.slice(0, name.lastIndexOf('/'))) ?? [];
    yield* this.#groups;
  }

  #index(view: QueryView): void {
    const path = collectionPath(view.query);
    if (path === undefined) {
      this.#groups.add(view);
      return;
    }
    const views = this.#collections.get(path);
    if (views) views.add(view);
    else this.#collections.set(path, new Set([view]));
  }

  #unindex(view: QueryView): void {
    this.#groups.delete(view);
    const path = collectionPath(view.query) ?? '';
    const views = this.#collections.get(path);
    views?.delete(view);
    if (views?.size === 0) this.#collections.delete(path);
  }

  #subscribe(): void {
    this.#unsubscribe ??= this.store.onCommit(({ changes }) => {
      this.#latest = undefined;
      for (const { name, before, after } of changes) {
        const earlier = this.#changed.get(name);
        this.#changed.set(name, { name, before: earlier ? earlier.before : before, after });
      }
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isResting) return;
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      const start = performance.now();
      this.flush();
      this.#rest(start);
    });
  }

  /**
   * Waits as long as a round took before the next one, which has more changes then: with many listeners, rounds that
   * follow each other would leave no time for requests.
   */
  #rest(start: number): void {
    this.#isResting = true;
    const end = (): void => {
      this.#isResting = false;
      if (this.#changed.size > 0) this.#schedule();
    };
    // Sockets are written in the turn after the round.
    setImmediate(() =>
      setImmediate(() => {
        const elapsed = Math.min(performance.now() - start, MAX_REST_MS);
        if (elapsed < 1) end();
        else setTimeout(end, elapsed);
      }),
    );
  }

  #unsubscribeIfUnused(): void {
    if (this.#documents.size > 0 || this.#queries.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#latest = undefined;
    this.#changed.clear();
  }
}

/** The one collection that a query reads; undefined when it reads several. */
function collectionPath({ scope }: CompiledQuery): string | undefined {
  const { parent, collectionId, allDescendants } = scope;
  return allDescendants || collectionId === undefined ? undefined : `${parent}/${collectionId}`;
}
