/**
 * The database's clock. Its times have milliseconds and the database finds conflicts by comparing
 * them, so two commits, or a read and a later commit, must never share one.
 */
export class CommitClock {
  #last = 0;

  /** The present; never earlier than any time told before. */
  now(): Date {
    this.#last = Math.max(this.#last, Date.now());
    return new Date(this.#last);
  }

  /** Makes every later time come after all times told before. Call it before a commit. */
  tick(): void {
    this.#last = Math.max(this.#last + 1, Date.now());
  }
}
