/** Whether a request has a body, by its headers. */

/** The headers that announce a body, named as Node names them. */
export interface BodyHeaders {
  'content-length'?: string | undefined;
  'transfer-encoding'?: string | undefined;
}

/**
 * Whether a request has a body: RFC 9112 section 6.3. `Content-Length: 0` is none. A chunked body counts, even
 * an empty one, because its length is not known yet.
 */
export function hasBody(headers: BodyHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || bodyLength(headers) > 0;
}

/** Bytes by `Content-Length`; 0 without it. Node has refused values that are not digits. */
export function bodyLength(headers: BodyHeaders): number {
  return Number(headers['content-length'] ?? 0);
}
