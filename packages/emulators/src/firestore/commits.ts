/** Writing: one commit after the other, judged by the rules, never half. */
import type { Caller } from './caller.js';
import type { CommitClock } from './clock.js';
import { Mutex } from './contention.js';
import type { MemoryDatabase } from './database.js';
import { Code, StatusError } from './errors.js';
import type { Read, RulesGate } from './rules-gate.js';
import { isId, type Transactions } from './transactions.js';
import type * as v1 from './v1.js';
import { type WritePreview, writtenName } from './write-preview.js';

/** The commits of one database. */
export class Commits {
  readonly #mutex = new Mutex();
  #preview: WritePreview | undefined;

  constructor(
    private readonly database: MemoryDatabase,
    private readonly transactions: Transactions,
    private readonly gate: RulesGate,
    private readonly clock: CommitClock,
    private readonly makePreview: () => WritePreview,
  ) {}

  /** Makes all writes or none. */
  async commit(request: v1.CommitRequest, caller: Caller): Promise<v1.CommitResponse> {
    const { transaction } = request;
    const writes = (request.writes ?? []).map(withoutOldTransform);
    const verified = writes.filter(({ verify }) => verify != null);
    const changing = writes.filter(({ verify }) => verify == null);
    try {
      const { answer } = await this.#mutex.run(async () => {
        if (isId(transaction)) await this.transactions.checkQueries(transaction);
        if (caller.kind === 'client') await this.#judge(changing, verified, caller);
        verified.forEach((write) => this.#verify(write));
        this.clock.tick();
        // The next commit need not wait for the answer: the writes are made when this returns.
        const committed = this.database.commit({
          writes: changing,
          ...(isId(transaction) ? { transaction } : {}),
        });
        // Whoever awaits the answer hears of a failure; nobody else needs to.
        committed.catch(() => undefined);
        return { answer: this.#withStoredTimes(committed, writes) };
      });
      return await answer;
    } finally {
      if (isId(transaction)) this.transactions.end(transaction);
    }
  }

  /** Makes each write on its own; only the project's own servers may. */
  async batchWrite(request: v1.BatchWriteRequest, caller: Caller): Promise<v1.BatchWriteResponse> {
    this.gate.checkOwner(caller, 'use BatchWrite');
    const { answer } = await this.#mutex.run(() => {
      this.clock.tick();
      return Promise.resolve({
        answer: this.database.batchWrite({ writes: request.writes ?? [] }),
      });
    });
    return answer;
  }

  async #judge(changing: v1.Write[], verified: v1.Write[], caller: Caller): Promise<void> {
    const read: Read = (name) => this.database.read(name);
    this.#preview ??= this.makePreview();
    const { changes, time } = await this.#preview.preview(changing, read);
    await this.gate.checkWrites(caller, changes, read, time);
    // To verify a document tells what is in it, as a get would.
    await this.gate.checkGet(caller, verified.map(writtenName), read, time);
  }

  #verify({ verify, currentDocument }: v1.Write): void {
    const document = this.database.read(verify ?? '');
    const { exists, updateTime } = currentDocument ?? {};
    const fits =
      (exists == null || exists === (document !== undefined)) &&
      (updateTime == null || sameTime(updateTime, document?.updateTime));
    if (!fits) {
      throw new StatusError(Code.FAILED_PRECONDITION, `${verify} has changed since it was read.`);
    }
  }

  /** A write that changes nothing keeps the document's time, which the library's answer hides. */
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

/** A transform on its own, as old SDKs send it, is an update of no fields with transforms. */
function withoutOldTransform(write: v1.Write): v1.Write {
  const { transform, ...rest } = write;
  if (!transform) return write;
  return {
    ...rest,
    update: { name: transform.document },
    updateMask: { fieldPaths: [] },
    updateTransforms: transform.fieldTransforms ?? [],
  };
}

function sameTime(one: v1.Timestamp, other: v1.Timestamp | null | undefined): boolean {
  return (
    Number(one.seconds ?? 0) === Number(other?.seconds ?? 0) &&
    (one.nanos ?? 0) === (other?.nanos ?? 0)
  );
}
