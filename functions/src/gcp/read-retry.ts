/**
 * Retries reads within a deadline, and fails fast while a backend is down. Retries wait with full jitter, so that
 * instances do not retry in step: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/.
 */
import { setTimeout } from 'node:timers/promises';

/** For one read with all its retries and waits, milliseconds; the function itself ends after 30 s. */
export const DEADLINE_MS = 8_000;
/** For one attempt, until the response can be used, milliseconds. */
export const ATTEMPT_TIMEOUT_MS = 3_000;
export const MAX_ATTEMPTS = 4;
/** The longest wait before the first retry, milliseconds; it doubles with each retry. */
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 2_000;

/** Failed attempts in a row after which a backend counts as down, if they took at least MIN_OUTAGE_MS. */
const MIN_FAILURES = 5;
/** Without it, a moment with many concurrent failures would stop an instance that works. */
const MIN_OUTAGE_MS = 1_000;
/** While a backend is down, one read tries it this often, milliseconds. */
export const PROBE_INTERVAL_MS = 1_000;

/** An unexpected response. Its message contains no object name and no token. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  /**
   * @param code HTTP status, or what is wrong with the response
   * @param retryAfterMs `Retry-After` of the response, milliseconds
   */
  constructor(
    readonly code: number | string,
    readonly retryAfterMs = 0,
  ) {
    super(`expected a response with data, found ${code}`);
  }
}

const TIMEOUT = 'timeout';
const BACKEND_DOWN = 'backend down';

/** Time and chance, which tests replace. */
export interface RetryTiming {
  /** Monotonic, milliseconds. */
  clock: () => number;
  /** From 0 to 1. */
  random: () => number;
  /** Resolves after so many milliseconds; rejects with the signal's reason when it aborts before. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export const REAL_TIMING: RetryTiming = {
  clock: () => performance.now(),
  random: Math.random,
  async sleep(milliseconds, signal) {
    try {
      await setTimeout(milliseconds, undefined, { signal });
    } catch {
      throw signal.reason;
    }
  },
};

/**
 * Runs `attempt` until it succeeds, at most MAX_ATTEMPTS times and DEADLINE_MS long.
 * @param attempt its signal aborts at the attempt's timeout, or with `signal`; it may outlive the attempt, for
 *   the body of a response
 * @throws the last error, or ReadError when the backend is down; the reason of `signal` when it aborts
 */
export type RunWithRetry = <T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/** Opens the retries of one backend. */
export function openRetry(timing: RetryTiming): RunWithRetry {
  const { clock, random, sleep } = timing;
  const breaker = new CircuitBreaker(clock);
  return async (attempt, signal) => {
    const deadline = clock() + DEADLINE_MS;
    for (let attempts = 1; ; attempts++) {
      const leave = breaker.enter();
      let failure: unknown;
      try {
        const result = await runOnce(attempt, signal, deadline, timing);
        breaker.succeed();
        return result;
      } catch (error) {
        failure = error;
      } finally {
        leave();
      }
      if (signal.aborted) throw failure;
      if (!isTransient(failure)) {
        // The backend answered.
        breaker.succeed();
        throw failure;
      }
      breaker.fail();
      const jitter = random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempts - 1));
      const delay = Math.max(jitter, failure instanceof ReadError ? failure.retryAfterMs : 0);
      if (attempts === MAX_ATTEMPTS || clock() + delay >= deadline) throw failure;
      await sleep(delay, signal);
    }
  };
}

/** Whether a retry may succeed: a network error, a timeout, a 429 or a 5xx. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof ReadError)) return true;
  const { code } = error;
  return code === TIMEOUT || code === 429 || (typeof code === 'number' && code >= 500);
}

async function runOnce<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  deadline: number,
  { clock, sleep }: RetryTiming,
): Promise<T> {
  // Not AbortSignal.timeout(): it cannot be canceled, and would abort a long body.
  const timeout = new AbortController();
  const ended = new AbortController();
  const timedOut = new Promise<never>((_resolve, reject) => {
    const milliseconds = Math.min(ATTEMPT_TIMEOUT_MS, deadline - clock());
    sleep(milliseconds, AbortSignal.any([ended.signal, signal])).then(
      () => {
        timeout.abort(new ReadError(TIMEOUT));
        reject(new ReadError(TIMEOUT));
      },
      () => {
        if (signal.aborted) reject(signal.reason as Error);
      },
    );
  });
  try {
    // A race, because the access token cannot be aborted.
    return await Promise.race([attempt(AbortSignal.any([signal, timeout.signal])), timedOut]);
  } finally {
    ended.abort();
  }
}

/** Lets every read pass until a backend is down, then one at a time, every PROBE_INTERVAL_MS. */
class CircuitBreaker {
  #failures = 0;
  #failingSince = 0;
  #nextProbeAt = 0;
  #isProbing = false;

  constructor(readonly clock: () => number) {}

  /**
   * Begins an attempt.
   * @returns a function that ends it
   * @throws ReadError when the backend is down and it is not time to try it
   */
  enter(): () => void {
    if (!this.#isOpen()) return () => undefined;
    if (this.#isProbing || this.clock() < this.#nextProbeAt) throw new ReadError(BACKEND_DOWN);
    this.#isProbing = true;
    return () => (this.#isProbing = false);
  }

  succeed(): void {
    this.#failures = 0;
  }

  fail(): void {
    if (this.#failures === 0) this.#failingSince = this.clock();
    this.#failures += 1;
    this.#nextProbeAt = this.clock() + PROBE_INTERVAL_MS;
  }

  #isOpen(): boolean {
    const lasted = this.clock() - this.#failingSince;
    return this.#failures >= MIN_FAILURES && lasted >= MIN_OUTAGE_MS;
  }
}

/**
 * Parses `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
 * @param now milliseconds since 1970
 * @returns milliseconds; 0 when it is absent or invalid
 */
export function parseRetryAfter(value: string | null, now: number): number {
  if (value === null) return 0;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return milliseconds > 0 ? milliseconds : 0;
}
