/** Open transactions, their document locks, and what they have read. */
import { randomBytes } from 'node:crypto';
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import type { CompiledQuery } from './compiled-query.js';
import { DocumentLocks } from './locks.js';
import type { Store } from './store.js';

/** Firestore ends a transaction after 270 seconds. https://firebase.google.com/docs/firestore/quotas */
const LIFETIME_MS = 270_000;
/** A transaction that waited this long for a lock continues without it. */
const MAX_WAIT_MS = 3_000;
/** How many ended transactions are known as such. */
const MAX_ENDED = 1_000;

/** The consistency that a read asks for: an open transaction, one that begins with it, a past time, or none. */
export interface ReadSelector {
  transaction?: Uint8Array | string | null | undefined;
  newTransaction?: v1.TransactionOptions | null | undefined;
  readTime?: v1.Timestamp | null | undefined;
}

/** How a read is done. */
export interface ReadMode {
  /** Past time to read at; absent: now. */
  at?: v1.Timestamp;
  /** Id of a transaction that began with this read. */
  begun?: Uint8Array;
  /** Read-write transaction that the read belongs to. */
  transaction?: OpenTransaction;
}

interface OpenTransaction {
  id: string;
  /** Time of all reads, of a read-only transaction. */
  readTime?: v1.Timestamp;
  /** Epoch milliseconds. */
  startedAt: number;
  /** Times of the versions that were read, by document name. */
  versions: Map<string, number>;
  queries: { query: CompiledQuery; resultNames: string }[];
}

/** The open transactions of one database. */
export class Transactions {
  readonly #open = new Map<string, OpenTransaction>();
  /** Ids of transactions that have ended, the oldest first. */
  readonly #ended = new Set<string>();
  readonly #locks = new DocumentLocks(MAX_WAIT_MS);

  constructor(private readonly store: Store) {}

  /**
   * Begins a transaction; the default is read-write.
   * @throws StatusError for a read time in the future, or one that is too old
   */
  begin(options: v1.TransactionOptions | null | undefined): Uint8Array {
    this.#removeExpired();
    const id = randomBytes(16);
    const { readOnly } = options ?? {};
    if (readOnly?.readTime) this.store.read('', readOnly.readTime);
    this.#open.set(key(id), {
      id: key(id),
      ...(readOnly != null && { readTime: readOnly.readTime ?? this.store.now() }),
      startedAt: Date.now(),
      versions: new Map(),
      queries: [],
    });
    return id;
  }

  /**
   * How a read is done; begins a transaction if the request asks for one.
   * @throws StatusError ABORTED for a transaction that has ended, INVALID_ARGUMENT for an unknown one
   */
  modeOf({ transaction, newTransaction, readTime }: ReadSelector): ReadMode {
    const begun = newTransaction ? this.begin(newTransaction) : undefined;
    const id = begun ?? (isId(transaction) ? transaction : undefined);
    if (id === undefined) return readTime ? { at: readTime } : {};
    const open = this.#get(id);
    return {
      ...(begun && { begun }),
      ...(open.readTime ? { at: open.readTime } : { transaction: open }),
    };
  }

  /** Locks documents that a read-write transaction is about to read, and records their versions. */
  async readDocuments({ transaction }: ReadMode, names: readonly string[]): Promise<void> {
    if (!transaction) return;
    await this.#locks.acquire(transaction.id, names);
    for (const name of names) {
      if (!transaction.versions.has(name)) {
        transaction.versions.set(name, this.store.versionOf(name));
      }
    }
  }

  /** Records the results of a query, so that the commit detects added and removed documents. */
  recordQuery({ transaction }: ReadMode, query: CompiledQuery, results: v1.Document[]): void {
    transaction?.queries.push({ query, resultNames: namesOf(results) });
  }

  /**
   * Checks that what a transaction has read is unchanged.
   * @throws StatusError ABORTED when it has changed, or the transaction has ended, INVALID_ARGUMENT when it is read-only
   */
  check(id: Uint8Array, hasWrites: boolean): void {
    const { readTime, versions, queries } = this.#get(id);
    if (readTime && hasWrites) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        'Cannot modify entities in a read-only transaction.',
      );
    }
    for (const [name, version] of versions) {
      if (this.store.versionOf(name) !== version) throw aborted(`${name} has changed`);
    }
    for (const { query, resultNames } of queries) {
      if (namesOf(this.store.query(query)) !== resultNames) {
        throw aborted('the results of a query have changed');
      }
    }
  }

  /** @throws StatusError ABORTED when the transaction has ended */
  rollback(id: Uint8Array): void {
    this.#get(id);
    this.end(id);
  }

  /** Removes a transaction that was committed or rolled back and releases its locks. */
  end(id: Uint8Array): void {
    this.#end(key(id));
  }

  #get(id: Uint8Array): OpenTransaction {
    this.#removeExpired();
    const open = this.#open.get(key(id));
    if (open) return open;
    if (!this.#ended.has(key(id))) {
      throw new StatusError(Code.INVALID_ARGUMENT, 'Invalid transaction.');
    }
    throw new StatusError(
      Code.ABORTED,
      'The referenced transaction has expired or is no longer valid.',
    );
  }

  #end(id: string): void {
    if (!this.#open.delete(id)) return;
    this.#locks.release(id);
    this.#ended.add(id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
  }

  #removeExpired(): void {
    const limit = Date.now() - LIFETIME_MS;
    for (const [id, { startedAt }] of this.#open) {
      if (startedAt > limit) break;
      this.#end(id);
    }
  }
}

/** Whether a request names a transaction; an empty id means none. */
export function isId(
  transaction: Uint8Array | string | null | undefined,
): transaction is Uint8Array {
  return transaction instanceof Uint8Array && transaction.length > 0;
}

function aborted(reason: string): StatusError {
  return new StatusError(Code.ABORTED, `Transaction aborted: ${reason}. Please retry.`);
}

function key(transaction: Uint8Array): string {
  return Buffer.from(transaction).toString('base64');
}

function namesOf(documents: readonly v1.Document[]): string {
  return JSON.stringify(documents.map(({ name }) => name));
}
