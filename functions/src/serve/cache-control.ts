/** How long an answer may be kept, so that a revocation ends it everywhere within the bound. */

/**
 * How long an answer may live, from now, in all caches together, seconds.
 *
 * Three memories can hold what was true when the record was read: this instance's (for at most the
 * bound), then a shared cache that was filled from it at its last moment, then a browser that was
 * filled from that at its last moment. The record's age is known here when an answer is made, so the
 * first of the three is paid for exactly: what is left for the two others is the bound less that age.
 * An expiring token leaves no more than it has itself.
 *
 * @param ageSeconds since just before the record was read
 * @param expiresInSeconds time to live of an expiring token
 */
export function timeLeft(
  revocationSeconds: number,
  ageSeconds: number,
  expiresInSeconds = Infinity,
): number {
  return Math.max(0, Math.min(revocationSeconds - ageSeconds, expiresInSeconds));
}

/**
 * `Cache-Control` for an answer that may live so long in a shared cache and a browser together.
 *
 * A cache that does not pass on `Age` lets both run in full, so `s-maxage` + `max-age` is never more
 * than what is left: each gets half. Once a quarter of the bound or less is left, the shared cache
 * gets all of it: it would come back second by second while the record here ends anyway, and a
 * browser can ask the shared cache. `must-revalidate` forbids serving an answer stale when the origin
 * can't be reached (RFC 9111 section 5.2.2.2); nothing here says `stale-while-revalidate`,
 * `stale-if-error` or `immutable`, which would add to the bound.
 *
 * @param seconds what `timeLeft` gave
 */
export function cacheControl(revocationSeconds: number, seconds: number): string {
  const half = Math.floor(seconds / 2);
  const isLate = seconds <= revocationSeconds / 4;
  const shared = isLate || half === 0 ? Math.floor(seconds) : half;
  if (shared === 0) return 'public, no-cache';
  const browser = shared === half ? half : 0;
  return `public, max-age=${browser}, s-maxage=${shared}, must-revalidate`;
}
