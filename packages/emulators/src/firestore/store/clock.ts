/**
 * The clock of a database, with millisecond precision. The database detects conflicts by comparing
 * times, so two commits, or a read and a later commit, must never have the same time.
 */
export class CommitClock {
  #last = 0;

  /** The current time; never earlier than a time returned before. */
  now(): Date {
    this.#last = Math.max(this.#last, Date.now());
    return new Date(this.#last);
  }

  /** Makes every later time greater than all times returned before. Call it before each commit. */
  tick(): void {
    this.#last = Math.max(this.#last + 1, Date.now());
  }
}
