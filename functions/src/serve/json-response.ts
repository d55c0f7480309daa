/**
 * Responses with JSON.
 *
 * Portable: packages/edge bundles this file for workers, where hashes are asynchronous, so the entity tag is handed in.
 */
import { evaluatePreconditions } from './conditional.js';
import type { ServeContext, ServeRequest } from './context.js';
import { refuse, type ServeResponse } from './refuse.js';

/** How long each cache may keep `seal-keys.json`, seconds: a shared one and a browser may show old keys twice as long. */
const SEAL_KEYS_SECONDS = 300;

/** `Cache-Control` of `seal-keys.json`. */
export const SEAL_KEYS_CACHE_CONTROL = `public, max-age=${SEAL_KEYS_SECONDS}, s-maxage=${SEAL_KEYS_SECONDS}, must-revalidate`;

/** Builds a 200, or what the preconditions say. */
export function jsonResponse(
  body: string,
  etag: string,
  cacheControl: string,
  request: Pick<ServeRequest, 'headers'>,
  context: Pick<ServeContext, 'commonHeaders'>,
): ServeResponse {
  const precondition = evaluatePreconditions(request.headers, etag);
  if (precondition === 'failed') return refuse('precondition-failed', context);
  const headers = [...context.commonHeaders, 'ETag', etag, 'Cache-Control', cacheControl];
  if (precondition === 'not-modified') return { status: 304, headers };
  headers.push('Content-Type', 'application/json; charset=utf-8');
  headers.push('Content-Length', String(new TextEncoder().encode(body).length));
  return { status: 200, headers, body };
}
