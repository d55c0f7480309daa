/** Concurrent calls for the same thing are one call. */

interface Flight<T> {
  result: Promise<T>;
  passengers: number;
  startedAt: number;
  controller: AbortController;
}

/**
 * Lets all who ask for one key at the same time share one call. Who leaves gets the reason of their
 * signal; when all have left, the call is stopped.
 */
export class SingleFlight<T> {
  readonly #underWay = new Map<string, Flight<T>>();

  /**
   * @param notBefore a call that was started earlier (by `clock`) is not joined
   * @param start is told when to stop
   */
  join(
    key: string,
    signal: AbortSignal | undefined,
    { clock, notBefore = -Infinity }: { clock: () => number; notBefore?: number },
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    let flight = this.#underWay.get(key);
    if (flight === undefined || flight.startedAt < notBefore) {
      const controller = new AbortController();
      const started: Flight<T> = {
        controller,
        passengers: 0,
        startedAt: clock(),
        result: start(controller.signal),
      };
      const end = () => this.#end(key, started);
      started.result.then(end, end);
      this.#underWay.set(key, started);
      flight = started;
    }
    return this.#ride(key, flight, signal);
  }

  /** How many calls are under way. */
  get size(): number {
    return this.#underWay.size;
  }

  #ride(key: string, flight: Flight<T>, signal: AbortSignal | undefined): Promise<T> {
    flight.passengers += 1;
    if (signal === undefined) return flight.result;
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(signal.reason as Error);
        if ((flight.passengers -= 1) > 0) return;
        // Before it is stopped: whoever comes now must not board it.
        this.#end(key, flight);
        flight.controller.abort(signal.reason);
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      const land = () => signal.removeEventListener('abort', leave);
      flight.result.then(resolve, reject).finally(land);
    });
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#underWay.get(key) === flight) this.#underWay.delete(key);
  }
}
