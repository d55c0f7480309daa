/** Single flight: concurrent calls with the same key share one call. */

interface Call<T> {
  result: Promise<T>;
  /** How many callers still want the result. */
  waiters: number;
  startedAt: number;
  controller: AbortController;
}

export interface SingleFlightOptions {
  /** Rejects this caller's promise with its reason; the shared call continues for the other waiters. */
  signal?: AbortSignal | undefined;
  /** A call that started earlier, by the clock, is not shared. */
  notBefore?: number | undefined;
}

/** Shares one call among all concurrent callers with the same key, and aborts it when all of them have left. */
export class SingleFlight<T> {
  readonly #calls = new Map<string, Call<T>>();

  /** @param clock monotonic, milliseconds */
  constructor(readonly clock: () => number) {}

  /**
   * Joins the pending call for the key, or starts one.
   * @param start receives a signal that is aborted when no caller waits any more
   */
  run(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
    { signal, notBefore = -Infinity }: SingleFlightOptions = {},
  ): Promise<T> {
    let call = this.#calls.get(key);
    if (call === undefined || call.startedAt < notBefore) call = this.#start(key, start);
    call.waiters += 1;
    return signal === undefined ? call.result : this.#wait(key, call, signal);
  }

  /** How many calls are pending. */
  get size(): number {
    return this.#calls.size;
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Call<T> {
    const controller = new AbortController();
    const startedAt = this.clock();
    const call: Call<T> = { controller, waiters: 0, startedAt, result: start(controller.signal) };
    const end = () => this.#delete(key, call);
    call.result.then(end, end);
    this.#calls.set(key, call);
    return call;
  }

  #wait(key: string, call: Call<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(signal.reason as Error);
        if ((call.waiters -= 1) > 0) return;
        // Deleted before it is aborted: a new caller must start its own call.
        this.#delete(key, call);
        call.controller.abort(signal.reason);
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      call.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  #delete(key: string, call: Call<T>): void {
    if (this.#calls.get(key) === call) this.#calls.delete(key);
  }
}
