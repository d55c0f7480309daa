/** When a token expires. */
import type { CachedToken } from './resolve.js';

/**
 * Seconds until the token expires; Infinity for a token without an expiry time.
 * @param now milliseconds since 1970
 */
export function secondsUntilExpiry({ record }: CachedToken, now: number): number {
  return record.expiresAt === undefined ? Infinity : (record.expiresAt - now) / 1000;
}
