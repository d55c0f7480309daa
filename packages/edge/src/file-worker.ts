/**
 * The file worker: adds the origin's credential to requests for files. Only the image worker may call it: over a service
 * binding, or, where Cloudflare's resizing fetches from it, with CALLER_SECRET.
 *
 * The origin is fixed, so that no request can send the credential elsewhere; redirects are not followed for the same reason.
 */
import { openCredential, type Credential, type CredentialEnv } from './credentials.js';
import {
  EDGE_CLIENT,
  EDGE_KEY,
  extendVia,
  IF_MATCH,
  isSameSecret,
  pickHeaders,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
} from './headers.js';

export interface FileWorkerEnv extends CredentialEnv {
  /** The URL up to the token: `https://HOST/PATH`, without a slash at the end. */
  ORIGIN: string;
  /** What `Authorization: Bearer` must have. Absent: the Worker has no public address. */
  CALLER_SECRET?: string;
  /** A key whose hash is in EDGE_KEY_HASHES of `serve`: sent with each request, together with the address of the visitor. */
  EDGE_KEY?: string;
  /** How long the origin may take until its headers are there; 10 000 by default. */
  ORIGIN_TIMEOUT_MS?: string;
}

interface Settings {
  origin: string;
  timeoutMs: number;
  credential: Credential;
}

const PSEUDONYM = 'storage-public-variants-files';
const DEFAULT_TIMEOUT_MS = '10000';

/** By `env`, which a Worker gets unchanged for all requests. */
const settings = new WeakMap<FileWorkerEnv, Settings>();

export default {
  /** @returns the origin's response with some of its headers; 502 or 504 when there is none that may be shown */
  async fetch(request: Request, env: FileWorkerEnv): Promise<Response> {
    try {
      return await handle(request, env);
    } catch (error) {
      console.error(error instanceof Error ? error.message : 'expected an Error to be thrown');
      return respond(500, 'The file worker failed. Its log has the reason.');
    }
  },
};

async function handle(request: Request, env: FileWorkerEnv): Promise<Response> {
  const { method, headers, url } = request;
  if (env.CALLER_SECRET !== undefined) {
    const found = /^Bearer (\S{1,256})$/.exec(headers.get('authorization') ?? '')?.[1] ?? '';
    if (!(await isSameSecret(found, env.CALLER_SECRET))) return respond(404, 'Not found.');
  }
  if (method !== 'GET' && method !== 'HEAD') return respond(405, 'Only GET and HEAD.');
  const via = extendVia(headers, PSEUDONYM);
  if (via === undefined) {
    console.error('loop: ORIGIN leads back to this Worker');
    return respond(508, 'Loop detected.');
  }
  const sent = pickHeaders(headers, REQUEST_HEADERS);
  sent.set('via', via);
  if (env.EDGE_KEY !== undefined) {
    sent.set(EDGE_KEY, env.EDGE_KEY);
    const client = headers.get(EDGE_CLIENT);
    if (client !== null) sent.set(EDGE_CLIENT, client);
  }
  const { pathname, searchParams } = new URL(url);
  const ifMatch = searchParams.get(IF_MATCH);
  if (ifMatch !== null) sent.set('if-match', ifMatch);
  searchParams.delete(IF_MATCH);
  const query = searchParams.size > 0 ? `?${searchParams.toString()}` : '';
  return await ask(env, pathname + query, { method, headers: sent });
}

async function ask(env: FileWorkerEnv, path: string, init: RequestInit): Promise<Response> {
  const { origin, timeoutMs, credential } = settingsOf(env);
  const authorization = await credential();
  const headers = new Headers(init.headers);
  if (authorization !== undefined) headers.set('authorization', authorization);
  let response: Response;
  try {
    response = await fetch(origin + path, {
      ...init,
      headers,
      redirect: 'manual',
      // The image worker has caches that know when a right ends.
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    const isSlow = error instanceof DOMException && error.name === 'TimeoutError';
    console.error(isSlow ? `origin: no response within ${timeoutMs} ms` : 'origin: unreachable');
    return respond(isSlow ? 504 : 502, 'The origin did not respond.');
  }
  const { status } = response;
  if (status === 401 || status === 403) {
    console.error(`origin: expected the credential to be accepted, found status ${status}`);
  }
  // A redirect may name the origin, and an error page may show the request.
  const isShown = status < 300 || [304, 404, 412, 416, 429].includes(status);
  if (!isShown) {
    await response.body?.cancel();
    return respond(status >= 500 ? 503 : 502, 'The origin did not respond with a file.');
  }
  const body = status === 404 ? null : response.body;
  if (status === 404) await response.body?.cancel();
  const shown = pickHeaders(response.headers, RESPONSE_HEADERS);
  // `fetch` has decoded the body.
  if (response.headers.has('content-encoding')) shown.delete('content-length');
  return new Response(body, { status, headers: shown });
}

/** @throws Error when a variable is missing or malformed */
function settingsOf(env: FileWorkerEnv): Settings {
  const known = settings.get(env);
  if (known) return known;
  const { ORIGIN: origin = '', ORIGIN_TIMEOUT_MS = DEFAULT_TIMEOUT_MS } = env;
  // Plain HTTP would show the credential and the tokens; only a server on this machine may have it.
  if (!/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)(:|\/))[^?#]*[^?#/]$/.test(origin)) {
    throw new Error('ORIGIN: expected https://HOST/PATH without a slash at the end');
  }
  const timeoutMs = Number(ORIGIN_TIMEOUT_MS);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1) {
    throw new Error('ORIGIN_TIMEOUT_MS: expected a whole number of at least 1');
  }
  const { EDGE_KEY: key } = env;
  if (key !== undefined && !/^[\w-]{43,256}$/.test(key)) {
    throw new Error('EDGE_KEY: expected what `storage-public-variants edge-key` prints');
  }
  const found = { origin, timeoutMs, credential: openCredential(env) };
  settings.set(env, found);
  return found;
}

function respond(status: number, message: string): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(`${message}\n`, { status, headers });
}
