/** Requests whose address goes out exactly as it is; `fetch` would tidy up `..` and escapes. */
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A connection a request: none stays open, and none is closed just as it is used again. */
const agent = new Agent({ keepAlive: false });

export interface Question {
  method: string;
  /** `http://host:port/…` */
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

/** The whole answer. */
export function ask(question: Question): Promise<{ status: number; body: Buffer }> {
  const { method, url, headers, body = '' } = question;
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
