/** Token hash -> token record, from this instance's memory or by one read of Firestore. */
import { LRUCache } from 'lru-cache';
import type { TokenRecord } from '../domain/records.js';
import type { Reader } from '../gcp/reader.js';
import type { RateLimiter, TokenUsage } from './rate-limit.js';
import { SingleFlight } from './single-flight.js';

/** How many token records are cached. */
const MAX_CACHED_TOKENS = 5_000;
/** How much memory they take, bytes; enough for all of them with the default variants and formats. */
const MAX_CACHED_TOKEN_BYTES = 32 * 2 ** 20;
/** Memory that each cached record takes besides its values, estimated. */
const RECORD_OVERHEAD_BYTES = 512;
/** How many hashes of unknown tokens are cached. */
const MAX_UNKNOWN_TOKENS = 5_000;
/** How long an unknown token is cached, milliseconds. */
const UNKNOWN_TOKEN_MS = 10_000;

/** A token record with renditions to serve. */
export type ServableToken<Time = unknown> = TokenRecord<Time> &
  Required<Pick<TokenRecord<Time>, 'image'>>;

/** A token record in memory. */
export interface CachedToken {
  record: ServableToken<number>;
  /** When the read began, by the monotonic clock: the record was current then or later. */
  readAt: number;
  /** What the token has used of its quotas. */
  usage: TokenUsage;
}

/** The result of looking a token up; `record` is absent when the token is unknown or its image has no renditions yet. */
export type TokenLookup = CachedToken | { record?: undefined; readAt: number };

export interface Resolver {
  /** Looks the token up in memory only. */
  get(hash: string): TokenLookup | undefined;
  /** Reads the token's record; concurrent calls for one hash share the read. */
  resolve(hash: string, signal: AbortSignal): Promise<TokenLookup>;
  /** Removes a lookup that turned out to be stale, unless a newer one has replaced it. */
  invalidate(hash: string, lookup: TokenLookup): void;
}

/**
 * Opens the instance's cache of token records.
 * @param revocationSeconds how long a record may be used after it was read
 * @param clock monotonic, milliseconds
 * @param rateLimiter is informed of what each read found
 * @param restrict removes from a record what must not be shown
 */
export function openResolver(
  reader: Pick<Reader, 'findToken'>,
  revocationSeconds: number,
  clock: () => number,
  rateLimiter: Pick<RateLimiter, 'setFound' | 'setUnknown'>,
  restrict = (record: ServableToken<number>) => record,
): Resolver {
  const maxAgeMs = revocationSeconds * 1000;
  const cachedTokens = new LRUCache<string, CachedToken>({
    max: MAX_CACHED_TOKENS,
    maxSize: MAX_CACHED_TOKEN_BYTES,
    sizeCalculation: ({ record }) => sizeOf(record),
  });
  const unknownTokens = new LRUCache<string, TokenLookup>({ max: MAX_UNKNOWN_TOKENS });
  const reads = new SingleFlight<TokenLookup>(clock);

  async function readToken(hash: string, signal: AbortSignal): Promise<TokenLookup> {
    const readAt = clock();
    const record: TokenRecord<number> | undefined = await reader.findToken(hash, signal);
    if (record === undefined) {
      const unknown = { readAt };
      unknownTokens.set(hash, unknown);
      cachedTokens.delete(hash);
      rateLimiter.setUnknown(hash);
      return unknown;
    }
    const usage = rateLimiter.setFound(hash);
    if (!isServable(record)) {
      // A token without renditions is not cached: they may be written at any moment.
      cachedTokens.delete(hash);
      return { readAt };
    }
    const lookup = { record: restrict(record), readAt, usage };
    unknownTokens.delete(hash);
    if (maxAgeMs > 0) cachedTokens.set(hash, lookup);
    return lookup;
  }

  return {
    get(hash) {
      const cached = cachedTokens.get(hash);
      if (cached && clock() - cached.readAt < maxAgeMs) return cached;
      const unknown = unknownTokens.get(hash);
      return unknown && clock() - unknown.readAt < UNKNOWN_TOKEN_MS ? unknown : undefined;
    },

    resolve(hash, signal) {
      // A read older than the revocation bound must not answer a new request.
      const notBefore = clock() - maxAgeMs;
      return reads.run(hash, (shared) => readToken(hash, shared), { signal, notBefore });
    },

    invalidate(hash, lookup) {
      if (cachedTokens.peek(hash) === lookup) cachedTokens.delete(hash);
    },
  };
}

/**
 * Estimates the memory of a record, bytes: in V8, objects with short strings take about 1.4 times the length of their
 * JSON. Twice the length is enough for strings that are not Latin-1, too.
 */
function sizeOf(record: ServableToken<number>): number {
  return 2 * JSON.stringify(record).length + RECORD_OVERHEAD_BYTES;
}

function isServable<Time>(record: TokenRecord<Time>): record is ServableToken<Time> {
  return record.image !== undefined;
}
