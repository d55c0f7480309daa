/** The HTTP/1.1 interface of the emulator: web SDKs and the emulator's own API. */
import * as http from 'node:http';
import { identifyCaller } from '../caller.js';
import { Code, StatusError, toHttpError } from '../errors.js';
import { handleEmulatorRequest, TextBody } from './emulator-routes.js';
import type { HttpRequest } from './http-request.js';
import { MAX_REQUEST_BYTES } from './protocol.js';
import { handleRest, isStreamingMethod } from './rest-routes.js';
import type { FirestoreService } from '../service.js';

/** Bodies that are being read, of all requests together. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;

/** Creates an HTTP server for the service. It opens no port; the caller passes it sockets. */
export function createRestServer(service: FirestoreService): http.Server {
  const bodies = new BodyReader();
  return http.createServer((incoming, response) => {
    setCorsHeaders(incoming, response);
    if (incoming.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const [, path = '/', query = ''] = /^([^?#]*)\??([^#]*)/.exec(incoming.url ?? '/') ?? [];
    const request = { method: incoming.method ?? 'GET', path, search: new URLSearchParams(query) };
    bodies
      .read(incoming)
      .then((body) => handle(service, { ...request, body }, incoming.headers.authorization))
      .then(
        (body) => send(response, 200, body),
        (error: unknown) => {
          const { status, body } = toHttpError(error);
          // The rest of a body that is too large is not read.
          if (!incoming.complete) response.setHeader('Connection', 'close');
          send(response, status, isStreamingMethod({ ...request, body: '' }) ? [body] : body);
        },
      );
  });
}

/** Returns the response body: text, or a value to be sent as JSON. */
async function handle(
  service: FirestoreService,
  request: HttpRequest,
  authorization: string | undefined,
): Promise<unknown> {
  const { method, path, search } = request;
  if (path === '/' && (method === 'GET' || method === 'HEAD')) return TextBody.plain('Ok\n');
  if (path.startsWith('/v1/')) {
    const token = search.get('access_token');
    const header = authorization ?? (token === null ? undefined : `Bearer ${token}`);
    return handleRest(service, request, identifyCaller(header));
  }
  const response = handleEmulatorRequest(service, request);
  if (response !== undefined) return response;
  throw new StatusError(Code.NOT_FOUND, `Unknown endpoint: ${method} ${path}`);
}

/** Reads bodies, with bounds for one and for all that are being read. */
class BodyReader {
  #buffered = 0;

  /** @throws StatusError when the body or all bodies together are too large, or not UTF-8 */
  async read(request: http.IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      if (Number(request.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) throw tooLarge();
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        this.#buffered += chunk.length;
        if (size > MAX_REQUEST_BYTES) throw tooLarge();
        if (this.#buffered > MAX_BUFFERED_BYTES) {
          const message = 'The emulator reads too many large requests at once.';
          throw new StatusError(Code.UNAVAILABLE, message);
        }
        chunks.push(chunk);
      }
    } finally {
      this.#buffered -= size;
    }
    try {
      return new TextDecoder('utf8', { fatal: true }).decode(Buffer.concat(chunks));
    } catch {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        'Invalid JSON payload received. The body is not UTF-8.',
      );
    }
  }
}

function tooLarge(): StatusError {
  const message = `Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`;
  return new StatusError(Code.INVALID_ARGUMENT, message, [], 413);
}

function setCorsHeaders(request: http.IncomingMessage, response: http.ServerResponse): void {
  const requestedHeaders = request.headers['access-control-request-headers'];
  response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PUT, PATCH, DELETE, OPTIONS');
  response.setHeader(
    'Access-Control-Allow-Headers',
    requestedHeaders ?? 'Authorization, Content-Type',
  );
  response.setHeader('Access-Control-Max-Age', '3600');
  response.setHeader('Vary', 'Origin');
}

function send(response: http.ServerResponse, status: number, body: unknown): void {
  const isText = body instanceof TextBody;
  const type = isText ? body.contentType : 'application/json; charset=utf-8';
  response.writeHead(status, { 'Content-Type': type });
  response.end(isText ? body.text : JSON.stringify(body));
}
