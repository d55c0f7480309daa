/** All listeners of one database: which results a commit affects, and the read time of each round. */
import { randomBytes } from 'node:crypto';
import type { CompiledQuery } from '../store/compiled-query.js';
import type { Store } from '../store/store.js';
import type { DocumentChange } from '../store/writes.js';
import type * as v1 from '../v1.js';
import { MessageCache } from './messages.js';
import { encodeResumeToken, SOURCE_BYTES } from './resume-token.js';
import type { Publisher, ResultListener, ResultView } from './types.js';
import { DocumentView, QueryView } from './views.js';

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
  #unsubscribe: (() => void) | undefined;

  constructor(readonly store: Store) {}

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

  /** Passes all changes up to now on. @returns the read time that all listeners have reached */
  flush(): v1.Timestamp {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const changed = this.#changed;
    const time = this.store.now();
    if (changed.size === 0) return time;
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
    const cache = this.messagesAt(time);
    for (const publisher of publishers) publisher.publish(time, cache);
    return time;
  }

  /** An empty set of messages of a read time. */
  messagesAt(time: v1.Timestamp): MessageCache {
    return new MessageCache(time, encodeResumeToken(this.source, time));
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
      for (const { name, before, after } of changes) {
        const earlier = this.#changed.get(name);
        this.#changed.set(name, { name, before: earlier ? earlier.before : before, after });
      }
      this.#scheduled ??= setImmediate(() => {
        this.#scheduled = undefined;
        this.flush();
      });
    });
  }

  #unsubscribeIfUnused(): void {
    if (this.#documents.size > 0 || this.#queries.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#changed.clear();
  }
}

/** The one collection that a query reads; undefined when it reads several. */
function collectionPath({ scope }: CompiledQuery): string | undefined {
  const { parent, collectionId, allDescendants } = scope;
  return allDescendants || collectionId === undefined ? undefined : `${parent}/${collectionId}`;
}
