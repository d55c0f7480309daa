/** Commits: serialized, atomic, and subject to the security rules. */
import type { Caller } from '../caller.js';
import type { CommitClock } from './clock.js';
import { Mutex } from './locks.js';
import type { MemoryDatabase } from './database.js';
import { Code, StatusError } from '../errors.js';
import type { Read, Authorizer } from '../rules/authorizer.js';
import { parseName } from '../names.js';
import { isId, type Transactions } from './transactions.js';
import type { Triggers } from '../triggers.js';
import type * as v1 from '../v1.js';
import { type WritePreview, writtenName } from './write-preview.js';

/** The commits of one database. */
export class Commits {
  readonly #mutex = new Mutex();
  #preview: WritePreview | undefined;

  constructor(
    private readonly database: MemoryDatabase,
    private readonly transactions: Transactions,
    private readonly authorizer: Authorizer,
    private readonly clock: CommitClock,
    private readonly createPreview: () => WritePreview,
    private readonly triggers: Triggers,
  ) {}

  /** Applies all writes or none. */
  async commit(request: v1.CommitRequest, caller: Caller): Promise<v1.CommitResponse> {
    const { transaction } = request;
    const writes = (request.writes ?? []).map(normalizeTransform);
    const verifyWrites = writes.filter(({ verify }) => verify != null);
    const changingWrites = writes.filter(({ verify }) => verify == null);
    try {
      const { response } = await this.#mutex.run(async () => {
        if (isId(transaction)) await this.transactions.checkQueries(transaction);
        if (caller.kind === 'client') await this.#authorize(changingWrites, verifyWrites, caller);
        verifyWrites.forEach((write) => this.#verify(write));
        this.clock.tick();
        // The writes are applied when this returns, so the next commit need not wait for the response.
        const committed = this.#withEvents(changingWrites, caller, () =>
          this.database.commit({
            writes: changingWrites,
            ...(isId(transaction) ? { transaction } : {}),
          }),
        );
        // The caller awaits the response and handles a failure.
        committed.catch(() => undefined);
        return { response: this.#withStoredTimes(committed, writes) };
      });
      return await response;
    } finally {
      if (isId(transaction)) this.transactions.end(transaction);
    }
  }

  /** Applies each write independently; only the owner may. */
  async batchWrite(request: v1.BatchWriteRequest, caller: Caller): Promise<v1.BatchWriteResponse> {
    this.authorizer.requireOwner(caller, 'use BatchWrite');
    const { response } = await this.#mutex.run(() => {
      this.clock.tick();
      const writes = request.writes ?? [];
      return Promise.resolve({
        response: this.#withEvents(writes, caller, () => this.database.batchWrite({ writes })),
      });
    });
    return response;
  }

  /** Sends the events of writes, which take effect before the call returns. */
  #withEvents<T>(writes: readonly v1.Write[], caller: Caller, apply: () => T): T {
    const names = [...new Set(writes.map(writtenName))];
    const [first] = names;
    if (first === undefined || !this.triggers.has(parseName(first).project)) return apply();
    const before = names.map((name) => this.database.read(name));
    const result = apply();
    const changes = names.map((name, index) => ({
      name,
      before: before[index],
      after: this.database.read(name),
    }));
    this.triggers.emit(changes, caller);
    return result;
  }

  async #authorize(
    changingWrites: v1.Write[],
    verifyWrites: v1.Write[],
    caller: Caller,
  ): Promise<void> {
    const read: Read = (name) => this.database.read(name);
    this.#preview ??= this.createPreview();
    const { changes, time } = await this.#preview.preview(changingWrites, read);
    await this.authorizer.authorizeWrites(caller, changes, read, time);
    // Verifying a document reveals its state, so it needs the permission to get it.
    await this.authorizer.authorizeGet(caller, verifyWrites.map(writtenName), read, time);
  }

  #verify({ verify, currentDocument }: v1.Write): void {
    const document = this.database.read(verify ?? '');
    const { exists, updateTime } = currentDocument ?? {};
    const isSatisfied =
      (exists == null || exists === (document !== undefined)) &&
      (updateTime == null || sameTime(updateTime, document?.updateTime));
    if (!isSatisfied) {
      throw new StatusError(Code.FAILED_PRECONDITION, `${verify} has changed since it was read.`);
    }
  }

  /** A write that changes nothing keeps the document's update time; the library reports another one. */
  #withStoredTimes(
    committed: Promise<v1.CommitResponse>,
    writes: readonly v1.Write[],
  ): Promise<v1.CommitResponse> {
    const times = writes.map((write) =>
      write.delete == null ? this.database.read(writtenName(write))?.updateTime : undefined,
    );
    return committed.then((response) => {
      const results = response.writeResults?.[Symbol.iterator]();
      const writeResults = writes.map((write, index) => {
        const result = write.verify == null ? results?.next().value : undefined;
        return { ...result, ...(times[index] ? { updateTime: times[index] } : {}) };
      });
      return { ...response, writeResults };
    });
  }
}

/** Old SDKs send a transform as its own write: equal to an update of no fields with transforms. */
function normalizeTransform(write: v1.Write): v1.Write {
  const { transform, ...rest } = write;
  if (!transform) return write;
  return {
    ...rest,
    update: { name: transform.document },
    updateMask: { fieldPaths: [] },
    updateTransforms: transform.fieldTransforms ?? [],
  };
}

function sameTime(left: v1.Timestamp, right: v1.Timestamp | null | undefined): boolean {
  return (
    Number(left.seconds ?? 0) === Number(right?.seconds ?? 0) &&
    (left.nanos ?? 0) === (right?.nanos ?? 0)
  );
}
