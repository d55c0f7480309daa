/**
 * Rate limits per client and per token. Responses from memory are not counted. The counters are in
 * this instance's memory: with N instances a client can get N times the quota. For a limit across
 * instances use Cloud Armor or a CDN.
 */
import { LRUCache } from 'lru-cache';
// The package's main entry loads a driver for each of twenty databases.
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import type { RateLimiterRes } from 'rate-limiter-flexible';

/** Which quota is exhausted, and until when. */
export interface RateLimited {
  /** Name of the policy in the response headers. */
  policy: string;
  /** Requests per window. */
  quota: number;
  /** Seconds. */
  window: number;
  /** Whole seconds, at least 1. */
  retryAfter: number;
}

export interface Quotas {
  /** Requests of one client that need a read, per minute; 0 for no limit. */
  views: number;
  /** Requests of one client that fail, per minute; 0 for no limit. */
  failures: number;
  /** Requests for one token that need a read, per minute; 0 for no limit. */
  token: number;
}

const WINDOW_SECONDS = 60;
/** How many keys each counter keeps; the least recently used is dropped. */
export const MAX_KEYS = 20_000;
/** A repeat offender is blocked for one minute, then two, four, up to this, seconds. */
const MAX_BLOCK_SECONDS = 3600;
/** After this long without another offense, a block takes one minute again, seconds. */
const REPEAT_OFFENSE_SECONDS = 6 * 3600;

/** Counts requests per key, for a bounded number of keys: `RateLimiterMemory` alone keeps every key of its window. */
class Counter {
  readonly #limiter: RateLimiterMemory;
  readonly #keys: LRUCache<string, true>;

  constructor(
    readonly policy: string,
    readonly quota: number,
    readonly window: number,
    maxKeys: number,
  ) {
    this.#limiter = new RateLimiterMemory({ points: quota, duration: window });
    // LRUCache allocates all entries at once; a disabled counter needs only one.
    this.#keys = new LRUCache({
      max: quota === 0 ? 1 : maxKeys,
      dispose: (_, key) => void this.#limiter.delete(key),
    });
  }

  /** Counts one request. @returns undefined while the key is within its quota */
  async consume(key: string): Promise<RateLimited | undefined> {
    if (this.quota === 0) return undefined;
    this.#keys.set(key, true);
    try {
      await this.#limiter.consume(key);
      return undefined;
    } catch (result) {
      return this.#rateLimited(result as RateLimiterRes);
    }
  }

  /** Counts nothing. @returns undefined while the key is within its quota */
  async check(key: string): Promise<RateLimited | undefined> {
    if (this.quota === 0 || !this.#keys.has(key)) return undefined;
    const result = await this.#limiter.get(key);
    const isOver = result !== null && result.consumedPoints > this.quota && result.msBeforeNext > 0;
    return isOver ? this.#rateLimited(result) : undefined;
  }

  async block(key: string, seconds: number): Promise<RateLimited> {
    return this.#rateLimited(await this.#limiter.block(key, seconds));
  }

  /** Counts one occurrence, without a limit. @returns how many there were within the window */
  async increment(key: string): Promise<number> {
    this.#keys.set(key, true);
    return (await this.#limiter.penalty(key)).consumedPoints;
  }

  #rateLimited({ msBeforeNext }: RateLimiterRes): RateLimited {
    const { policy, quota, window } = this;
    return { policy, quota, window, retryAfter: Math.max(1, Math.ceil(msBeforeNext / 1000)) };
  }
}

export interface RateLimiter {
  /**
   * Counts a request that needs a read.
   * @param hash token hash
   * @returns undefined while client and token are within their quotas
   */
  consume(client: string, hash: string): Promise<RateLimited | undefined>;
  /**
   * Counts a failed request, and blocks the client when it has had too many.
   * @returns undefined while the client is within its quota
   */
  fail(client: string): Promise<RateLimited | undefined>;
}

/** @param maxKeys of each counter */
export function openRateLimiter(quotas: Quotas, maxKeys = MAX_KEYS): RateLimiter {
  const openCounter = (policy: string, quota: number, window = WINDOW_SECONDS) =>
    new Counter(policy, quota, window, maxKeys);
  const views = openCounter('views', quotas.views);
  const token = openCounter('token', quotas.token);
  const failures = openCounter('failures', quotas.failures);
  const repeatOffenses = openCounter(
    'repeat-offenses',
    quotas.failures && 1,
    REPEAT_OFFENSE_SECONDS,
  );

  return {
    async consume(client, hash) {
      // A blocked client gets no reads, even for valid tokens.
      return (await failures.check(client)) ?? (await views.consume(client)) ?? token.consume(hash);
    },

    async fail(client) {
      const blocked = await failures.check(client);
      if (blocked) return blocked;
      const limited = await failures.consume(client);
      if (limited === undefined) return undefined;
      const offense = await repeatOffenses.increment(client);
      const seconds = Math.min(MAX_BLOCK_SECONDS, WINDOW_SECONDS * 2 ** (offense - 1));
      return failures.block(client, seconds);
    },
  };
}
