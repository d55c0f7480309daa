/**
 * Builds the responses with an image as data: status, headers, body.
 *
 * Portable: packages/edge bundles this file for workers.
 */
import { extensionOf, FORMATS } from '../domain/format.js';
import type { ByteRange } from '../gcp/reader.js';
import { computeLifetime, formatCacheControl } from './cache-control.js';
import { evaluatePreconditions, parseRangeHeaders } from './conditional.js';
import type { RequestContext, ResponseContext } from './context.js';
import { secondsUntilExpiry } from './expiry.js';
import { refuse, refuseRateLimited, type ServeResponse } from './refuse.js';
import type { CachedToken } from './resolve.js';
import type { SelectedManifest, SelectedRendition } from './select-rendition.js';

/** A response whose body must be read from Cloud Storage first. */
export interface PendingRead {
  selected: SelectedRendition;
  /** Undefined for the whole rendition. */
  range: ByteRange | undefined;
}

/**
 * Builds the response to a request for a rendition. Evaluates preconditions first, then
 * ranges (RFC 9110 section 13.2.2).
 * @returns a PendingRead when the rendition's bytes are needed and not in memory
 */
export function respond(
  selected: SelectedRendition,
  requestContext: Pick<RequestContext, 'request'>,
  context: ResponseContext,
): ServeResponse | PendingRead {
  const { headers, method } = requestContext.request;
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
  { request }: Pick<RequestContext, 'request'>,
  context: ResponseContext,
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
export function countBytes(
  { lookup }: SelectedRendition | SelectedManifest,
  bytes: number,
  context: ResponseContext,
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
  context: ResponseContext,
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

function notModifiedResponse(selected: SelectedRendition, context: ResponseContext): ServeResponse {
  return { status: 304, headers: validatorHeaders(selected, context) };
}

/** The headers that a 304 shares with the 200 (RFC 9110 section 15.4.5). */
function validatorHeaders(
  { lookup, rendition, isRequested, isNegotiated }: SelectedRendition,
  context: ResponseContext,
): string[] {
  // A substitute must not be cached: the requested rendition may exist a moment later.
  const cacheControl = isRequested ? cacheControlOf(lookup, context) : 'no-store';
  const headers = [...context.commonHeaders, 'ETag', rendition.etag, 'Cache-Control', cacheControl];
  if (isNegotiated) headers.push('Vary', 'Accept');
  return headers;
}

/** The `Cache-Control` header of a response that may be cached. */
export function cacheControlOf(
  lookup: CachedToken,
  { config, clock, now }: ResponseContext,
): string {
  const { revocationSeconds } = config;
  const age = (clock() - lookup.readAt) / 1000;
  const expiry = secondsUntilExpiry(lookup, now());
  return formatCacheControl(revocationSeconds, computeLifetime(revocationSeconds, age, expiry));
}
