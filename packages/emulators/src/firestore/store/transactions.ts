/** Open transactions, their document locks, and the queries that they ran. */
import { DocumentLocks } from './locks.js';
import type { MemoryDatabase } from './database.js';
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';

/** Firestore ends a transaction after 270 seconds. https://firebase.google.com/docs/firestore/quotas */
const LIFETIME_MS = 270_000;
/** A transaction that waited this long for a lock continues without it. */
const MAX_WAIT_MS = 3_000;

/** The transaction of a read: an open one, one that begins with the read, or none. */
interface Selector {
  transaction?: Uint8Array | string | null;
  newTransaction?: v1.TransactionOptions | null;
}

interface OpenTransaction {
  readWrite: boolean;
  /** Epoch milliseconds. */
  startedAt: number;
  queries: { request: v1.RunQueryRequest; resultNames: string }[];
}

/** The open transactions of one database. */
export class Transactions {
  readonly #open = new Map<string, OpenTransaction>();
  readonly #locks = new DocumentLocks(MAX_WAIT_MS);

  constructor(private readonly database: MemoryDatabase) {}

  /** Begins a transaction; the default is read-write. */
  async begin(options: v1.TransactionOptions | null | undefined): Promise<Uint8Array> {
    const readOnly = options?.readOnly != null;
    const id = await this.database.begin(
      options?.readOnly || options?.readWrite ? options : { readWrite: {} },
    );
    this.#removeExpired();
    this.#open.set(key(id), { readWrite: !readOnly, startedAt: Date.now(), queries: [] });
    return id;
  }

  /** Resolves the transaction of a request: begins a new one if requested, removes an empty ID. */
  async resolve<T extends Selector>(request: T): Promise<T> {
    const { newTransaction, transaction, ...rest } = request;
    if (newTransaction) return { ...rest, transaction: await this.begin(newTransaction) } as T;
    return (isId(transaction) ? { ...rest, transaction } : rest) as T;
  }

  /** Acquires the locks of a read-write transaction for the documents that it will read. */
  async acquireLocks(selector: Selector, documents: Iterable<string>): Promise<void> {
    const { transaction } = selector;
    if (!isId(transaction) || !this.#open.get(key(transaction))?.readWrite) return;
    await this.#locks.acquire(key(transaction), documents);
  }

  /** Records the results of a query, so that the commit detects added and removed documents. */
  recordQuery(request: v1.RunQueryRequest, responses: readonly v1.RunQueryResponse[]): void {
    const { transaction, ...query } = request;
    if (!isId(transaction)) return;
    const open = this.#open.get(key(transaction));
    if (open?.readWrite)
      open.queries.push({ request: query, resultNames: resultNamesOf(responses) });
  }

  /** @throws StatusError ABORTED when a query of the transaction would now return other documents */
  async checkQueries(transaction: Uint8Array): Promise<void> {
    for (const { request, resultNames } of this.#open.get(key(transaction))?.queries ?? []) {
      if (resultNamesOf(await this.database.runQuery(request)) !== resultNames) {
        throw new StatusError(
          Code.ABORTED,
          'Transaction aborted: the results of a query have changed. Please retry.',
        );
      }
    }
  }

  /** Removes a transaction that was committed or rolled back and releases its locks. */
  end(transaction: Uint8Array): void {
    this.#open.delete(key(transaction));
    this.#locks.release(key(transaction));
  }

  #removeExpired(): void {
    const limit = Date.now() - LIFETIME_MS;
    for (const [id, { startedAt }] of this.#open) {
      if (startedAt > limit) break;
      this.#open.delete(id);
      this.#locks.release(id);
    }
  }
}

/** Whether a request names a transaction; an empty ID means none. */
export function isId(
  transaction: Uint8Array | string | null | undefined,
): transaction is Uint8Array {
  return transaction instanceof Uint8Array && transaction.length > 0;
}

function key(transaction: Uint8Array): string {
  return Buffer.from(transaction).toString('base64');
}

function resultNamesOf(responses: readonly v1.RunQueryResponse[]): string {
  return JSON.stringify(responses.flatMap(({ document }) => document?.name ?? []));
}
