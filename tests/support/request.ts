/** HTTP requests whose path is sent as it is; `fetch` would normalize `..` and escapes. */
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** One connection per request, so that none is closed by the server just as it is reused. */
const agent = new Agent({ keepAlive: false });

export interface RawRequest {
  method: string;
  /** `http://host:port/…` */
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends a request and reads the whole response. */
export function sendRequest(rawRequest: RawRequest): Promise<{ status: number; body: Buffer }> {
  const { method, url, headers, body = '' } = rawRequest;
  const [, origin = '', path = ''] = /^(http:\/\/[^/]+)(\/.*)$/.exec(url) ?? [];
  const { hostname, port } = new URL(origin);
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path, method, headers: { ...headers, ...length }, agent };
    request(options, (response) => {
      buffer(response).then((data) => {
        resolve({ status: response.statusCode ?? 0, body: data });
      }, reject);
    })
      .once('error', reject)
      .end(body);
  });
}
