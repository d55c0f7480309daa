/** Cache lifetimes, divided so that a revoked token stops working everywhere within REVOCATION_SECONDS. */

/**
 * Computes how long a response may still be cached, in a shared cache and a browser together.
 *
 * Three caches can hold a record that has been revoked since: this instance's memory (up to the
 * bound), a shared cache filled from it at the last moment, and a browser filled from the shared cache
 * at the last moment. The record's age covers the first; the other two get what remains of the bound.
 *
 * @param revocationSeconds the bound (REVOCATION_SECONDS)
 * @param ageSeconds age of the token record: time since its read began
 * @param secondsUntilExpiry of the token
 * @returns seconds, not rounded
 */
export function computeLifetime(
  revocationSeconds: number,
  ageSeconds: number,
  secondsUntilExpiry = Infinity,
): number {
  return Math.max(0, Math.min(revocationSeconds - ageSeconds, secondsUntilExpiry));
}

/**
 * Formats the `Cache-Control` header of a response.
 *
 * A shared cache that sends no `Age` restarts the browser's lifetime, so `s-maxage` + `max-age`
 * never exceeds the lifetime: each gets half. When a quarter of the bound or less remains, the shared
 * cache gets all of it; halves would make it revalidate every few seconds. `must-revalidate` forbids
 * stale responses when the origin is unreachable (RFC 9111 section 5.2.2.2). `stale-while-revalidate`,
 * `stale-if-error` and `immutable` are never sent: they would exceed the bound.
 *
 * @param lifetimeSeconds see `computeLifetime`
 */
export function formatCacheControl(revocationSeconds: number, lifetimeSeconds: number): string {
  const half = Math.floor(lifetimeSeconds / 2);
  const isNearEnd = lifetimeSeconds <= revocationSeconds / 4;
  const shared = isNearEnd || half === 0 ? Math.floor(lifetimeSeconds) : half;
  if (shared === 0) return 'public, no-cache';
  const browser = shared === half ? half : 0;
  return `public, max-age=${browser}, s-maxage=${shared}, must-revalidate`;
}
