/** How much one Listen stream, and all of them together, may use. */

export interface ListenLimits {
  /** Targets of one stream; each document of a target counts. */
  targets: number;
  /** Requests of one stream that wait to be handled. */
  requests: number;
  /** Bytes of one stream that the client has not taken, with the changes that wait to be sent. */
  streamBytes: number;
  /** The same bytes of all streams. */
  totalBytes: number;
  /** Open Listen streams. */
  streams: number;
  /** A stream pauses while the client has more bytes than this to take. */
  pauseBytes: number;
  /** Milliseconds after which a paused stream ends when the client has taken nothing. */
  stallMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: ListenLimits = {
  targets: 5_000,
  requests: 20_000,
  streamBytes: 16 * MIB,
  totalBytes: 256 * MIB,
  streams: 10_000,
  pauseBytes: MIB,
  stallMs: 60_000,
};

/** A stream as the budget sees it. */
export interface Measured {
  /** The bytes that it holds now. */
  readonly bytes: number;
}

/** The bytes of all open streams. */
export class ByteBudget {
  readonly #reported = new Map<Measured, number>();
  #total = 0;

  constructor(private readonly limits: ListenLimits) {}

  get streams(): number {
    return this.#reported.size;
  }

  /** Adds a stream. @returns false when there are too many */
  add(stream: Measured): boolean {
    if (this.#reported.size >= this.limits.streams) return false;
    this.#reported.set(stream, 0);
    return true;
  }

  remove(stream: Measured): void {
    this.#total -= this.#reported.get(stream) ?? 0;
    this.#reported.delete(stream);
  }

  /** Updates what a stream holds. @returns false when the stream, or all together, hold too much */
  report(stream: Measured): boolean {
    this.#update(stream);
    if (stream.bytes > this.limits.streamBytes) return false;
    if (this.#total <= this.limits.totalBytes) return true;
    // What the other streams have sent since their last report.
    for (const other of this.#reported.keys()) this.#update(other);
    return this.#total <= this.limits.totalBytes;
  }

  #update(stream: Measured): void {
    const before = this.#reported.get(stream);
    if (before === undefined) return;
    const { bytes } = stream;
    this.#reported.set(stream, bytes);
    this.#total += bytes - before;
  }
}
