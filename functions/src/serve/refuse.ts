/**
 * The responses without an image: refusals, and the headers that all responses have.
 *
 * Portable: packages/edge bundles this file for workers.
 */
import type { Readable } from 'node:stream';
import { REQUEST_FAILURES, type RequestFailureCode } from '../errors.js';
import type { ServeContext } from './context.js';
import type { RateLimited } from './rate-limit.js';

export interface ServeResponse {
  status: number;
  /** Name, value, name, value: the form that `writeHead` handles fastest. */
  headers: string[];
  /** Absent for HEAD, 204 and 304. */
  body?: Buffer | string | Readable;
}

const ALLOWED_METHODS = 'GET, HEAD, OPTIONS';

/** Any page may embed a rendition; the rendition itself can run no script and load nothing. */
const COMMON_HEADERS = [
  'X-Content-Type-Options',
  'nosniff',
  'Content-Security-Policy',
  "default-src 'none'; sandbox",
  'Cross-Origin-Resource-Policy',
  'cross-origin',
  'Access-Control-Allow-Origin',
  '*',
  'Access-Control-Expose-Headers',
  'Content-Length, Content-Range, ETag, RateLimit, RateLimit-Policy, Retry-After',
  'Timing-Allow-Origin',
  '*',
  'Referrer-Policy',
  'no-referrer',
];

/** `Retry-After` when Firestore or Cloud Storage is unavailable, seconds. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Lists the headers of every response.
 * @param noindex asks search engines not to index images (NOINDEX)
 */
export function commonHeaders(noindex: boolean): readonly string[] {
  return noindex ? [...COMMON_HEADERS, 'X-Robots-Tag', 'noindex'] : COMMON_HEADERS;
}

/**
 * Builds an error response. Responses with the same code are identical, byte for byte, so that they
 * reveal nothing about the token.
 * @param headers further headers of this response: name, value, name, value
 */
export function refuse(
  code: RequestFailureCode,
  context: Pick<ServeContext, 'commonHeaders'>,
  headers: readonly string[] = [],
): ServeResponse {
  const { status, publicMessage } = REQUEST_FAILURES[code];
  return {
    status,
    headers: [
      ...context.commonHeaders,
      'Content-Type',
      'text/plain; charset=utf-8',
      // By default Firebase Hosting caches a 404 for ten minutes; the image may be ready in a second.
      'Cache-Control',
      'no-store',
      'Content-Length',
      // ASCII.
      String(publicMessage.length),
      ...(code === 'method-not-allowed' ? ['Allow', ALLOWED_METHODS] : []),
      ...(code === 'unavailable' ? ['Retry-After', String(RETRY_AFTER_SECONDS)] : []),
      ...headers,
    ],
    body: publicMessage,
  };
}

/** Builds the response to a request with a body; RFC 9110 section 15.5.14 allows to close the connection. */
export function refuseBody(context: Pick<ServeContext, 'commonHeaders'>): ServeResponse {
  return refuse('body-not-allowed', context, ['Connection', 'close']);
}

/**
 * Builds a 429 with the fields of draft-ietf-httpapi-ratelimit-headers-11: `q` quota, `qu` its unit unless it
 * is requests, and `w` window of the policy, `r` remaining quota and `t` until it is available again; times
 * in seconds.
 */
export function refuseRateLimited(
  { policy, quota, unit, window, retryAfter }: RateLimited,
  context: Pick<ServeContext, 'commonHeaders'>,
): ServeResponse {
  return refuse('too-many-requests', context, [
    'Retry-After',
    String(retryAfter),
    'RateLimit-Policy',
    `"${policy}";q=${quota}${unit === 'requests' ? '' : `;qu="${unit}"`};w=${window}`,
    'RateLimit',
    `"${policy}";r=0;t=${retryAfter}`,
  ]);
}

/** Builds the response to OPTIONS, including CORS preflights (https://fetch.spec.whatwg.org/#cors-preflight-fetch). */
export function optionsResponse(context: Pick<ServeContext, 'commonHeaders'>): ServeResponse {
  return {
    status: 204,
    headers: [
      ...context.commonHeaders,
      'Allow',
      ALLOWED_METHODS,
      'Access-Control-Allow-Methods',
      ALLOWED_METHODS,
      'Access-Control-Allow-Headers',
      'If-Match, If-None-Match, If-Range, Range',
      'Access-Control-Max-Age',
      '86400',
      'Cache-Control',
      'no-store',
    ],
  };
}
