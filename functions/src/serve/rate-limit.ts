/**
 * Rate limits: reads per client, openings of sealed tokens per client, reads per token, bytes per token. What costs no read is not counted
 * against a client, and failures have no quota of their own: an unknown token can't be distinguished from a
 * valid one before it is read. The counters are in this instance's memory: with N instances a client can get N
 * times the quota. For a limit across instances use Cloud Armor or a CDN.
 */
import { LRUCache } from 'lru-cache';

/** Which quota is exhausted, and until when. */
export interface RateLimited {
  /** Name of the policy in the response headers. */
  policy: string;
  /** Units per window. */
  quota: number;
  unit: 'requests' | 'content-bytes';
  /** Seconds. */
  window: number;
  /** Whole seconds, at least 1. */
  retryAfter: number;
}

export interface Quotas {
  /**
   * Requests of one client that need a read, per minute; 0 for no limit. Holds separately for tokens that
   * this instance has found before and for all others, and for sealed tokens that need to be opened.
   */
  views: number;
  /** Requests for one token that need a read, per minute; 0 for no limit. */
  token: number;
  /** Bytes of responses for one token, from memory too, per minute; 0 for no limit. */
  tokenBytes: number;
}

/** Synchronous: a response from memory must not wait for a promise. */
export interface RateLimiter {
  /**
   * Counts a request that needs a read, before the read.
   * @param hash token hash
   * @returns undefined while client and token are within their quotas
   */
  countRead(client: string, hash: string): RateLimited | undefined;
  /**
   * Counts the opening of a sealed token, before it is opened.
   * @returns undefined while the client is within its quota
   */
  countOpening(client: string): RateLimited | undefined;
  /** Counts a rendition that is to be made for a client. @returns false when the client has asked for too many */
  countWidth(client: string): boolean;
  /** Stores that a read has found the token's record. @returns the token's usage, for countBytes */
  setFound(hash: string): TokenUsage;
  /** Stores that a read has found no record. */
  setUnknown(hash: string): void;
  /**
   * Counts the body of a response for a token. A response that is larger than the whole quota is allowed once
   * per window.
   * @returns undefined while the token is within its quota
   */
  countBytes(usage: TokenUsage, bytes: number): RateLimited | undefined;
}

const WINDOW_SECONDS = 60;
/** Renditions that are made on demand for one client, per window; enough for a page of images. */
export const WIDTHS_PER_WINDOW = 120;
/** How many clients that ask for renditions on demand are counted. */
const MAX_WIDTH_CLIENTS = 2_000;
/** How many clients and tokens are counted; the least recently used is dropped. */
export const MAX_KEYS = 20_000;

/** What one client or token has used of a quota. */
interface Usage {
  used: number;
  /** Monotonic, milliseconds. */
  windowEnd: number;
}

export interface TokenUsage {
  reads: Usage;
  bytes: Usage;
}

class Quota {
  constructor(
    readonly policy: string,
    readonly quota: number,
    readonly unit: RateLimited['unit'],
    readonly clock: () => number,
  ) {}

  /** Counts an amount unless it exceeds the quota. @returns undefined when it was counted */
  consume(usage: Usage, amount: number): RateLimited | undefined {
    if (this.quota === 0) return undefined;
    const now = this.clock();
    if (now >= usage.windowEnd) {
      usage.used = 0;
      usage.windowEnd = now + WINDOW_SECONDS * 1000;
    }
    if (usage.used > 0 && usage.used + amount > this.quota) return this.#exceeded(usage, now);
    usage.used += amount;
    return undefined;
  }

  #exceeded({ windowEnd }: Usage, now: number): RateLimited {
    const { policy, quota, unit } = this;
    const retryAfter = Math.max(1, Math.ceil((windowEnd - now) / 1000));
    return { policy, quota, unit, window: WINDOW_SECONDS, retryAfter };
  }
}

/**
 * @param clock monotonic, milliseconds
 * @param maxKeys clients and tokens that are counted, of each
 */
export function openRateLimiter(
  quotas: Quotas,
  clock: () => number,
  maxKeys = MAX_KEYS,
): RateLimiter {
  const views = new Quota('views', quotas.views, 'requests', clock);
  const openings = new Quota('seals', quotas.views, 'requests', clock);
  const tokenReads = new Quota('token', quotas.token, 'requests', clock);
  const madeWidths = new Quota('widths', WIDTHS_PER_WINDOW, 'requests', clock);
  const tokenBytes = new Quota('token-bytes', quotas.tokenBytes, 'content-bytes', clock);
  // LRUCache allocates all entries at once; a disabled quota needs only one.
  const max = (isUsed: boolean) => ({ max: isUsed ? maxKeys : 1 });
  const clients = new LRUCache<string, Usage>(max(quotas.views > 0));
  const clientsOfNewTokens = new LRUCache<string, Usage>(max(quotas.views > 0));
  // Most installations have no sealed links, and many no widths on demand.
  let clientsOfSeals: LRUCache<string, Usage> | undefined;
  let clientsOfWidths: LRUCache<string, Usage> | undefined;
  // Only tokens that were found: made-up ones must not displace the counters of real ones.
  const tokens = new LRUCache<string, TokenUsage>(
    max(quotas.views > 0 || quotas.token > 0 || quotas.tokenBytes > 0),
  );

  function consume(
    quota: Quota,
    usages: LRUCache<string, Usage>,
    client: string,
  ): RateLimited | undefined {
    if (quota.quota === 0) return undefined;
    let usage = usages.get(client);
    if (usage === undefined) usages.set(client, (usage = newUsage()));
    return quota.consume(usage, 1);
  }

  return {
    countRead(client, hash) {
      const token = tokens.get(hash);
      // Made-up tokens from a shared address leave the quota for images that this instance knows.
      if (token === undefined) return consume(views, clientsOfNewTokens, client);
      return consume(views, clients, client) ?? tokenReads.consume(token.reads, 1);
    },

    countOpening(client) {
      clientsOfSeals ??= new LRUCache(max(quotas.views > 0));
      return consume(openings, clientsOfSeals, client);
    },

    countWidth(client) {
      clientsOfWidths ??= new LRUCache({ max: MAX_WIDTH_CLIENTS });
      return consume(madeWidths, clientsOfWidths, client) === undefined;
    },

    setFound(hash) {
      const known = tokens.get(hash);
      if (known !== undefined) return known;
      const usage = { reads: newUsage(), bytes: newUsage() };
      tokens.set(hash, usage);
      tokenReads.consume(usage.reads, 1);
      return usage;
    },

    setUnknown: (hash) => void tokens.delete(hash),

    countBytes: ({ bytes: usage }, bytes) => tokenBytes.consume(usage, bytes),
  };
}

const newUsage = (): Usage => ({ used: 0, windowEnd: 0 });
