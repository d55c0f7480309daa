/**
 * The image worker: opens tokens and sealed tokens, asks the origin what they give access to, and answers with renditions
 * from its caches. It has no credential of the origin. Which rendition a request gets, and with which headers, is the
 * code of `serve`.
 */
import type { SealGrant } from '../../../functions/src/domain/seal-codec.js';
import { entityTagOf } from '../../../functions/src/domain/entity-tag-text.js';
import { isToken } from '../../../functions/src/domain/token-text.js';
import type { ServeRequest } from '../../../functions/src/serve/context.js';
import {
  jsonResponse,
  SEAL_KEYS_CACHE_CONTROL,
} from '../../../functions/src/serve/json-response.js';
import { buildManifest } from '../../../functions/src/serve/manifest.js';
import { narrow } from '../../../functions/src/serve/narrow.js';
import {
  commonHeaders,
  optionsResponse,
  refuse,
  refuseBody,
} from '../../../functions/src/serve/refuse.js';
import { hasBody } from '../../../functions/src/serve/request-body.js';
import { respond, respondAfterRead } from '../../../functions/src/serve/respond.js';
import type { ServeResponse } from '../../../functions/src/serve/refuse.js';
import { parseRoute, type Route } from '../../../functions/src/serve/route.js';
import {
  selectRendition,
  type SelectedRendition,
} from '../../../functions/src/serve/select-rendition.js';
import { digestOf } from './digest.js';
import type { ImageWorkerEnv } from './env.js';
import {
  EDGE_CLIENT,
  extendVia,
  isFromResizing,
  pickHeaders,
  RESPONSE_HEADERS,
} from './headers.js';
import { mayOpen, RETRY_AFTER_SECONDS } from './openings.js';
import { openOrigin, OriginUnavailable, type Origin } from './origin.js';
import type { WorkerContext } from './platform.js';
import { openRenditions, type Renditions } from './renditions.js';
import { openResizer, planResize, ResizingFailed, type Resizer } from './resize.js';
import { openRights, type FoundRight, type Rights } from './rights.js';
import { readSettings, type Settings } from './settings.js';

/** What one request needs of the Worker. */
interface View {
  request: ServeRequest;
  /** Address of the visitor, if the platform states it. */
  client: string | null;
  /** The headers of every response: name, value, name, value. */
  commonHeaders: readonly string[];
  /** Milliseconds since 1970. */
  now: () => number;
  settings: Settings;
  origin: Origin;
  rights: Rights;
  renditions: Renditions;
  resizer: Resizer | undefined;
}

const PSEUDONYM = 'storage-public-variants-images';

/** By `env`, which a Worker gets unchanged for all requests. */
const knownSettings = new WeakMap<ImageWorkerEnv, Settings>();

export default {
  /** @returns what `serve` would answer; 503 while the origin or the resizing fails, never anything stale */
  async fetch(request: Request, env: ImageWorkerEnv, context: WorkerContext): Promise<Response> {
    const common = commonHeaders(env.NOINDEX !== 'false');
    let response: ServeResponse | Response;
    try {
      response = await handle(request, env, context, common);
    } catch (error) {
      console.error(describe(error));
      response = refuse('unavailable', { commonHeaders: common });
    }
    return toResponse(response, request.method);
  },
};

/** Messages of this package have no tokens and no URLs; those of others may. */
function describe(error: unknown): string {
  const isOwn = error instanceof OriginUnavailable || error instanceof ResizingFailed;
  return isOwn ? error.message : `unexpected ${error instanceof Error ? error.stack : 'value'}`;
}

async function handle(
  request: Request,
  env: ImageWorkerEnv,
  context: WorkerContext,
  common: readonly string[],
): Promise<ServeResponse | Response> {
  const { method, headers } = request;
  const url = new URL(request.url);
  const refusals = { commonHeaders: common };
  const serveRequest = toServeRequest(request, url);
  if (hasBody(serveRequest.headers)) return refuseBody(refusals);
  if (isPlainHttp(url)) return refuse('https-required', refusals);
  if (method === 'OPTIONS') return optionsResponse(refusals);
  if (method !== 'GET' && method !== 'HEAD') return refuse('method-not-allowed', refusals);
  // Someone else's resizing, or a loop of this Worker's own: only the file worker may be resized from.
  if (isFromResizing(headers)) return refuse('not-found', refusals);
  const via = extendVia(headers, PSEUDONYM);
  if (via === undefined) throw new OriginUnavailable('loop: the origin leads back to this Worker');
  const route = parseRoute(serveRequest.url);
  if (route !== 'seal-keys' && typeof route === 'string') return refuse(route, refusals);
  const settings = await settingsOf(env);
  // Cloudflare overwrites what a client sends.
  const client = headers.get('cf-connecting-ip');
  const sent = { via, ...(client !== null && { [EDGE_CLIENT]: client }) };
  const view = await openView(serveRequest, url.origin, settings, context, {
    common,
    client,
    sent,
  });
  return route === 'seal-keys' ? await respondWithKeys(view) : await respondTo(route, view);
}

async function settingsOf(env: ImageWorkerEnv): Promise<Settings> {
  let settings = knownSettings.get(env);
  if (settings === undefined) {
    settings = await readSettings(env).catch((error: Error) => {
      throw new OriginUnavailable(error.message);
    });
    knownSettings.set(env, settings);
  }
  return settings;
}

/** @param base the scheme and host of this Worker: Cloudflare's cache wants keys of its own host */
async function openView(
  request: ServeRequest,
  base: string,
  settings: Settings,
  context: WorkerContext,
  {
    common,
    client,
    sent,
  }: { common: readonly string[]; client: string | null; sent: Record<string, string> },
): Promise<View> {
  const { caches, files, timeoutMs, resizing } = settings;
  const [rightsCache, bytesCache] = await Promise.all([
    caches.open('rights'),
    caches.open('bytes'),
  ]);
  const origin = openOrigin(files, timeoutMs, sent);
  const renditions = openRenditions(origin, bytesCache, base, context);
  return {
    request,
    client,
    commonHeaders: common,
    now: Date.now,
    settings,
    origin,
    rights: openRights(origin, rightsCache, base, Date.now),
    renditions,
    resizer:
      resizing &&
      openResizer(resizing, renditions, { cache: bytesCache, base, context, timeoutMs }),
  };
}

async function respondWithKeys(view: View): Promise<ServeResponse> {
  const { publicKeys } = view.settings.seals;
  if (publicKeys === undefined) return refuse('not-found', view);
  const body = JSON.stringify(publicKeys);
  const etag = entityTagOf(await digestOf(body));
  return jsonResponse(body, etag, SEAL_KEYS_CACHE_CONTROL, view.request, view);
}

async function respondTo(route: Route, view: View): Promise<ServeResponse | Response> {
  const grant = await openToken(route.token, view);
  if (grant === undefined) return refuse('not-found', view);
  if (grant === 'limited') {
    return refuse('too-many-requests', view, ['Retry-After', String(RETRY_AFTER_SECONDS)]);
  }
  const secondsLeft = (grant.notAfter ?? Infinity) - view.now() / 1000;
  if (secondsLeft <= 0) return refuse('not-found', view);
  for (const reload of [false, true]) {
    const right = await view.rights.find(grant.token, reload);
    if (right instanceof Response) return refuseAsOrigin(right, view);
    const response = await respondWith(right, grant, route, view);
    if (response !== 'missing') {
      return limitCaching(response, Math.min(right.maxAge, Math.floor(secondsLeft)));
    }
    // The image was overwritten or deleted after the manifest was made: ask for the new one.
  }
  return refuse('unavailable', view);
}

/** @returns undefined when the text is no token, or was not sealed for this installation */
async function openToken(
  text: string,
  { settings: { seals, sealLimit }, client }: View,
): Promise<SealGrant | 'limited' | undefined> {
  if (isToken(text)) return { token: text };
  if (!seals.canOpen(text)) return undefined;
  // Counted before it is known whether it can be opened: failures have no quota of their own.
  if (!(await mayOpen(sealLimit, client))) return 'limited';
  return seals.open(text);
}

/** @returns `missing` when the origin has not the bytes that the manifest lists */
async function respondWith(
  right: FoundRight,
  limits: SealGrant,
  route: Route,
  view: View,
): Promise<ServeResponse | Response | 'missing'> {
  const { request, settings, resizer } = view;
  const { lookup } = right;
  const requestContext = { request, route, hash: '', limits, lookup, isCounted: true };
  if (resizer !== undefined && route.width !== undefined) {
    const { record } = narrow(lookup, { ...limits, maxWidth: undefined }, []);
    const { width, format } = route;
    const { maxWidth } = limits;
    const wanted = { width, format, maxWidth, accept: request.headers.accept };
    const plan = planResize(record, settings.widths, wanted);
    if (plan !== undefined) {
      const resized = await resizer.resize(plan);
      if (resized === undefined) return 'missing';
      const { body, etag } = resized;
      const rendition = { object: '', bytes: body.length, etag };
      const { isNegotiated } = plan;
      const selected: SelectedRendition = {
        ...{ kind: 'rendition', lookup, name: `${plan.width}`, format: plan.format, rendition },
        ...{ isRequested: true, isNegotiated },
      };
      return respond(selected, requestContext, responseContext(view, body)) as ServeResponse;
    }
  }
  const context = responseContext(view);
  const selected = selectRendition(requestContext, context);
  if (selected === undefined) return await forward(limits, route, view);
  if (selected.kind === 'manifest') {
    const body = JSON.stringify(buildManifest(route.token, selected.lookup.record, right.baseUrl));
    return jsonResponse(body, entityTagOf(await digestOf(body)), 'public', request, view);
  }
  const response = respond(selected, requestContext, context);
  return 'status' in response
    ? response
    : await respondAfterRead(response, requestContext, context);
}

/** What `serve`'s responses need: no limits here, and bytes from the caches of this Worker. */
function responseContext({ commonHeaders, now, renditions }: View, body?: Uint8Array) {
  return {
    // Of the variants that have no renditions yet, only `serve` knows: see `forward`.
    config: { revocationSeconds: 0, variants: [], formats: [] },
    commonHeaders,
    now,
    clock: now,
    rateLimiter: { countBytes: () => undefined },
    renditions: {
      get: () => body as never,
      read: (_bucket: string, ...[rendition, range]: Parameters<Renditions['read']>) =>
        renditions.read(rendition, range) as Promise<never>,
    },
  };
}

/**
 * Lets `serve` answer what the manifest does not list: a configured variant or format without a rendition yet gets the
 * nearest one, which no cache may keep.
 */
async function forward(
  { variants }: SealGrant,
  route: Route,
  view: View,
): Promise<ServeResponse | Response> {
  const isGranted = route.variant === undefined || (variants?.includes(route.variant) ?? true);
  if (!isGranted) return refuse('not-found', view);
  const { url, headers } = view.request;
  const sent: Record<string, string> = {};
  for (const name of FORWARDED_HEADERS) {
    const value = headers[name];
    if (value !== undefined) sent[name] = value;
  }
  // As it was sent: `serve` opens sealed tokens, too.
  const response = await view.origin.get(url.slice(url.lastIndexOf(`/${route.token}`)), sent);
  if ([404, 429].includes(response.status)) return refuseAsOrigin(response, view);
  const shown = pickHeaders(response.headers, RESPONSE_HEADERS);
  shown.delete('age');
  for (const [name, value] of pairs(view.commonHeaders)) shown.set(name, value);
  return new Response(response.body, { status: response.status, headers: shown });
}

const FORWARDED_HEADERS = ['accept', 'if-match', 'if-none-match', 'if-range', 'range'] as const;
const LIMIT_HEADERS = ['Retry-After', 'RateLimit-Policy', 'RateLimit'];

/** A 404 that is the same as all others, or a 429 with the origin's limits. */
async function refuseAsOrigin(response: Response, view: View): Promise<ServeResponse> {
  await response.body?.cancel();
  if (response.status !== 429) return refuse('not-found', view);
  const limits = LIMIT_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [name, value];
  });
  return refuse('too-many-requests', view, limits);
}

/**
 * Only browsers may keep a response: this Worker has kept the right as long as a shared cache may.
 * @param seconds how long a browser may
 */
function limitCaching(response: ServeResponse | Response, seconds: number): typeof response {
  const value = seconds > 0 ? `private, max-age=${seconds}, must-revalidate` : 'private, no-cache';
  if (response instanceof Response) {
    const isKept = !(response.headers.get('cache-control') ?? 'no-store').includes('no-store');
    if (isKept) response.headers.set('cache-control', value);
    return response;
  }
  const headers = [...response.headers];
  const at = headers.indexOf('Cache-Control') + 1;
  if (at > 0 && headers[at] !== 'no-store') headers[at] = value;
  return { ...response, headers };
}

/** A token in a URL without TLS is known to the network. Only a server on this machine may have it. */
function isPlainHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !['localhost', '127.0.0.1'].includes(hostname);
}

const READ_HEADERS = [...FORWARDED_HEADERS, 'content-length', 'transfer-encoding'];

function toServeRequest(request: Request, { pathname, search }: URL): ServeRequest {
  const { method, headers, signal } = request;
  const read = Object.fromEntries(pickHeaders(headers, READ_HEADERS));
  return { method, url: pathname + search, headers: read, signal };
}

function toResponse(response: ServeResponse | Response, method: string): Response {
  if (response instanceof Response) {
    return method === 'HEAD' ? new Response(null, response) : response;
  }
  const headers = new Headers();
  for (const [name, value] of pairs(response.headers)) {
    // Hop-by-hop: the platform's business.
    if (name !== 'Connection') headers.set(name, value);
  }
  const body = method === 'HEAD' ? null : ((response.body ?? null) as BodyInit | null);
  return new Response(body, { status: response.status, headers });
}

/** Of a flat list: name, value, name, value. */
function pairs(list: readonly string[]): [name: string, value: string][] {
  return list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : []));
}
