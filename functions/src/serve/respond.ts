/** Answers as data: the headers that all have, and every kind of "no". */
import type { Readable } from 'node:stream';
import { REQUEST_FAILURES, type RequestFailureCode } from '../errors.js';
import type { RateLimited } from './rate-limit.js';

export interface ServeResponse {
  status: number;
  /** Name, value, name, value: as `writeHead` takes them fastest. */
  headers: string[];
  /** Absent for HEAD, 204 and 304. */
  body?: Buffer | string | Readable;
}

const METHODS = 'GET, HEAD, OPTIONS';

/** On every answer. A rendition is a picture for any page, and never a document of its own. */
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

/** @param noindex whether search engines are asked to leave the pictures out (NOINDEX) */
export function commonHeaders(noindex: boolean): readonly string[] {
  return noindex ? [...COMMON_HEADERS, 'X-Robots-Tag', 'noindex'] : COMMON_HEADERS;
}

/** Seconds after which a client may ask again when Firestore or Storage could not be reached. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Every "no" of one code is the same, byte for byte.
 * @param more headers that belong to this one alone
 */
export function refuse(
  code: RequestFailureCode,
  common: readonly string[],
  more: readonly string[] = [],
): ServeResponse {
  const { status, publicMessage } = REQUEST_FAILURES[code];
  return {
    status,
    headers: [
      ...common,
      'Content-Type',
      'text/plain; charset=utf-8',
      // Firebase Hosting would keep a 404 for ten minutes: the picture may be ready in a second.
      'Cache-Control',
      'no-store',
      'Content-Length',
      String(Buffer.byteLength(publicMessage)),
      ...(code === 'method-not-allowed' ? ['Allow', METHODS] : []),
      ...(code === 'unavailable' ? ['Retry-After', String(RETRY_AFTER_SECONDS)] : []),
      ...more,
    ],
    body: publicMessage,
  };
}

/**
 * 429, with the fields of draft-ietf-httpapi-ratelimit-headers-11: the policy (quota `q`, window `w`
 * in seconds) and what is left of it (`r`, for `t` seconds).
 */
export function refuseForNow(refusal: RateLimited, common: readonly string[]): ServeResponse {
  const { policy, quota, window, retryAfter } = refusal;
  return refuse('too-many-requests', common, [
    'Retry-After',
    String(retryAfter),
    'RateLimit-Policy',
    `"${policy}";q=${quota};w=${window}`,
    'RateLimit',
    `"${policy}";r=0;t=${retryAfter}`,
  ]);
}

/** A preflight (https://fetch.spec.whatwg.org/#cors-preflight-fetch), or a question for `Allow`. */
export function answerOptions(common: readonly string[]): ServeResponse {
  return {
    status: 204,
    headers: [
      ...common,
      'Allow',
      METHODS,
      'Access-Control-Allow-Methods',
      METHODS,
      'Access-Control-Allow-Headers',
      'If-Match, If-None-Match, If-Range, Range',
      'Access-Control-Max-Age',
      '86400',
      'Cache-Control',
      'no-store',
    ],
  };
}
