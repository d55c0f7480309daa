/** Digests of a body, and the entity tag made from one. */
import { createHash } from 'node:crypto';
import { entityTagOf } from './entity-tag-text.js';

export { entityTagOf } from './entity-tag-text.js';

/** base64url(SHA-256(body)), 43 characters. */
export function contentDigest(body: Uint8Array | string): string {
  return createHash('sha256').update(body).digest('base64url');
}

/** A strong entity tag of a body, quotes included (RFC 9110 section 8.8.3). */
export function entityTag(body: Uint8Array | string): string {
  return entityTagOf(contentDigest(body));
}
