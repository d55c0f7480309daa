/**
 * Loaded into each process of a function (`node --require`): appends a line to the file in OBSERVATIONS for each
 * request that the function handles, and for each request that it sends. Functions in LOW_PRIORITY get the CPU time
 * that the others leave: in production they run on other machines.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import { constants, setPriority } from 'node:os';

/** What a function process did. */
export type Observation =
  | { kind: 'handled'; target: string; ms: number }
  | { kind: 'sent'; target: string; api: Api; method: string };

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
  const send = (api: Api, method: string) => write({ kind: 'sent', target, api, method });

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
    send(apiOf(String(request.getHeader('host'))), request.method);
  });
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { origin: string; method: string } };
    send(apiOf(new URL(request.origin).host), request.method);
  });

  // Firestore uses gRPC.
  const connect = http2.connect;
  http2.connect = ((...args: Parameters<typeof connect>) => {
    const session = connect(...args);
    const request = session.request.bind(session);
    session.request = (headers, options) => {
      const path = headers && !Array.isArray(headers) ? headers[':path'] : undefined;
      send('firestore', String(path).split('/').at(-1) ?? '');
      return request(headers, options);
    };
    return session;
  }) as typeof connect;
}

function apiOf(host: string): Api {
  const { STORAGE_EMULATOR_HOST = '', CLOUD_TASKS_EMULATOR_HOST = '' } = process.env;
  if (STORAGE_EMULATOR_HOST.endsWith(host)) return 'storage';
  return CLOUD_TASKS_EMULATOR_HOST === host ? 'tasks' : 'other';
}
