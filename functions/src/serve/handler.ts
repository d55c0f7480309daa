/**
 * The flow of one request, independent of any web framework: method, route (route.ts), rate limit
 * (rate-limit.ts), open a sealed token (seals.ts), resolve the token (resolve.ts), select a rendition (select-rendition.ts), respond
 * (respond.ts).
 */
import { isSealed } from '../domain/seal-codec.js';
import { hashToken } from '../domain/token.js';
import type { Reader } from '../gcp/reader.js';
import { logDetails } from '../log.js';
import { openClientAddress } from './client-address.js';
import { openEdgeAccess } from './edge-access.js';
import type { RequestContext, ServeContext, ServeRequest } from './context.js';
import { openRateLimiter } from './rate-limit.js';
import { openRenditions } from './renditions.js';
import { openResolver } from './resolve.js';
import { openRestrict } from './restrict.js';
import { manifestResponse, sealKeysResponse } from './manifest-response.js';
import {
  commonHeaders,
  optionsResponse,
  refuse,
  refuseBody,
  refuseRateLimited,
  type ServeResponse,
} from './refuse.js';
import { respond, respondAfterRead } from './respond.js';
import { hasBody } from './request-body.js';
import { parseRoute } from './route.js';
import { openSeals, type OpenedSeal } from './seals.js';
import { selectRendition } from './select-rendition.js';
import { openWidthRequests, type EnqueueWidth } from './width-requests.js';

export interface ServeOptions extends Pick<ServeContext, 'config' | 'log'> {
  reader: Reader;
  /** Required for WIDTHS. */
  enqueueWidth?: EnqueueWidth;
  /** Milliseconds since 1970; for expiry times. */
  now?: () => number;
  /** Monotonic, milliseconds; for the age of what is in memory. */
  clock?: () => number;
}

/** Responds to a request; without a promise when no read is needed. */
export type Handler = (request: ServeRequest) => ServeResponse | Promise<ServeResponse>;

/**
 * Opens an instance's caches and rate limits.
 * @returns the request handler. It rejects only with the reason of the request's `signal`, after the
 *   client has disconnected.
 */
export function openHandler(options: ServeOptions): Handler {
  const { config, reader, enqueueWidth, log } = options;
  const { now = Date.now, clock = () => performance.now() } = options;
  const rateLimiter = openRateLimiter(config.quotas, clock);
  const context: ServeContext = {
    config,
    log,
    now,
    clock,
    commonHeaders: commonHeaders(config.noindex),
    seals: openSeals(config),
    tokens: openResolver(
      reader,
      config.revocationSeconds,
      clock,
      rateLimiter,
      openRestrict(config),
    ),
    renditions: openRenditions(reader, clock),
    rateLimiter,
    isAdmitted: openEdgeAccess(config.edgeKeyHashes),
    clientAddress: openClientAddress(config.trustedProxies, config.edgeKeyHashes.length > 0),
    ...(config.widths &&
      enqueueWidth && {
        widthRequests: openWidthRequests(enqueueWidth, rateLimiter, clock, log),
      }),
  };
  return (request) => {
    const response = handle(request, context);
    if (request.method !== 'HEAD') return response;
    return response instanceof Promise ? response.then(removeBody) : removeBody(response);
  };
}

function handle(
  request: ServeRequest,
  context: ServeContext,
): ServeResponse | Promise<ServeResponse> {
  const { method, url, headers } = request;
  // Also refused by body-limit.ts, before the framework has read it.
  if (hasBody(headers)) return refuseBody(context);
  if (!context.isAdmitted(headers)) return refuse('not-found', context);
  if (isPlainHttp(headers)) return refuse('https-required', context);
  if (method === 'OPTIONS') return optionsResponse(context);
  if (method !== 'GET' && method !== 'HEAD') return refuse('method-not-allowed', context);
  const route = parseRoute(url);
  if (route === 'seal-keys') return sealKeysResponse(request, context);
  if (typeof route === 'string') return refuse(route, context);
  const found = findHash(route.token, request, context);
  if ('status' in found) return found;
  const lookup = context.tokens.get(found.hash);
  const requestContext: RequestContext = { request, route, ...found, lookup, isCounted: false };
  return respondFromMemory(requestContext, context) ?? respondWithReads(requestContext, context);
}

/**
 * Hashes the token, or opens a sealed one.
 * @returns the refusal of a sealed token: 404, or 429 when the client has had too many opened
 */
function findHash(
  token: string,
  request: ServeRequest,
  context: ServeContext,
): Pick<RequestContext, 'hash' | 'limits'> | ServeResponse {
  if (!isSealed(token)) return { hash: hashToken(token) };
  const { seals, rateLimiter, clientAddress, now } = context;
  let opened = seals.get(token);
  if (opened === undefined) {
    // Counted before it is known whether it can be opened: failures have no quota of their own.
    const limited = rateLimiter.countOpening(clientAddress(request));
    if (limited) return refuseRateLimited(limited, context);
    opened = seals.open(token);
  }
  // Before any read: an expired link costs none.
  const isRefused = opened === 'refused' || (opened.limits.notAfter ?? Infinity) * 1000 <= now();
  return isRefused ? refuse('not-found', context) : (opened as OpenedSeal);
}

/**
 * Whether the client, or the proxy nearest to Google, used plain HTTP. Google's front end writes the last value; the
 * emulators write none.
 * @see https://cloud.google.com/functions/docs/writing/write-http-functions#security_levels
 */
function isPlainHttp({ 'x-forwarded-proto': proto }: ServeRequest['headers']): boolean {
  if (proto === undefined) return false;
  const last = Array.isArray(proto) ? proto.at(-1) : proto;
  return last?.endsWith('http') ?? false;
}

/**
 * Responds from this instance's memory. Synchronous, because functions-framework runs each request in a
 * `domain`, where each promise costs several times more.
 * @returns undefined when a read is needed
 */
function respondFromMemory(
  requestContext: RequestContext,
  context: ServeContext,
): ServeResponse | undefined {
  if (requestContext.lookup === undefined) return undefined;
  const selected = selectRendition(requestContext, context);
  if (selected === undefined) return refuse('not-found', context);
  if (selected.kind === 'manifest') return manifestResponse(selected, requestContext, context);
  if (selected.missing && context.widthRequests) return undefined;
  const response = respond(selected, requestContext, context);
  return 'status' in response ? response : undefined;
}

/** Responds with the reads that are needed; a failed read is logged and becomes a 503. */
async function respondWithReads(
  requestContext: RequestContext,
  context: ServeContext,
): Promise<ServeResponse> {
  const { request, hash } = requestContext;
  try {
    const response = await resolveAndRespond(requestContext, context);
    if (response !== 'missing') return response;
    // The image was overwritten or deleted after its token record was read: read the record again.
    if (requestContext.lookup) context.tokens.invalidate(hash, requestContext.lookup);
    requestContext.lookup = undefined;
    const retried = await resolveAndRespond(requestContext, context);
    return retried === 'missing' ? refuse('unavailable', context) : retried;
  } catch (error) {
    if (request.signal.aborted) throw error;
    context.log('ERROR', 'request failed', logDetails({ tokenHash: hash, error }));
    return refuse('unavailable', context);
  }
}

/**
 * Resolves the token unless it is already, selects a rendition and responds.
 * @returns `missing` when the rendition's object is gone although the token record refers to it
 */
async function resolveAndRespond(
  requestContext: RequestContext,
  context: ServeContext,
): Promise<ServeResponse | 'missing'> {
  const { request, hash } = requestContext;
  if (requestContext.lookup === undefined) {
    const refusal = countRead(requestContext, context);
    if (refusal) return refusal;
    requestContext.lookup = await context.tokens.resolve(hash, request.signal);
  }
  const selected = selectRendition(requestContext, context);
  if (selected === undefined) return refuse('not-found', context);
  if (selected.kind === 'manifest') return manifestResponse(selected, requestContext, context);
  const { missing } = selected;
  if (missing && context.widthRequests?.isOutdated(hash, selected.lookup, missing)) {
    const refusal = countRead(requestContext, context);
    if (refusal) return refusal;
    // Not `selected.lookup`, which a sealed link may have narrowed.
    if (requestContext.lookup) context.tokens.invalidate(hash, requestContext.lookup);
    requestContext.lookup = undefined;
    return resolveAndRespond(requestContext, context);
  }
  const client = () => context.clientAddress(request);
  const requested = missing && context.widthRequests?.request(client, hash, missing);
  const response = respond(selected, requestContext, context);
  const refusal = 'status' in response ? undefined : countRead(requestContext, context);
  const pending =
    'status' in response
      ? response
      : (refusal ?? respondAfterRead(response, requestContext, context));
  // An instance without a request may have no CPU: the response waits for the task.
  const [result] = await Promise.all([pending, requested]);
  return result;
}

/**
 * Counts a request that needs a read, once.
 * @returns a 429 when the client or the token is over its quota
 */
function countRead(
  requestContext: RequestContext,
  context: ServeContext,
): ServeResponse | undefined {
  if (requestContext.isCounted) return undefined;
  requestContext.isCounted = true;
  const client = context.clientAddress(requestContext.request);
  const limited = context.rateLimiter.countRead(client, requestContext.hash);
  return limited && refuseRateLimited(limited, context);
}

function removeBody(response: ServeResponse): ServeResponse {
  delete response.body;
  return response;
}
