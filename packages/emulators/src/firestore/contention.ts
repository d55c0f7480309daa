/** Keeping transactions and commits out of each other's way. */

/** Runs pieces of work one after the other. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

interface Place {
  holder: string;
  left: Promise<void>;
  leave: () => void;
}

/**
 * Lets read-write transactions that read the same document take turns, as Firestore's locks do.
 * The database itself only finds conflicts at commit, and the Admin SDK then waits a second before
 * each of at most five attempts. Turns are a courtesy: whoever waited too long goes ahead, and the
 * commit decides.
 */
export class DocumentTurns {
  readonly #lines = new Map<string, Place[]>();
  readonly #waitsFor = new Map<string, Set<string>>();

  constructor(private readonly longestWait: number) {}

  /** Waits until `holder` has its turn at every document, at most the longest wait in all. */
  async take(holder: string, documents: Iterable<string>): Promise<void> {
    const deadline = Date.now() + this.longestWait;
    // One order for all, so that two transactions that read the same set never cross.
    for (const document of [...new Set(documents)].sort()) {
      await this.#takeOne(holder, document, deadline);
    }
  }

  /** Ends all turns of `holder`. */
  release(holder: string): void {
    for (const [document, line] of this.#lines) {
      const own = line.find((place) => place.holder === holder);
      if (own) this.#remove(document, own);
    }
  }

  async #takeOne(holder: string, document: string, deadline: number): Promise<void> {
    const line = this.#lines.get(document) ?? [];
    if (line.some((place) => place.holder === holder)) return;
    const before = [...line];
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    this.#lines.set(document, [...line, { holder, left, leave }]);
    if (before.length === 0 || this.#wouldCross(holder, before)) return;
    this.#waitsFor.set(holder, new Set(before.map((place) => place.holder)));
    const gone = Promise.all(before.map((place) => place.left)).then(() => true);
    const inTime = await withTimeout(gone, deadline - Date.now());
    this.#waitsFor.delete(holder);
    // Who held on for so long may be a dead process: nobody else shall wait for it.
    if (!inTime) before.forEach((place) => this.#remove(document, place));
  }

  #remove(document: string, place: Place): void {
    place.leave();
    const rest = this.#lines.get(document)?.filter((other) => other !== place) ?? [];
    if (rest.length > 0) this.#lines.set(document, rest);
    else this.#lines.delete(document);
  }

  /** Whether one of those before already waits, directly or not, for `holder`. */
  #wouldCross(holder: string, before: readonly Place[]): boolean {
    const seen = new Set<string>();
    const ask = before.map((place) => place.holder);
    for (let next = ask.pop(); next !== undefined; next = ask.pop()) {
      if (next === holder) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      ask.push(...(this.#waitsFor.get(next) ?? []));
    }
    return false;
  }
}

/** Whether the work was done in time. */
async function withTimeout(work: Promise<boolean>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, milliseconds));
  });
  const inTime = await Promise.race([work, timeout]);
  clearTimeout(timer);
  return inTime;
}
