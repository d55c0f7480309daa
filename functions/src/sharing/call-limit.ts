/** Limits the calls of one user to one instance: see MAX_CALLS_PER_MINUTE. */
import { LRUCache } from 'lru-cache';
import { SharingFailure } from '../errors.js';

/** Calls of one user per minute and instance. */
export const MAX_CALLS_PER_MINUTE = 30;
const WINDOW_MS = 60_000;
/** How many users are counted; the least recently used is dropped. */
const MAX_USERS = 10_000;

export interface CallLimit {
  /** Counts a call. @throws SharingFailure `too-many-requests` */
  count(uid: string): void;
}

/** @param clock monotonic, milliseconds */
export function openCallLimit(clock: () => number): CallLimit {
  const users = new LRUCache<string, { calls: number; windowEnd: number }>({ max: MAX_USERS });
  return {
    count(uid) {
      const now = clock();
      let window = users.get(uid);
      if (window === undefined || window.windowEnd <= now) {
        window = { calls: 0, windowEnd: now + WINDOW_MS };
        users.set(uid, window);
      }
      if (window.calls >= MAX_CALLS_PER_MINUTE) {
        const retryAfter = Math.max(1, Math.ceil((window.windowEnd - now) / 1000));
        throw new SharingFailure('too-many-requests', { limit: MAX_CALLS_PER_MINUTE, retryAfter });
      }
      window.calls += 1;
    },
  };
}
