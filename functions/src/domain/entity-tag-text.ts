/**
 * The text of an entity tag.
 *
 * Portable: packages/edge bundles this file for workers.
 */

/** 27 characters of base64url hold 162 bits of the digest: collisions are not a concern. */
const LENGTH = 27;

/** The entity tag of a body with this `contentDigest`: strong, quotes included (RFC 9110 section 8.8.3). */
export function entityTagOf(digest: string): string {
  return `"${digest.slice(0, LENGTH)}"`;
}
