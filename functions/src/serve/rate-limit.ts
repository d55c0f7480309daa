/**
 * How much one client, and one token, may cost this instance. Whatever is answered from memory costs
 * nothing and is not counted. The counters are in this instance's memory: with N instances a client
 * may get N times as much, and a limit for all of them belongs in front (Cloud Armor, a CDN).
 */
import { LRUCache } from 'lru-cache';
// The package's own entry loads a driver for each of twenty databases.
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import type { RateLimiterRes } from 'rate-limiter-flexible';

/** Why a request is refused for now. */
export interface RateLimited {
  /** A name for the policy, its quota, and its window in seconds. */
  policy: string;
  quota: number;
  window: number;
  /** Whole seconds, at least 1. */
  retryAfter: number;
}

export interface Quotas {
  /** Views of one client that cost a read, a minute; 0 for no limit. */
  views: number;
  /** Requests of one client that find nothing, a minute; 0 for no limit. */
  failures: number;
  /** Views of one token that cost a read, a minute; 0 for no limit. */
  token: number;
}

const WINDOW_SECONDS = 60;
/** How many clients or tokens are counted apart at a time; the one not seen for longest is forgotten. */
export const MAX_KEYS = 20_000;
/** A client that goes on failing is kept out for one minute, then two, four, up to an hour. */
const LONGEST_BLOCK_SECONDS = 3600;
/** Without a failure too many for so long, it starts at one minute again. */
const STRIKES_SECONDS = 6 * 3600;

/** A limiter that forgets: `RateLimiterMemory` alone keeps every key it has seen within its window. */
class Counter {
  readonly #limiter: RateLimiterMemory;
  readonly #keys: LRUCache<string, true>;

  constructor(
    readonly policy: string,
    readonly quota: number,
    readonly window: number,
    mostKeys: number,
  ) {
    this.#limiter = new RateLimiterMemory({ points: quota, duration: window });
    // Room for all keys is taken at once; a limit that is off needs none.
    this.#keys = new LRUCache({
      max: quota === 0 ? 1 : mostKeys,
      dispose: (_, key) => void this.#limiter.delete(key),
    });
  }

  /** @returns undefined while the key is within its quota */
  async take(key: string): Promise<RateLimited | undefined> {
    if (this.quota === 0) return undefined;
    this.#keys.set(key, true);
    try {
      await this.#limiter.consume(key);
      return undefined;
    } catch (result) {
      return this.#refusal(result as RateLimiterRes);
    }
  }

  async peek(key: string): Promise<RateLimited | undefined> {
    if (this.quota === 0 || !this.#keys.has(key)) return undefined;
    const result = await this.#limiter.get(key);
    const isOver = result !== null && result.consumedPoints > this.quota && result.msBeforeNext > 0;
    return isOver ? this.#refusal(result) : undefined;
  }

  async block(key: string, seconds: number): Promise<RateLimited> {
    return this.#refusal(await this.#limiter.block(key, seconds));
  }

  async count(key: string): Promise<number> {
    this.#keys.set(key, true);
    return (await this.#limiter.penalty(key)).consumedPoints;
  }

  #refusal({ msBeforeNext }: RateLimiterRes): RateLimited {
    const { policy, quota, window } = this;
    return { policy, quota, window, retryAfter: Math.max(1, Math.ceil(msBeforeNext / 1000)) };
  }
}

export interface RateLimiter {
  /** Before a read: counts it, unless the client or the token has had too many. */
  consume(client: string, hash: string): Promise<RateLimited | undefined>;
  /** After a request that found nothing: counts it. */
  fail(client: string): Promise<RateLimited | undefined>;
}

/** @param mostKeys of each counter */
export function openRateLimiter(quotas: Quotas, mostKeys = MAX_KEYS): RateLimiter {
  const counter = (policy: string, quota: number, window = WINDOW_SECONDS) =>
    new Counter(policy, quota, window, mostKeys);
  const views = counter('views', quotas.views);
  const token = counter('token', quotas.token);
  const failures = counter('failures', quotas.failures);
  const strikes = counter('strikes', quotas.failures && 1, STRIKES_SECONDS);

  return {
    async consume(client, hash) {
      // Who guesses gets no more reads until the block is over, whatever the guess.
      return (await failures.peek(client)) ?? (await views.take(client)) ?? token.take(hash);
    },

    async fail(client) {
      const blocked = await failures.peek(client);
      if (blocked) return blocked;
      const refusal = await failures.take(client);
      if (refusal === undefined) return undefined;
      const strike = await strikes.count(client);
      const seconds = Math.min(LONGEST_BLOCK_SECONDS, WINDOW_SECONDS * 2 ** (strike - 1));
      return failures.block(client, seconds);
    },
  };
}
