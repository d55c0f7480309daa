/** Types that several files of this folder share. */
import type { DocumentChange } from '../store/writes.js';
import type * as v1 from '../v1.js';
import type { MessageCache } from './messages.js';

/** How one document changed for the results of a target. */
export interface ResultChange {
  name: string;
  /** The document at the read time; undefined when it does not exist. */
  document: v1.Document | undefined;
  /** Whether it belongs to the results. */
  matches: boolean;
  /** Whether the document itself changed; a window of results also moves when others change. */
  modified: boolean;
}

/** What receives the changes of results. */
export interface ResultListener {
  /** Takes the changes of one target; `publish` follows when all targets have theirs. */
  onChanges(changes: readonly ResultChange[]): void;
  /** The stream of the target: called once after all its targets have their changes. */
  readonly publisher: Publisher;
}

export interface Publisher {
  /** All changes up to a read time were handed over. @param messages of that time, shared with other streams */
  publish(messages: MessageCache): void;
}

/** The current results of a document or a query, kept for all its listeners. */
export interface ResultView {
  readonly listeners: Set<ResultListener>;
  /** The documents that belong to the results, as of the last `advance`. */
  results(): Iterable<v1.Document>;
  /** Takes commits into account. @returns what changed in the results */
  advance(changes: readonly DocumentChange[]): readonly ResultChange[];
}

/** A target, as far as the messages about its documents depend on it. */
export interface BatchTarget {
  readonly id: number;
  /** False after it was removed: nothing more is sent for it. */
  readonly active: boolean;
  readonly scope: { readonly kind: 'documents' | 'query' };
  /** Distinguishes projections of one document; empty for whole documents. */
  readonly variant: string;
  project(document: v1.Document): v1.Document;
}
