/**
 * The clock of the store, with microsecond precision. A read time covers every commit up to it, so two commits, or
 * a read and a later commit, never have the same time.
 */
export class CommitClock {
  #last = 0;

  /** The current time, microseconds since 1970; never earlier than a time returned before. */
  now(): number {
    this.#last = Math.max(this.#last, systemTime());
    return this.#last;
  }

  /** A time that is later than all times returned before. */
  tick(): number {
    this.#last = Math.max(this.#last + 1, systemTime());
    return this.#last;
  }
}

function systemTime(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}
