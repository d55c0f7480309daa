/**
 * Loaded into each process of a function (`node --require`): appends a line to the file in OBSERVATIONS for each
 * request that the function handles, and for each request that it sends. Functions in LOW_PRIORITY get the CPU time
 * that the others leave: in production they run on other machines. With COUNT_BILLED also the operations that are billed,
 * for which it reads all messages to and from Firestore; that takes CPU time of the function.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import http2, { type ClientHttp2Stream } from 'node:http2';
import { constants, setPriority } from 'node:os';
import {
  openGrpcCounter,
  storageOperation,
  type BilledOperation,
  type GrpcCounter,
} from './billed-operations.js';

/** What a function process did. */
export type Observation =
  | { kind: 'handled'; target: string; ms: number }
  | { kind: 'sent'; target: string; api: Api; method: string }
  | { kind: 'billed'; target: string; operation: BilledOperation };

export type Api = 'storage' | 'firestore' | 'tasks' | 'other';

const file = process.env['OBSERVATIONS'];
const target = process.env['FUNCTION_TARGET'];
if (file !== undefined && target !== undefined) {
  const low = process.env['LOW_PRIORITY']?.split(',') ?? [];
  if (low.includes(target)) setPriority(constants.priority.PRIORITY_LOW);
  observe(file, target);
}

function observe(file: string, target: string): void {
  const write = (observation: Observation) =>
    appendFileSync(file, `${JSON.stringify(observation)}\n`);
  const isCounted = process.env['COUNT_BILLED'] !== undefined;
  const bill = (operation: BilledOperation) => {
    if (isCounted) write({ kind: 'billed', target, operation });
  };
  const send = (api: Api, method: string, path: string) => {
    write({ kind: 'sent', target, api, method });
    const operation = api === 'storage' ? storageOperation(method, path) : undefined;
    if (operation !== undefined) bill(operation);
    // `serve` reads one document per request, without gRPC.
    if (path.endsWith(':batchGet')) bill('documentRead');
  };

  const started = new WeakMap<object, number>();
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    // The emulator asks whether the process is ready.
    if (!request.url?.startsWith('/__/')) started.set(request, performance.now());
  });
  subscribe('http.server.response.finish', (message) => {
    const { request } = message as { request: IncomingMessage };
    const start = started.get(request);
    if (start !== undefined) write({ kind: 'handled', target, ms: performance.now() - start });
  });

  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest };
    send(apiOf(String(request.getHeader('host'))), request.method, request.path);
  });
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { origin: string; method: string; path: string } };
    send(apiOf(new URL(request.origin).host), request.method, request.path);
  });

  // Firestore uses gRPC.
  const connect = http2.connect;
  http2.connect = ((...args: Parameters<typeof connect>) => {
    const session = connect(...args);
    const request = session.request.bind(session);
    session.request = (headers, options) => {
      const path = headers && !Array.isArray(headers) ? headers[':path'] : undefined;
      send('firestore', String(path).split('/').at(-1) ?? '', String(path));
      const stream = request(headers, options);
      return isCounted ? observeCall(stream, openGrpcCounter(String(path), bill)) : stream;
    };
    return session;
  }) as typeof connect;
}

/** Shows a counter what a call sends and receives. */
function observeCall(stream: ClientHttp2Stream, counter: GrpcCounter): ClientHttp2Stream {
  const write = stream.write.bind(stream) as (chunk: Uint8Array, ...rest: unknown[]) => boolean;
  const emit = stream.emit.bind(stream) as (name: string, ...rest: unknown[]) => boolean;
  return Object.assign(stream, {
    write(chunk: Uint8Array, ...rest: unknown[]) {
      counter.sent(chunk);
      return write(chunk, ...rest);
    },
    // Not a listener, with which the stream would begin to flow.
    emit(name: string, ...rest: unknown[]) {
      if (name === 'data') counter.received(rest[0] as Uint8Array);
      if (name === 'close') counter.ended();
      return emit(name, ...rest);
    },
  });
}

function apiOf(host: string): Api {
  const { STORAGE_EMULATOR_HOST = '', CLOUD_TASKS_EMULATOR_HOST = '' } = process.env;
  if (STORAGE_EMULATOR_HOST.endsWith(host)) return 'storage';
  return CLOUD_TASKS_EMULATOR_HOST === host ? 'tasks' : 'other';
}
