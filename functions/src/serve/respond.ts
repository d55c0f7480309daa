/** Builds every response as data: status, headers, body. */
import type { Readable } from 'node:stream';
import { entityTag } from '../domain/entity-tag.js';
import { extensionOf, FORMATS } from '../domain/format.js';
import { REQUEST_FAILURES, type RequestFailureCode } from '../errors.js';
import type { ByteRange } from '../gcp/reader.js';
import { computeLifetime, formatCacheControl } from './cache-control.js';
import { evaluatePreconditions, parseRangeHeaders } from './conditional.js';
import type { RequestContext, ServeContext, ServeRequest } from './context.js';
import { buildManifest } from './manifest.js';
import type { RateLimited } from './rate-limit.js';
import { secondsUntilExpiry, type CachedToken } from './resolve.js';
import type { SelectedManifest, SelectedRendition } from './select-rendition.js';

export interface ServeResponse {
  status: number;
  /** Name, value, name, value: the form that `writeHead` handles fastest. */
  headers: string[];
  /** Absent for HEAD, 204 and 304. */
  body?: Buffer | string | Readable;
}

/** A response whose body must be read from Cloud Storage first. */
export interface PendingRead {
  selected: SelectedRendition;
  /** Undefined for the whole rendition. */
  range: ByteRange | undefined;
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

/** How long each cache may keep `seal-keys.json`, seconds: a shared one and a browser may show old keys twice as long. */
const SEAL_KEYS_SECONDS = 300;

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
 * Builds the response to a request for a manifest or a rendition. Evaluates preconditions first, then
 * ranges (RFC 9110 section 13.2.2).
 * @returns a PendingRead when the rendition's bytes are needed and not in memory
 */
export function respond(
  selected: SelectedRendition | SelectedManifest,
  requestContext: RequestContext,
  context: ServeContext,
): ServeResponse | PendingRead {
  const { headers, method } = requestContext.request;
  if (selected.kind === 'manifest') return manifestResponse(selected, requestContext, context);
  const { etag, bytes } = selected.rendition;
  const precondition = evaluatePreconditions(headers, etag);
  if (precondition === 'failed') return refuse('precondition-failed', context);
  if (precondition === 'not-modified') return notModifiedResponse(selected, context);
  if (method === 'HEAD') return okResponse(selected, context);
  // Range is defined for GET only (RFC 9110 section 14.2).
  const range = parseRangeHeaders(headers, etag, bytes);
  if (range === 'unsatisfiable') {
    return refuse('range-not-satisfiable', context, ['Content-Range', `bytes */${bytes}`]);
  }
  const cached = context.renditions.get(selected.rendition);
  if (cached === undefined) return { selected, range };
  const refusal = countBytes(selected, lengthOf(selected, range), context);
  if (refusal) return refusal;
  const body = range ? cached.subarray(range.start, range.end + 1) : cached;
  return okResponse(selected, context, body, range);
}

/**
 * Reads the rendition of a pending response.
 * @returns `missing` when the object is gone although the token record refers to it
 */
export async function respondAfterRead(
  { selected, range }: PendingRead,
  { request }: RequestContext,
  context: ServeContext,
): Promise<ServeResponse | 'missing'> {
  const { lookup, rendition } = selected;
  // Counted before the read: concurrent requests must not exceed the quota together.
  const refusal = countBytes(selected, lengthOf(selected, range), context);
  if (refusal) return refusal;
  const { bucket } = lookup.record.image;
  const body = await context.renditions.read(bucket, rendition, range, request.signal);
  // Headers are built after the read: its duration adds to the age of the token record.
  return body === undefined ? 'missing' : okResponse(selected, context, body, range);
}

/**
 * Counts the body of a response.
 * @returns a 429 when the token is over its quota of bytes
 */
function countBytes(
  { lookup }: SelectedRendition | SelectedManifest,
  bytes: number,
  context: ServeContext,
): ServeResponse | undefined {
  const limited = context.rateLimiter.countBytes(lookup.usage, bytes);
  return limited && refuseRateLimited(limited, context);
}

/** Length of the body, bytes. */
function lengthOf({ rendition }: SelectedRendition, range: ByteRange | undefined): number {
  return range ? range.end - range.start + 1 : rendition.bytes;
}

/** Builds a 200, or a 206 when there is a range. */
function okResponse(
  selected: SelectedRendition,
  context: ServeContext,
  body?: NonNullable<ServeResponse['body']>,
  range?: ByteRange,
): ServeResponse {
  const { name, format, rendition } = selected;
  const headers = validatorHeaders(selected, context);
  headers.push(
    'Content-Type',
    FORMATS[format].contentType,
    'Content-Disposition',
    `inline; filename="${name}.${extensionOf(format)}"`,
    'Accept-Ranges',
    'bytes',
    'Content-Length',
    String(lengthOf(selected, range)),
  );
  if (range) headers.push('Content-Range', `bytes ${range.start}-${range.end}/${rendition.bytes}`);
  return { status: range ? 206 : 200, headers, ...(body !== undefined && { body }) };
}

function notModifiedResponse(selected: SelectedRendition, context: ServeContext): ServeResponse {
  return { status: 304, headers: validatorHeaders(selected, context) };
}

/** The headers that a 304 shares with the 200 (RFC 9110 section 15.4.5). */
function validatorHeaders(
  { lookup, rendition, isRequested, isNegotiated }: SelectedRendition,
  context: ServeContext,
): string[] {
  // A substitute must not be cached: the requested rendition may exist a moment later.
  const cacheControl = isRequested ? cacheControlOf(lookup, context) : 'no-store';
  const headers = [...context.commonHeaders, 'ETag', rendition.etag, 'Cache-Control', cacheControl];
  if (isNegotiated) headers.push('Vary', 'Accept');
  return headers;
}

function manifestResponse(
  selected: SelectedManifest,
  { request, route }: RequestContext,
  context: ServeContext,
): ServeResponse {
  const { lookup } = selected;
  const body = JSON.stringify(
    buildManifest(route.token, lookup.record, context.config.publicBaseUrl),
  );
  const response = jsonResponse(body, cacheControlOf(lookup, context), request, context);
  if (response.status !== 200 || request.method === 'HEAD') return response;
  return countBytes(selected, Buffer.byteLength(body), context) ?? response;
}

/** Builds the response to `GET {base}/seal-keys.json`. Without SEALING_KEYS there is no such file. */
export function sealKeysResponse(request: ServeRequest, context: ServeContext): ServeResponse {
  const publicKeys = context.seals.publicKeys();
  if (publicKeys === undefined) return refuse('not-found', context);
  const cacheControl = `public, max-age=${SEAL_KEYS_SECONDS}, s-maxage=${SEAL_KEYS_SECONDS}, must-revalidate`;
  return jsonResponse(JSON.stringify(publicKeys), cacheControl, request, context);
}

function jsonResponse(
  body: string,
  cacheControl: string,
  request: ServeRequest,
  context: ServeContext,
): ServeResponse {
  const etag = entityTag(body);
  const precondition = evaluatePreconditions(request.headers, etag);
  if (precondition === 'failed') return refuse('precondition-failed', context);
  const headers = [...context.commonHeaders, 'ETag', etag, 'Cache-Control', cacheControl];
  if (precondition === 'not-modified') return { status: 304, headers };
  headers.push('Content-Type', 'application/json; charset=utf-8');
  headers.push('Content-Length', String(Buffer.byteLength(body)));
  return { status: 200, headers, body };
}

function cacheControlOf(lookup: CachedToken, { config, clock, now }: ServeContext): string {
  const { revocationSeconds } = config;
  const age = (clock() - lookup.readAt) / 1000;
  const expiry = secondsUntilExpiry(lookup, now());
  return formatCacheControl(revocationSeconds, computeLifetime(revocationSeconds, age, expiry));
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
      String(Buffer.byteLength(publicMessage)),
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
  context: ServeContext,
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
export function optionsResponse(context: ServeContext): ServeResponse {
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
