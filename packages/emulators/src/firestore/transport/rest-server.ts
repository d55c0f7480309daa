/** The HTTP/1.1 interface of the emulator: web SDKs and the emulator's own API. */
import * as http from 'node:http';
import { identifyCaller } from '../caller.js';
import { Code, StatusError, toHttpError } from '../errors.js';
import { documentsRoot } from '../names.js';
import { MAX_REQUEST_BYTES } from './protocol.js';
import { handleRest, parseBody } from './rest-routes.js';
import type { Issue } from '../rules/rules-engine.js';
import type { FirestoreService } from '../service.js';

/** Creates an HTTP server for the service. It opens no port; the caller passes it sockets. */
export function createRestServer(service: FirestoreService): http.Server {
  return http.createServer((request, response) => {
    setCorsHeaders(request, response);
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    handle(service, request).then(
      (body) => send(response, 200, body),
      (error: unknown) => {
        const { status, body } = toHttpError(error);
        // The rest of a body that is too large is not read.
        if (!request.complete) response.setHeader('Connection', 'close');
        send(response, status, body);
      },
    );
  });
}

/** Returns the response body: text, or a value to be sent as JSON. */
async function handle(service: FirestoreService, request: http.IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method ?? 'GET';
  const body = await readBody(request);
  if (pathname === '/' && (method === 'GET' || method === 'HEAD')) return 'Ok\n';
  if (pathname.startsWith('/v1/')) {
    const caller = identifyCaller(request.headers.authorization);
    return handleRest(service, { method, path: pathname, search: searchParams, body }, caller);
  }
  const rules = /^\/emulator\/v1\/projects\/([^/:]+):securityRules$/.exec(pathname);
  if (rules && method === 'PUT') return loadRules(service, body);
  const documents = /^\/emulator\/v1\/projects\/([^/]+)\/databases\/([^/]+)\/documents$/.exec(
    pathname,
  );
  if (documents && method === 'DELETE') {
    const [, project = '', database = ''] = documents.map(decodeURIComponent);
    service.clear(documentsRoot({ project, database }));
    return {};
  }
  if (registerTrigger(service, method, pathname, searchParams, body)) return {};
  throw new StatusError(Code.NOT_FOUND, `Unknown endpoint: ${method} ${pathname}`);
}

/** As the Functions emulator calls it. @returns whether the path is that of a registration */
function registerTrigger(
  { triggers }: FirestoreService,
  method: string,
  path: string,
  search: URLSearchParams,
  body: string,
): boolean {
  const [, project = '', key] =
    /^\/emulator\/v1\/projects\/([^/]+)\/(?:eventarcTrigger|triggers\/([^/]+))$/
      .exec(path)
      ?.map((part: string | undefined) => part && decodeURIComponent(part)) ?? [];
  if (project === '' || method !== (key === undefined ? 'POST' : 'PUT')) return false;
  if (key !== undefined) triggers.registerV1(project, key, parseBody(body));
  else triggers.registerV2(project, search.get('eventarcTriggerId') ?? '', parseBody(body));
  return true;
}

function loadRules(service: FirestoreService, body: string): { issues?: Issue[] } {
  const message = parseBody(body) as { rules?: { files?: { name?: string; content?: string }[] } };
  const file = message.rules?.files?.[0];
  if (typeof file?.content !== 'string') {
    throw new StatusError(Code.INVALID_ARGUMENT, 'Expected {rules: {files: [{name, content}]}}.');
  }
  const issues = service.authorizer.load(file.content, file.name ?? 'firestore.rules');
  return issues.length > 0 ? { issues } : {};
}

async function readBody(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        `The request is larger than ${MAX_REQUEST_BYTES} bytes.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
  response.writeHead(status, { 'Content-Type': type });
  response.end(isText ? body : JSON.stringify(body));
}
