/** How long an answer may be kept, and whether a client has it already. */

/**
 * `Cache-Control` for an answer that a revocation must end within a bound.
 *
 * An instance keeps nothing in memory, so two caches can hold an answer after it was true: a shared
 * one for `s-maxage` and, filled from it at its last moment, a browser for `max-age`. A cache that
 * does not pass on `Age` lets both run in full, so each gets half of the bound. `must-revalidate`
 * forbids serving it stale when the origin can't be reached (RFC 9111 section 5.2.2.2).
 *
 * @param revocationSeconds the bound
 * @param expiresInSeconds time to live of an expiring token; what it has left is never exceeded
 */
export function cacheControl(revocationSeconds: number, expiresInSeconds = Infinity): string {
  const seconds = Math.max(0, Math.floor(Math.min(revocationSeconds, expiresInSeconds) / 2));
  if (seconds === 0) return 'public, no-cache';
  return `public, max-age=${seconds}, s-maxage=${seconds}, must-revalidate`;
}

/**
 * `If-None-Match` against an entity tag, compared weakly (RFC 9110 section 13.1.2).
 * `If-Modified-Since` is not looked at: no answer here has a `Last-Modified`.
 */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const tags = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag.replace(/^W\//, '') === etag);
}
