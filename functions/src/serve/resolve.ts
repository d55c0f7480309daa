/** Hashed token -> what it shows, by this instance's memory or by one read. */
import { LRUCache } from 'lru-cache';
import type { Reader } from '../gcp/reader.js';
import type { TokenRecord } from '../domain/records.js';
import { SingleFlight } from './single-flight.js';
import { isServable, type ServableToken } from './manifest.js';

/** How many records are remembered; each is a few kilobytes. */
const MOST_RECORDS = 5_000;
/** How many hashes of unknown tokens are remembered, and for how long, milliseconds. */
const MOST_UNKNOWN = 5_000;
const UNKNOWN_MS = 10_000;

/** What is known of a token; `record` is absent when it shows nothing. */
export interface TokenLookup {
  record?: ServableToken<number>;
  /** When the read was begun, by the clock; the record was true then or later. */
  readAt: number;
}

export interface Resolver {
  /** What is known without a read. */
  recall(hash: string): TokenLookup | undefined;
  /** Reads; requests for one hash at the same time share the read. */
  resolve(hash: string, signal?: AbortSignal): Promise<TokenLookup>;
  /** Makes the next `recall` of the hash find nothing, unless something else is known by now. */
  forget(hash: string, known: TokenLookup): void;
}

/**
 * @param revocationSeconds how long a record may be used after it was read
 * @param clock milliseconds, from any start, never backwards
 */
export function openResolver(
  reader: Pick<Reader, 'findToken'>,
  revocationSeconds: number,
  clock: () => number,
): Resolver {
  const keptMs = revocationSeconds * 1000;
  const shown = new LRUCache<string, TokenLookup>({ max: MOST_RECORDS });
  const unknown = new LRUCache<string, TokenLookup>({ max: MOST_UNKNOWN });
  const flights = new SingleFlight<TokenLookup>();

  return {
    recall(hash) {
      const known = shown.get(hash);
      if (known && clock() - known.readAt < keptMs) return known;
      const nothing = unknown.get(hash);
      return nothing && clock() - nothing.readAt < UNKNOWN_MS ? nothing : undefined;
    },

    resolve(hash, signal) {
      // A read that is older than what may be remembered is no answer to a new question.
      const notBefore = clock() - keptMs;
      return flights.join(hash, signal, { clock, notBefore }, async (stop) => {
        const readAt = clock();
        const record: TokenRecord<number> | undefined = await reader.findToken(hash, stop);
        if (!isServable(record)) {
          // A token whose picture is being made is asked for again at once; it is not remembered.
          if (record === undefined) unknown.set(hash, { readAt });
          shown.delete(hash);
          return { readAt };
        }
        const known = { record, readAt };
        unknown.delete(hash);
        if (keptMs > 0) shown.set(hash, known);
        return known;
      });
    },

    forget(hash, known) {
      if (shown.peek(hash) === known) shown.delete(hash);
    },
  };
}
