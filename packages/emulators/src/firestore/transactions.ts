/** The transactions that are open, their turns at documents, and the queries that they ran. */
import { DocumentTurns } from './contention.js';
import type { MemoryDatabase } from './database.js';
import { Code, StatusError } from './errors.js';
import type * as v1 from './v1.js';

/** Firestore ends a transaction after 270 seconds. */
const LIFETIME_MS = 270_000;
const LONGEST_WAIT_MS = 3_000;

/** How a read names its transaction: one that is open, one to begin with it, or none. */
interface Selector {
  transaction?: Uint8Array | string | null;
  newTransaction?: v1.TransactionOptions | null;
}

interface OpenTransaction {
  readWrite: boolean;
  begun: number;
  queries: { request: v1.RunQueryRequest; found: string }[];
}

/** The open transactions of one database. */
export class Transactions {
  readonly #open = new Map<string, OpenTransaction>();
  readonly #turns = new DocumentTurns(LONGEST_WAIT_MS);

  constructor(private readonly database: MemoryDatabase) {}

  /** Begins a transaction; read-write unless the options say otherwise. */
  async begin(options: v1.TransactionOptions | null | undefined): Promise<Uint8Array> {
    const readOnly = options?.readOnly != null;
    const id = await this.database.begin(
      options?.readOnly || options?.readWrite ? options : { readWrite: {} },
    );
    this.#forgetAbandoned();
    this.#open.set(key(id), { readWrite: !readOnly, begun: Date.now(), queries: [] });
    return id;
  }

  /** The request in an open transaction, if it is to run in one: a new one is begun here. */
  async enter<T extends Selector>(request: T): Promise<T> {
    const { newTransaction, transaction, ...rest } = request;
    if (newTransaction) return { ...rest, transaction: await this.begin(newTransaction) } as T;
    return (isId(transaction) ? { ...rest, transaction } : rest) as T;
  }

  /** Waits for the turn of a read-write transaction at the documents that it is about to read. */
  async takeTurns(selector: Selector, documents: Iterable<string>): Promise<void> {
    const { transaction } = selector;
    if (!isId(transaction) || !this.#open.get(key(transaction))?.readWrite) return;
    await this.#turns.take(key(transaction), documents);
  }

  /** Remembers what a query found, so that the commit notices documents that came or went. */
  remember(request: v1.RunQueryRequest, responses: readonly v1.RunQueryResponse[]): void {
    const { transaction, ...query } = request;
    if (!isId(transaction)) return;
    const open = this.#open.get(key(transaction));
    if (open?.readWrite) open.queries.push({ request: query, found: foundNames(responses) });
  }

  /** Throws ABORTED when a query of the transaction would find other documents by now. */
  async checkQueries(transaction: Uint8Array): Promise<void> {
    for (const { request, found } of this.#open.get(key(transaction))?.queries ?? []) {
      if (foundNames(await this.database.runQuery(request)) !== found) {
        throw new StatusError(
          Code.ABORTED,
          'Transaction aborted: the documents that a query finds have changed. Please retry.',
        );
      }
    }
  }

  /** Forgets a transaction that was committed or rolled back; its turns end. */
  end(transaction: Uint8Array): void {
    this.#open.delete(key(transaction));
    this.#turns.release(key(transaction));
  }

  #forgetAbandoned(): void {
    const limit = Date.now() - LIFETIME_MS;
    for (const [id, { begun }] of this.#open) {
      if (begun > limit) break;
      this.#open.delete(id);
      this.#turns.release(id);
    }
  }
}

/** Whether a request names a transaction; an empty id is none. */
export function isId(
  transaction: Uint8Array | string | null | undefined,
): transaction is Uint8Array {
  return transaction instanceof Uint8Array && transaction.length > 0;
}

function key(transaction: Uint8Array): string {
  return Buffer.from(transaction).toString('base64');
}

function foundNames(responses: readonly v1.RunQueryResponse[]): string {
  return JSON.stringify(responses.flatMap(({ document }) => document?.name ?? []));
}
