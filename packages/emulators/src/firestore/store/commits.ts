/** Commits: serialized, atomic, and subject to the security rules. */
import type { Caller } from '../caller.js';
import { Code, toStatusError, StatusError } from '../errors.js';
import { parseName } from '../names.js';
import type { Authorizer, Change, Read } from '../rules/authorizer.js';
import type { Triggers } from '../triggers.js';
import type * as v1 from '../v1.js';
import { Mutex } from './locks.js';
import type { CommitResult, Store } from './store.js';
import { isId, type Transactions } from './transactions.js';
import { writtenName, type DocumentChange } from './writes.js';

/** The commits of one database. */
export class Commits {
  readonly #mutex = new Mutex();

  constructor(
    private readonly root: string,
    private readonly store: Store,
    private readonly transactions: Transactions,
    private readonly authorizer: Authorizer,
    private readonly triggers: Triggers,
  ) {}

  /**
   * Applies all writes or none.
   * @throws StatusError
   */
  async commit(request: v1.CommitRequest, caller: Caller): Promise<v1.CommitResponse> {
    const { transaction } = request;
    const writes = request.writes ?? [];
    try {
      const { time, results } = await this.#mutex.run(async () => {
        this.#checkDatabase(writes);
        if (isId(transaction)) this.transactions.check(transaction, writes.length > 0);
        if (caller.kind === 'client') await this.#authorize(writes, caller);
        return this.#apply(writes, caller);
      });
      return { writeResults: results, commitTime: time };
    } finally {
      if (isId(transaction)) this.transactions.end(transaction);
    }
  }

  /** Applies each write independently; only the owner may. */
  async batchWrite(request: v1.BatchWriteRequest, caller: Caller): Promise<v1.BatchWriteResponse> {
    this.authorizer.requireOwner(caller, 'use BatchWrite');
    const writes = request.writes ?? [];
    if (new Set(writes.map(writtenName)).size < writes.length) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        'the same document cannot be written more than once in a single request',
      );
    }
    return this.#mutex.run(() => {
      const outcomes = writes.map((write) => {
        try {
          this.#checkDatabase([write]);
          const { results } = this.#apply([write], caller);
          return { result: results[0] ?? {}, status: { code: Code.OK } };
        } catch (error) {
          const { code, message } = toStatusError(error);
          return { result: {}, status: { code, message } };
        }
      });
      return Promise.resolve({
        writeResults: outcomes.map(({ result }) => result),
        status: outcomes.map(({ status }) => status),
      });
    });
  }

  #checkDatabase(writes: readonly v1.Write[]): void {
    for (const write of writes) {
      const name = writtenName(write);
      if (!name.startsWith(`${this.root}/`)) {
        throw new StatusError(
          Code.INVALID_ARGUMENT,
          `The document "${name.slice(0, 200)}" is not in the database of the request.`,
        );
      }
    }
  }

  #apply(writes: readonly v1.Write[], caller: Caller): CommitResult {
    const result = this.store.apply(writes);
    if (this.triggers.has(parseName(this.root).project)) {
      this.triggers.emit(result.changes, caller);
    }
    return result;
  }

  async #authorize(writes: readonly v1.Write[], caller: Caller): Promise<void> {
    const read: Read = (name) => this.store.read(name);
    const changing = writes.filter(({ verify }) => verify == null);
    const { time, changes } = this.store.preview(changing);
    const byName = new Map(changes.map((change) => [change.name, change]));
    const names = [...new Set(changing.map(writtenName))];
    const intended = names.map((name): Change => {
      const before = read(name);
      // A write of the same values is an update, too.
      const change = byName.get(name) ?? { name, before, after: before };
      const first = changing.find((write) => writtenName(write) === name);
      return { ...change, method: methodOf(first, change) };
    });
    await this.authorizer.authorizeWrites(caller, intended, read, time);
    // Verifying a document reveals its state, so it needs the permission to get it.
    const verified = writes.flatMap(({ verify }) => verify ?? []);
    await this.authorizer.authorizeGet(caller, verified, read, time);
  }
}

/** A write to a document that must exist is an update, whether it exists or not. */
function methodOf(
  write: v1.Write | undefined,
  { before, after }: DocumentChange,
): Change['method'] {
  if (write?.delete != null || (!after && before)) return 'delete';
  const mustExist = write?.currentDocument?.exists === true || write?.currentDocument?.updateTime;
  return before || mustExist ? 'update' : 'create';
}
