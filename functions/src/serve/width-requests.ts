/** Asks for renditions to be made on demand, and remembers for a while what this instance has asked for. */
import { LRUCache } from 'lru-cache';
import { widthTaskId, type MissingWidth, type WidthTask } from '../domain/tasks.js';
import { logDetails, type Log } from '../log.js';
import type { RateLimiter } from './rate-limit.js';
import type { TokenLookup } from './resolve.js';

/** Enqueues a task; a second one with the same id is ignored. */
export type EnqueueWidth = (task: WidthTask, id: string) => Promise<void>;

export interface WidthRequests {
  /**
   * Enqueues the making of a rendition, unless this instance has done so before or the client has asked for too many.
   * @returns undefined when there is nothing to wait for; never rejects
   */
  request(client: () => string, hash: string, missing: MissingWidth): Promise<void> | undefined;
  /** Whether the token record should be read again, because the rendition may have been made since. */
  isOutdated(hash: string, lookup: TokenLookup, missing: MissingWidth): boolean;
}

/** How many requests are remembered. */
const MAX_REQUESTS = 5_000;
/** After this time a rendition that does not exist is requested again, milliseconds. */
const REQUEST_MS = 5 * 60_000;
/** How soon, and how often, the token record is read again after a request, milliseconds. */
const REREAD_MS = 2_000;
/** For how long, milliseconds: then the record is read again after the revocation bound only. */
const REREADING_MS = 30_000;

/** @param clock monotonic, milliseconds */
export function openWidthRequests(
  enqueue: EnqueueWidth,
  rateLimiter: Pick<RateLimiter, 'countWidth'>,
  clock: () => number,
  log: Log,
): WidthRequests {
  /** When each was requested, by task id. */
  const requests = new LRUCache<string, number>({ max: MAX_REQUESTS });
  const requestedAt = (hash: string, missing: MissingWidth) => {
    const at = requests.get(widthTaskId({ hash, ...missing }));
    return at !== undefined && clock() - at < REQUEST_MS ? at : undefined;
  };

  return {
    request(client, hash, missing) {
      if (requestedAt(hash, missing) !== undefined || !rateLimiter.countWidth(client()))
        return undefined;
      const task = { hash, ...missing };
      const id = widthTaskId(task);
      requests.set(id, clock());
      return enqueue(task, id).catch((error: unknown) => {
        // The nearest rendition is sent all the same; a later view asks again.
        requests.delete(id);
        log('WARNING', 'failed to request a rendition', logDetails({ tokenHash: hash, error }));
      });
    },

    isOutdated(hash, { readAt }, missing) {
      const at = requestedAt(hash, missing);
      if (at === undefined || clock() - at > REREADING_MS) return false;
      return clock() - Math.max(at, readAt) >= REREAD_MS;
    },
  };
}
