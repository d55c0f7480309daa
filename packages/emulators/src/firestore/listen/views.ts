/** The current results of documents and queries, updated commit by commit. */
import type { CompiledQuery } from '../store/compiled-query.js';
import type { Store } from '../store/store.js';
import type { DocumentChange } from '../store/writes.js';
import type * as v1 from '../v1.js';
import type { ResultChange, ResultListener, ResultView } from './types.js';

/** One document. */
export class DocumentView implements ResultView {
  readonly listeners = new Set<ResultListener>();

  constructor(private document: v1.Document | undefined) {}

  results(): v1.Document[] {
    return this.document ? [this.document] : [];
  }

  advance(changes: readonly DocumentChange[]): ResultChange[] {
    return changes.flatMap(({ name, after }) => {
      if (!this.document && !after) return [];
      this.document = after;
      return { name, document: after, matches: after !== undefined, modified: true };
    });
  }
}

/** A query. */
export class QueryView implements ResultView {
  readonly listeners = new Set<ResultListener>();
  #documents: Map<string, v1.Document>;
  /** The last document of a full window. */
  #last: v1.Document | undefined;

  constructor(
    private readonly store: Store,
    readonly query: CompiledQuery,
  ) {
    this.#documents = this.#run();
  }

  results(): Iterable<v1.Document> {
    return this.#documents.values();
  }

  advance(changes: readonly DocumentChange[]): ResultChange[] {
    const { limit, offset } = this.query;
    if (limit === undefined && offset === 0) {
      return changes.flatMap((change) => this.#apply(change));
    }
    if (!changes.some((change) => this.#movesWindow(change))) return [];
    const before = this.#documents;
    this.#documents = this.#run();
    return compareResults(before, this.#documents, (name) => this.store.read(name));
  }

  /** Updates results without a window. */
  #apply({ name, after }: DocumentChange): ResultChange[] {
    const known = this.#documents.get(name);
    if (after && this.#isResult(after)) {
      this.#documents.set(name, after);
      return [{ name, document: after, matches: true, modified: true }];
    }
    if (!known) return [];
    this.#documents.delete(name);
    return [{ name, document: after, matches: false, modified: true }];
  }

  /** Whether a change can affect which documents the window has, or their content. */
  #movesWindow({ name, before, after }: DocumentChange): boolean {
    if (this.#documents.has(name)) return true;
    const enters = after !== undefined && this.#isResult(after);
    if (this.query.offset > 0) return enters || (before !== undefined && this.#isResult(before));
    return enters && (!this.#last || this.query.compare(after, this.#last) < 0);
  }

  #isResult(document: v1.Document): boolean {
    return this.query.matches(document) && this.query.withinCursors(document);
  }

  #run(): Map<string, v1.Document> {
    const found = this.store.query(this.query);
    this.#last = found.length === this.query.limit ? found.at(-1) : undefined;
    return new Map(found.map((document) => [document.name ?? '', document]));
  }
}

/**
 * Compares the results of two times.
 * @param read reads the later state of a document that left the results
 */
export function compareResults(
  before: ReadonlyMap<string, v1.Document>,
  after: ReadonlyMap<string, v1.Document>,
  read: (name: string) => v1.Document | undefined,
): ResultChange[] {
  const changes: ResultChange[] = [];
  for (const [name, known] of before) {
    if (after.has(name)) continue;
    const document = read(name);
    changes.push({ name, document, matches: false, modified: document !== known });
  }
  for (const [name, document] of after) {
    if (before.get(name) === document) continue;
    changes.push({ name, document, matches: true, modified: true });
  }
  return changes;
}
