/** Serializes commits and coordinates transactions that read the same documents. */
import { setTimeout as delay } from 'node:timers/promises';

/** Runs asynchronous functions one after the other. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

interface LockRequest {
  owner: string;
  /** Resolves when the owner releases the lock. */
  released: Promise<void>;
  release: () => void;
}

/**
 * Locks documents for read-write transactions, as Firestore does. The database itself only detects
 * conflicts at commit, and the Admin SDK then waits a second before each of at most five attempts.
 * The locks are advisory: after the longest wait a transaction continues without its lock, and the
 * commit detects a conflict.
 */
export class DocumentLocks {
  readonly #queues = new Map<string, LockRequest[]>();
  readonly #waitsFor = new Map<string, Set<string>>();

  /** @param maxWait milliseconds */
  constructor(private readonly maxWait: number) {}

  /** Waits until `owner` has the locks of all documents, at most `maxWait` in total. */
  async acquire(owner: string, documents: Iterable<string>): Promise<void> {
    const deadline = Date.now() + this.maxWait;
    // The same order for all, so that two transactions that read the same documents never deadlock.
    for (const document of [...new Set(documents)].sort()) {
      await this.#acquireOne(owner, document, deadline);
    }
  }

  /** Releases all locks of `owner`. */
  release(owner: string): void {
    for (const [document, queue] of this.#queues) {
      const own = queue.find((request) => request.owner === owner);
      if (own) this.#remove(document, own);
    }
  }

  async #acquireOne(owner: string, document: string, deadline: number): Promise<void> {
    const queue = this.#queues.get(document) ?? [];
    if (queue.some((request) => request.owner === owner)) return;
    const earlier = [...queue];
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    this.#queues.set(document, [...queue, { owner, released, release }]);
    if (earlier.length === 0 || this.#wouldDeadlock(owner, earlier)) return;
    this.#waitsFor.set(owner, new Set(earlier.map((request) => request.owner)));
    const allReleased = Promise.all(earlier.map((request) => request.released));
    const inTime = await resolvesWithin(allReleased, deadline - Date.now());
    this.#waitsFor.delete(owner);
    // The owner may be a process that died: no other transaction should wait for it.
    if (!inTime) earlier.forEach((request) => this.#remove(document, request));
  }

  #remove(document: string, request: LockRequest): void {
    request.release();
    const rest = this.#queues.get(document)?.filter((other) => other !== request) ?? [];
    if (rest.length > 0) this.#queues.set(document, rest);
    else this.#queues.delete(document);
  }

  /** Whether an owner of an earlier request already waits, directly or indirectly, for `owner`. */
  #wouldDeadlock(owner: string, earlier: readonly LockRequest[]): boolean {
    const visited = new Set<string>();
    const pending = earlier.map((request) => request.owner);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next === owner) return true;
      if (visited.has(next)) continue;
      visited.add(next);
      pending.push(...(this.#waitsFor.get(next) ?? []));
    }
    return false;
  }
}

/** Whether the promise resolves within a number of milliseconds. */
async function resolvesWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = delay(Math.max(0, milliseconds), false, { signal: timer.signal });
  try {
    return await Promise.race([work.then(() => true), timeout]);
  } finally {
    timer.abort();
  }
}
