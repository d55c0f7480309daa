/** A request -> a rendition, a manifest, or the one 404. Knows no web framework. */
import type { Config } from '../config/config.js';
import { reasonOf, REQUEST_FAILURES, type RequestFailureCode } from '../errors.js';
import { entityTag } from '../images/entity-tag.js';
import { FORMATS } from '../images/format.js';
import type { Library } from '../library/library.js';
import { hashToken } from '../tokens/token.js';
import { cacheControl, isNotModified } from './caching.js';
import { formatsOf, isShown, manifestOf, visibleVariants, type ShownRecord } from './manifest.js';
import { negotiateFormat } from './negotiate.js';
import { parseRoute, type Route } from './route.js';

export interface Request {
  method: string;
  /** Without the query; not decoded. */
  path: string;
  accept?: string | undefined;
  ifNoneMatch?: string | undefined;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** Absent for HEAD and 304. */
  body?: Buffer | string;
}

export interface Serve {
  config: Pick<Config, 'publicBaseUrl' | 'revocationSeconds'>;
  library: {
    records: Pick<Library['records'], 'findToken'>;
    objects: Pick<Library['objects'], 'readRendition'>;
  };
  /** Milliseconds since 1970. */
  now: () => number;
  log: (severity: 'ERROR', message: string, details: object) => void;
}

/** On every answer. A rendition is a picture for any page, and never a document of its own. */
const COMMON_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Access-Control-Allow-Origin': '*',
  'Referrer-Policy': 'no-referrer',
};

/** Seconds after which a client may ask again. */
const RETRY_AFTER_SECONDS = 5;

/** Answers a request; never throws. */
export async function serve(request: Request, room: Serve): Promise<Reply> {
  const reply = await answer(request, room).catch((error: unknown) => {
    room.log('ERROR', 'a request could not be answered', { reason: reasonOf(error) });
    return refuse('unavailable');
  });
  if (request.method === 'HEAD') delete reply.body;
  return reply;
}

async function answer(request: Request, room: Serve): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse('method-not-allowed');
  const route = parseRoute(request.path);
  if (route === undefined) return refuse('not-found');
  const reply = await show(route, request, room);
  if (reply !== 'vanished') return reply;
  // The record was read just before an overwrite or a delete: what is true now?
  const again = await show(route, request, room);
  return again === 'vanished' ? refuse('unavailable') : again;
}

/** @returns `vanished` when the rendition is gone although the record names it */
async function show(route: Route, request: Request, room: Serve): Promise<Reply | 'vanished'> {
  const record = await room.library.records.findToken(hashToken(route.token));
  // Not there, or nothing to show yet.
  if (!isShown(record)) return refuse('not-found');
  const expiresIn = record.expiresAt && (record.expiresAt.toMillis() - room.now()) / 1000;
  if (expiresIn !== undefined && expiresIn <= 0) return refuse('not-found');
  const caching = cacheControl(room.config.revocationSeconds, expiresIn);

  const { variant } = route;
  if (variant === undefined) {
    const body = JSON.stringify(manifestOf(route.token, record, room.config.publicBaseUrl));
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': caching };
    const etag = entityTag(body);
    return (
      revalidated(request, etag, headers) ?? found(headers, etag, Buffer.byteLength(body), body)
    );
  }

  const format = chooseFormat(route, variant, record, request);
  if (format === undefined) return refuse('not-found');
  const rendition = record.image.renditions[variant]?.[format];
  if (rendition === undefined) return refuse('not-found');
  const headers = {
    'Content-Type': FORMATS[format].contentType,
    'Cache-Control': caching,
    'Content-Disposition': 'inline',
    ...(route.format === undefined && { Vary: 'Accept' }),
  };
  const notModified = revalidated(request, rendition.etag, headers);
  if (notModified) return notModified;
  if (request.method === 'HEAD') return found(headers, rendition.etag, rendition.bytes);
  const body = await room.library.objects.readRendition(rendition.object);
  return body ? found(headers, rendition.etag, body.length, body) : 'vanished';
}

function chooseFormat(route: Route, variant: string, record: ShownRecord, request: Request) {
  if (!visibleVariants(record).includes(variant)) return undefined;
  const formats = formatsOf(record, variant);
  if (formats.length === 0) return undefined;
  return route.format ?? negotiateFormat(request.accept, formats);
}

function found(
  headers: Record<string, string>,
  etag: string,
  length: number,
  body?: Buffer | string,
): Reply {
  return {
    status: 200,
    headers: { ...COMMON_HEADERS, ...headers, ETag: etag, 'Content-Length': String(length) },
    ...(body !== undefined && { body }),
  };
}

/** The 304 for a client that has it already, with the headers of RFC 9110 section 15.4.5. */
function revalidated(
  request: Request,
  etag: string,
  { 'Cache-Control': caching = '', Vary }: Record<string, string>,
): Reply | undefined {
  if (!isNotModified(request.ifNoneMatch, etag)) return undefined;
  return {
    status: 304,
    headers: { ...COMMON_HEADERS, ETag: etag, 'Cache-Control': caching, ...(Vary && { Vary }) },
  };
}

/** Every kind of "no" of one code is the same, byte for byte. */
function refuse(code: RequestFailureCode): Reply {
  const { status, publicMessage } = REQUEST_FAILURES[code];
  return {
    status,
    headers: {
      ...COMMON_HEADERS,
      'Content-Type': 'text/plain; charset=utf-8',
      // Firebase Hosting would keep a 404 for ten minutes: a token may be about to be written.
      'Cache-Control': 'no-store',
      'Content-Length': String(Buffer.byteLength(publicMessage)),
      ...(code === 'method-not-allowed' && { Allow: 'GET, HEAD' }),
      ...(code === 'unavailable' && { 'Retry-After': String(RETRY_AFTER_SECONDS) }),
    },
    body: publicMessage,
  };
}
