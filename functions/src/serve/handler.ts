/** A request -> a rendition, a manifest, or the one 404. Knows no web framework. */
import type { Config } from '../config/config.js';
import { reasonOf } from '../errors.js';
import { entityTag } from '../domain/entity-tag.js';
import { extensionOf, FORMATS, type Format } from '../domain/format.js';
import type { RenditionInfo, TokenVariant } from '../domain/records.js';
import type { ByteRange, Reader } from '../gcp/reader.js';
import { hashToken } from '../domain/token.js';
import { cacheControl, timeLeft } from './cache-control.js';
import { clientAddress } from './client-address.js';
import { preconditionOf, rangeOf, type ConditionalHeaders } from './conditional.js';
import { openRateLimiter, type RateLimiter, type RateLimited } from './rate-limit.js';
import {
  formatsOf,
  manifestOf,
  variantOfWidth,
  visibleVariant,
  type ServableToken,
} from './manifest.js';
import { nearestVariant } from './select-rendition.js';
import { negotiateFormat } from './negotiate.js';
import { openRenditions, type Renditions } from './renditions.js';
import {
  answerOptions,
  commonHeaders,
  refuse,
  refuseForNow,
  type ServeResponse,
} from './respond.js';
import { openResolver, type TokenLookup, type Resolver } from './resolve.js';
import { parseRoute, type Route } from './route.js';

/** The headers that have a say, named as Node names them. */
export interface RequestHeaders extends ConditionalHeaders {
  accept?: string | undefined;
  'x-forwarded-for'?: string | string[] | undefined;
}

export interface ServeRequest {
  method: string;
  /** Path and query, not decoded. */
  url: string;
  headers: RequestHeaders;
  /** The address at the other end of the connection. */
  peer?: string | undefined;
  /** Aborted when the client goes away; asked for only when there is something to stop. */
  signal?: () => AbortSignal;
}

export type ServeConfig = Pick<
  Config,
  | 'publicBaseUrl'
  | 'revocationSeconds'
  | 'noindex'
  | 'trustedProxies'
  | 'quotas'
  | 'variants'
  | 'formats'
>;

export interface ServeOptions {
  config: ServeConfig;
  reader: Reader;
  log: (severity: 'WARNING' | 'ERROR', message: string, details: object) => void;
  /** Milliseconds since 1970; for what expires. */
  now?: () => number;
  /** Milliseconds from any start, never backwards; for what was read when. */
  clock?: () => number;
}

/** What one instance keeps between requests. */
interface Room extends Required<Omit<ServeOptions, 'reader'>> {
  common: readonly string[];
  resolver: Resolver;
  renditions: Renditions;
  limits: RateLimiter;
}

/** What is known of a request on its way. */
interface View {
  request: ServeRequest;
  route: Route;
  hash: string;
  /** Whether its reads were counted; each view counts once. */
  isAdmitted: boolean;
}

/** Thrown by `admit` and nowhere else, to leave by the shortest way. */
class TooMany extends Error {
  override readonly name = 'TooMany';
  constructor(readonly refusal: RateLimited) {
    super(`expected fewer than ${refusal.quota} ${refusal.policy} in ${refusal.window} s`);
  }
}

/** What log lines say instead of a token. */
const HASH_SHOWN = 8;

/** Answers a request: at once when no read is needed. */
export type Handler = (request: ServeRequest) => ServeResponse | Promise<ServeResponse>;

/**
 * Opens an instance's memory and limits.
 *
 * What is in memory is answered without a promise: functions-framework runs each request in a domain
 * of Node's, which makes every promise cost several times as much.
 * @returns answers a request. It throws only the reason of `departure`, when the client went away.
 */
export function openHandler(options: ServeOptions): Handler {
  const { config, reader, log, now = Date.now, clock = () => performance.now() } = options;
  const room: Room = {
    config,
    log,
    now,
    clock,
    common: commonHeaders(config.noindex),
    resolver: openResolver(reader, config.revocationSeconds, clock),
    renditions: openRenditions(reader, clock),
    limits: openRateLimiter(config.quotas),
  };
  const withoutBody = (reply: ServeResponse): ServeResponse => {
    delete reply.body;
    return reply;
  };
  return (request) => {
    const reply = answer(request, room);
    if (request.method !== 'HEAD') return reply;
    return reply instanceof Promise ? reply.then(withoutBody) : withoutBody(reply);
  };
}

function answer(request: ServeRequest, room: Room): ServeResponse | Promise<ServeResponse> {
  const { method, url } = request;
  if (method === 'OPTIONS') return answerOptions(room.common);
  if (method !== 'GET' && method !== 'HEAD') return refuse('method-not-allowed', room.common);
  const queryAt = url.indexOf('?');
  const route =
    queryAt < 0 ? parseRoute(url) : parseRoute(url.slice(0, queryAt), url.slice(queryAt + 1));
  if (route === undefined) return refuseGuess('not-found', request, room);
  if (route === 'bad-request') return refuseGuess('bad-request', request, room);

  const view = { request, route, hash: hashToken(route.token), isAdmitted: false };
  const known = room.resolver.recall(view.hash);
  const shown = known && showKnown(known, view, room);
  if (shown && !(shown instanceof Promise)) return shown;
  return answerWithReads(known && { known, shown }, view, room);
}

/** What was found in memory, and what of it can be shown, if anything. */
interface Recalled {
  known: TokenLookup;
  shown: ReturnType<typeof showKnown>;
}

async function answerWithReads(
  recalled: Recalled | undefined,
  view: View,
  room: Room,
): Promise<ServeResponse> {
  const { request } = view;
  try {
    return (await show(recalled, view, room)) ?? (await refuseGuess('not-found', request, room));
  } catch (error) {
    if (error instanceof TooMany) return refuseForNow(error.refusal, room.common);
    if (departureOf(request).aborted) throw error;
    const details = { token: view.hash.slice(0, HASH_SHOWN), reason: reasonOf(error) };
    room.log('ERROR', 'a request could not be answered', details);
    return refuse('unavailable', room.common);
  }
}

/** A "no" that guessing would get; too many of them, and all that one hears is 429. */
async function refuseGuess(
  code: 'not-found' | 'bad-request',
  request: ServeRequest,
  room: Room,
): Promise<ServeResponse> {
  const refusal = await room.limits.fail(clientOf(request, room));
  return refusal ? refuseForNow(refusal, room.common) : refuse(code, room.common);
}

/** A request that nobody can leave has one that never comes. */
function departureOf({ signal }: ServeRequest): AbortSignal {
  return signal?.() ?? new AbortController().signal;
}

function clientOf({ headers, peer }: ServeRequest, { config }: Room): string {
  const list = headers['x-forwarded-for'];
  const forwardedFor = Array.isArray(list) ? list.join() : list;
  return clientAddress(forwardedFor, peer, config.trustedProxies);
}

/** Counts a view that costs a read. @throws TooMany */
async function admit(view: View, room: Room): Promise<void> {
  if (view.isAdmitted) return;
  view.isAdmitted = true;
  const refusal = await room.limits.consume(clientOf(view.request, room), view.hash);
  if (refusal) throw new TooMany(refusal);
}

/** @returns undefined when there is nothing to show */
async function show(
  recalled: Recalled | undefined,
  view: View,
  room: Room,
): Promise<ServeResponse | undefined> {
  const { resolver } = room;
  const resolve = async () => {
    const known = await resolver.resolve(view.hash, departureOf(view.request));
    return { known, shown: showKnown(known, view, room) };
  };
  if (recalled === undefined) {
    await admit(view, room);
    recalled = await resolve();
  }
  const reply = await recalled.shown;
  if (reply !== 'vanished') return reply;
  // The record was read just before an overwrite or a delete: what is true now?
  resolver.forget(view.hash, recalled.known);
  const again = await (await resolve()).shown;
  return again === 'vanished' ? refuse('unavailable', room.common) : again;
}

/**
 * @returns a promise only when a rendition must be read; it gives `vanished` when the rendition is gone
 *   although the record names it. Undefined when there is nothing to show.
 */
function showKnown(
  known: TokenLookup,
  view: View,
  room: Room,
): ServeResponse | Promise<ServeResponse | 'vanished'> | undefined {
  const { record } = known;
  const { token, width } = view.route;
  if (record === undefined || expiresIn(known, room) <= 0) return undefined;
  const name =
    view.route.variant ?? (width === undefined ? undefined : variantOfWidth(record, width));
  if (name === undefined) {
    if (width !== undefined) return undefined;
    const body = JSON.stringify(manifestOf(token, record, room.config.publicBaseUrl));
    return answerManifest(body, known, view.request, room);
  }
  const chosen = chooseMade(name, record, view) ?? chooseNearest(name, record, view, room);
  return chosen && answerRendition(chosen, known, view, room);
}

/** What the address asks for, if it has been made. */
function chooseMade(name: string, record: ServableToken, view: View): Chosen | undefined {
  const variant = visibleVariant(record, name);
  const format = view.route.format ?? (variant && negotiate(view, variant));
  const rendition = format && variant?.[format];
  return rendition && { name, format, rendition, bucket: record.image.bucket, isFinal: true };
}

/** What comes nearest to it until the backfill has come by. */
function chooseNearest(
  name: string,
  record: ServableToken,
  view: View,
  { config }: Room,
): Chosen | undefined {
  const variant = nearestVariant(record, name, view.route.format, config);
  const format = variant && negotiate(view, variant);
  const rendition = format && variant[format];
  if (!rendition) return undefined;
  return { name: variant.name, format, rendition, bucket: record.image.bucket, isFinal: false };
}

/** The format for whoever asks; the one in the address when it has been made. */
function negotiate({ route, request }: View, variant: TokenVariant): Format | undefined {
  if (route.format && variant[route.format]) return route.format;
  const formats = formatsOf(variant);
  return formats.length > 0 ? negotiateFormat(request.headers.accept, formats) : undefined;
}

function answerManifest(
  body: string,
  known: TokenLookup,
  request: ServeRequest,
  room: Room,
): ServeResponse {
  const etag = entityTag(body);
  const precondition = preconditionOf(request.headers, etag);
  if (precondition === 'failed') return refuse('precondition-failed', room.common);
  const headers = [...room.common, 'ETag', etag, 'Cache-Control', caching(known, room)];
  if (precondition === 'not-modified') return { status: 304, headers };
  headers.push('Content-Type', 'application/json; charset=utf-8');
  headers.push('Content-Length', String(Buffer.byteLength(body)));
  return { status: 200, headers, body };
}

interface Chosen {
  name: string;
  format: Format;
  rendition: RenditionInfo;
  bucket: string;
  /** Whether it is what was asked for; what only comes near is not kept by anyone. */
  isFinal: boolean;
}

function answerRendition(
  chosen: Chosen,
  known: TokenLookup,
  view: View,
  room: Room,
): ServeResponse | Promise<ServeResponse | 'vanished'> {
  const { request } = view;
  const { etag, bytes } = chosen.rendition;
  const precondition = preconditionOf(request.headers, etag);
  if (precondition === 'failed') return refuse('precondition-failed', room.common);
  if (precondition === 'not-modified') {
    return { status: 304, headers: headersOf(chosen, known, view, room) };
  }
  if (request.method === 'HEAD') return found(chosen, known, view, room);
  // Only GET has ranges (section 14.2).
  const range = rangeOf(request.headers, etag, bytes);
  if (range === 'unsatisfiable') {
    return refuse('range-not-satisfiable', room.common, ['Content-Range', `bytes */${bytes}`]);
  }
  const whole = room.renditions.recall(chosen.rendition);
  if (whole === undefined) return readRendition(chosen, known, range, view, room);
  const body = range ? whole.subarray(range.start, range.end + 1) : whole;
  return found(chosen, known, view, room, body, range);
}

async function readRendition(
  chosen: Chosen,
  known: TokenLookup,
  range: ByteRange | undefined,
  view: View,
  room: Room,
): Promise<ServeResponse | 'vanished'> {
  await admit(view, room);
  const { bucket, rendition } = chosen;
  const body = await room.renditions.read(bucket, rendition, range, departureOf(view.request));
  // The headers come after the read: what it took is part of the record's age.
  return body === undefined ? 'vanished' : found(chosen, known, view, room, body, range);
}

/** The headers of a 304 (RFC 9110 section 15.4.5), which every success has. */
function headersOf(
  { rendition, isFinal }: Chosen,
  known: TokenLookup,
  { route }: View,
  room: Room,
): string[] {
  const kept = isFinal ? caching(known, room) : 'no-store';
  const headers = [...room.common, 'ETag', rendition.etag, 'Cache-Control', kept];
  if (route.format === undefined || !isFinal) headers.push('Vary', 'Accept');
  return headers;
}

function found(
  chosen: Chosen,
  known: TokenLookup,
  view: View,
  room: Room,
  body?: NonNullable<ServeResponse['body']>,
  range?: ByteRange,
): ServeResponse {
  const { name, format, rendition } = chosen;
  const headers = headersOf(chosen, known, view, room);
  headers.push(
    'Content-Type',
    FORMATS[format].contentType,
    'Content-Disposition',
    `inline; filename="${name}.${extensionOf(format)}"`,
    'Accept-Ranges',
    'bytes',
    'Content-Length',
    String(range ? range.end - range.start + 1 : rendition.bytes),
  );
  if (range) headers.push('Content-Range', `bytes ${range.start}-${range.end}/${rendition.bytes}`);
  return { status: range ? 206 : 200, headers, ...(body !== undefined && { body }) };
}

/** Seconds; Infinity for a token that does not expire. */
function expiresIn({ record }: TokenLookup, { now }: Room): number {
  return record?.expiresAt === undefined ? Infinity : (record.expiresAt - now()) / 1000;
}

function caching(known: TokenLookup, room: Room): string {
  const { revocationSeconds } = room.config;
  const age = (room.clock() - known.readAt) / 1000;
  return cacheControl(revocationSeconds, timeLeft(revocationSeconds, age, expiresIn(known, room)));
}
