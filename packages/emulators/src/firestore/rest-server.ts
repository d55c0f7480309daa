/** The HTTP/1 side of the front: web SDKs, the storage rules runtime, the emulator's own API. */
import * as http from 'node:http';
import { identifyCaller } from './caller.js';
import { Code, StatusError, toHttpError } from './errors.js';
import { documentsRoot } from './names.js';
import { answerRest, parseBody } from './rest-routes.js';
import type { Issue } from './rules-engine.js';
import type { FirestoreService } from './service.js';

/** Firestore takes requests up to 10 MiB; the rest is room for what wraps them. */
const MOST_BYTES = 11 * 1024 * 1024;

/** An HTTP server for the service; it listens nowhere, its sockets are handed to it. */
export function makeRestServer(service: FirestoreService): http.Server {
  return http.createServer((request, response) => {
    allowOrigins(request, response);
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    answer(service, request).then(
      (body) => send(response, 200, body),
      (error: unknown) => {
        const { status, body } = toHttpError(error);
        // What is left of a body that was too long is not read.
        if (!request.complete) response.setHeader('Connection', 'close');
        send(response, status, body);
      },
    );
  });
}

/** What to send: text as it is, anything else as JSON. */
async function answer(service: FirestoreService, request: http.IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method ?? 'GET';
  const body = await readBody(request);
  if (pathname === '/' && (method === 'GET' || method === 'HEAD')) return 'Ok\n';
  if (pathname.startsWith('/v1/')) {
    const caller = identifyCaller(request.headers.authorization);
    return answerRest(service, { method, path: pathname, search: searchParams, body }, caller);
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
  throw new StatusError(Code.NOT_FOUND, `There is no ${method} ${pathname} here.`);
}

function loadRules(service: FirestoreService, body: string): { issues?: Issue[] } {
  const sent = parseBody(body) as { rules?: { files?: { name?: string; content?: string }[] } };
  const file = sent.rules?.files?.[0];
  if (typeof file?.content !== 'string') {
    throw new StatusError(Code.INVALID_ARGUMENT, 'Send {rules: {files: [{name, content}]}}.');
  }
  const issues = service.gate.load(file.content, file.name ?? 'firestore.rules');
  return issues.length > 0 ? { issues } : {};
}

async function readBody(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        `A request may have ${MOST_BYTES} bytes at most.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function allowOrigins(request: http.IncomingMessage, response: http.ServerResponse): void {
  const asked = request.headers['access-control-request-headers'];
  response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PUT, PATCH, DELETE, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', asked ?? 'Authorization, Content-Type');
  response.setHeader('Access-Control-Max-Age', '3600');
  response.setHeader('Vary', 'Origin');
}

function send(response: http.ServerResponse, status: number, body: unknown): void {
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
  response.writeHead(status, { 'Content-Type': type });
  response.end(isText ? body : JSON.stringify(body));
}
