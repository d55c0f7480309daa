/** Entity tags: the same bytes have the same one, other bytes have another. */
import { createHash } from 'node:crypto';

/** 27 characters of base64url hold 162 bits of the digest: more than chance can meet. */
const LENGTH = 27;

/** A strong entity tag of a body, quotes included (RFC 9110 section 8.8.3). */
export function entityTag(body: Buffer | string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, LENGTH)}"`;
}
