/** All kinds of requests that `serve` may receive, for the soak benchmark. */
import { gzipSync } from 'node:zlib';
import type { ClientRequest } from '../serve/load.js';

/** A request, and the statuses that are right for it. */
export interface SoakRequest extends ClientRequest {
  kind: string;
  expected: readonly number[];
}

/** Close to the 16 KiB of headers that Node's HTTP server accepts in total. */
const LONG = 15_000;
const VIEW = [200] as const;
/** An image may have been overwritten or deleted, or its client may be over its quota. */
const OR_GONE = [404, 429, 503] as const;
/** 0: the connection was closed while the rest of the body was being sent. */
const BODY_REFUSED = [413, 0] as const;

/**
 * Returns the request with a number; the kinds follow each other.
 * @param token of an image that is ready
 * @param mint returns a well-formed token that does not exist
 */
export function soakRequest(index: number, token: string, mint: () => string): SoakRequest {
  const headers = {
    'x-forwarded-for': `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
  };
  const view = `/${token}/w400`;
  const get = (kind: string, path: string, more: Record<string, string> = {}): SoakRequest => ({
    kind,
    path,
    headers: { ...headers, ...more },
    expected: [...VIEW, ...OR_GONE],
  });
  const unknown = (kind: string, path: string): SoakRequest => ({
    ...get(kind, path),
    expected: [404, 429],
  });
  const withBody = (kind: string, method: string, body: Buffer, more = {}): SoakRequest => ({
    ...get(kind, view, {
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...more,
    }),
    method,
    body,
    expected: BODY_REFUSED,
  });
  const requests: (() => SoakRequest)[] = [
    () => get('view', `${view}.webp`),
    () => get('negotiated view', view, { accept: 'image/avif,image/webp,*/*;q=0.8' }),
    () => get('view by width', `/${token}?w=300&dpr=2`),
    () => get('manifest', `/${token}`),
    () => ({
      ...get('revalidation', `${view}.jpg`, { 'if-none-match': '*' }),
      expected: [304, ...OR_GONE],
    }),
    () => ({
      ...get('range', `/${token}/w1600.jpg`, { range: 'bytes=100-2000' }),
      expected: [206, 416, ...VIEW, ...OR_GONE],
    }),
    () => ({ ...get('HEAD', view), method: 'HEAD' }),
    () => ({ ...get('disconnect', `/${token}/w1600`), disconnects: true }),
    () => unknown('unknown token', `/${mint()}/w400`),
    () => unknown('malformed token', `/${mint().slice(0, -1)}_/w400`),
    () => unknown('long path', `/${'a/'.repeat(LONG / 2)}`),
    () => ({
      ...get('long query', `/${token}?${'w=1&'.repeat(LONG / 4)}`),
      expected: [400, ...VIEW, ...OR_GONE],
    }),
    () => get('long Accept', view, { accept: 'image/x;q=0.1,'.repeat(LONG / 14) }),
    () => get('long Range', view, { range: `bytes=0-${' ,0-'.repeat(LONG / 4)}x` }),
    () => get('long If-None-Match', view, { 'if-none-match': '"a",W/"b",'.repeat(LONG / 10) }),
    () => get('long X-Forwarded-For', view, { 'x-forwarded-for': '1.2.3.4, '.repeat(LONG / 9) }),
    () => withBody('JSON body', 'POST', Buffer.from(JSON.stringify({ a: 'b'.repeat(LONG) }))),
    () => withBody('gzip body', 'GET', BOMB, { 'content-encoding': 'gzip' }),
    () => ({ ...get('method', view), method: 'DELETE', expected: [405] }),
    () => ({ ...get('preflight', view), method: 'OPTIONS', expected: [204] }),
  ];
  return (requests[index % requests.length] as () => SoakRequest)();
}

/** 16 MiB when inflated. */
const BOMB = gzipSync(Buffer.alloc(16 * 2 ** 20, ' '));
