/** The HTTP/1.1 interface of the emulator: web SDKs and the emulator's own API. */
import * as http from 'node:http';
import { identifyCaller } from '../caller.js';
import { Code, StatusError, toHttpError } from '../errors.js';
import { BodyReader } from './body-reader.js';
import { handleEmulatorRequest, TextBody } from './emulator-routes.js';
import type { HttpRequest } from './http-request.js';
import { MAX_REQUEST_BYTES } from './protocol.js';
import { handleRest, isStreamingMethod } from './rest-routes.js';
import type { FirestoreService } from '../service.js';
import { channelOf, handleChannel } from './webchannel/routes.js';
import { Sessions } from './webchannel/sessions.js';

/** The HTTP server, and what ends its WebChannel sessions. */
export interface RestServer {
  server: http.Server;
  close(): void;
}

/** Milliseconds in which a client must have sent the headers and the whole request. */
const TIMEOUTS: http.ServerOptions = { headersTimeout: 60_000, requestTimeout: 300_000 };

/** Creates an HTTP server for the service. It opens no port; the caller passes it sockets. */
export function createRestServer(service: FirestoreService, timeouts = TIMEOUTS): RestServer {
  const bodies = new BodyReader();
  const sessions = new Sessions(service);
  const server = http.createServer(timeouts, (incoming, response) => {
    setCorsHeaders(incoming, response);
    if (incoming.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const [, path = '/', query = ''] = /^([^?#]*)\??([^#]*)/.exec(incoming.url ?? '/') ?? [];
    const { origin } = incoming.headers;
    const request = {
      method: incoming.method ?? 'GET',
      path,
      search: new URLSearchParams(query),
      ...(origin !== undefined && { origin }),
    };
    const channel = channelOf(path);
    if (channel) {
      void handleChannel(sessions, bodies, channel, request.search, incoming, response);
      return;
    }
    bodies
      .read(incoming, MAX_REQUEST_BYTES)
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
  // A request that a busy client sends at the moment when Node closes an idle connection would be lost.
  server.keepAliveTimeout = 0;
  // Node limits how long headers and bodies may take only for a server that listens. This one gets its sockets from
  // another; the event starts the same checks, and `close` ends them.
  server.emit('listening');
  const close = (): void => {
    sessions.closeAll();
    server.close();
  };
  return { server, close };
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

function setCorsHeaders(request: http.IncomingMessage, response: http.ServerResponse): void {
  const requestedHeaders = request.headers['access-control-request-headers'];
  response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PUT, PATCH, DELETE, OPTIONS');
  response.setHeader(
    'Access-Control-Allow-Headers',
    requestedHeaders ?? 'Authorization, Content-Type',
  );
  // WebChannel requests are sent with credentials.
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Access-Control-Max-Age', '3600');
  response.setHeader('Vary', 'Origin');
}

function send(response: http.ServerResponse, status: number, body: unknown): void {
  const isText = body instanceof TextBody;
  const type = isText ? body.contentType : 'application/json; charset=utf-8';
  response.writeHead(status, { 'Content-Type': type });
  response.end(isText ? body.text : JSON.stringify(body));
}
