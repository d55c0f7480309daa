/**
 * Loaded into each process of a function (`node --require`): appends the times of its steps to the file in TRACE, and
 * has the decoding process load trace-decoder.js.
 */
import childProcess from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import { join } from 'node:path';

/** A step, with its times in milliseconds since 1970. */
export interface Step {
  /** The function, or `decoder`. */
  process: string;
  name: string;
  from: number;
  to: number;
}

const file = process.env['TRACE'];
const target = process.env['FUNCTION_TARGET'];
if (file !== undefined && target !== undefined) trace(file, target);

function trace(file: string, target: string): void {
  const now = () => performance.timeOrigin + performance.now();
  const write = (name: string, from: number, to = now()) =>
    appendFileSync(file, `${JSON.stringify({ process: target, name, from, to } satisfies Step)}\n`);
  const started = new WeakMap<object, number>();

  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    if (!request.url?.startsWith('/__/')) started.set(request, now());
  });
  subscribe('http.server.response.finish', (message) => {
    const { request } = message as { request: IncomingMessage };
    const from = started.get(request);
    if (from !== undefined) write('handled', from);
  });

  subscribe('http.client.request.start', (message) => {
    started.set((message as { request: ClientRequest }).request, now());
  });
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const from = started.get(request) ?? now();
    const { method } = request;
    const name = `${method} ${request.path.includes('alt=media') ? 'media' : 'object'}`;
    response.once('end', () => write(name, from));
  });
  subscribe('undici:request:create', (message) => {
    started.set((message as { request: object }).request, now());
  });
  subscribe('undici:request:trailers', (message) => {
    const { request } = message as { request: { method: string; path: string } };
    const from = started.get(request) ?? now();
    const kind = request.path.endsWith('/tasks') ? 'task' : 'object';
    write(`${request.method} ${request.path.includes('alt=media') ? 'media' : kind}`, from);
  });

  // Firestore uses gRPC.
  const connect = http2.connect;
  http2.connect = ((...args: Parameters<typeof connect>) => {
    const session = connect(...args);
    const request = session.request.bind(session);
    session.request = (headers, options) => {
      const path = headers && !Array.isArray(headers) ? headers[':path'] : undefined;
      const from = now();
      const stream = request(headers, options);
      stream.once('close', () => write(String(path).split('/').at(-1) ?? '', from));
      return stream;
    };
    return session;
  }) as typeof connect;

  const { spawn } = childProcess;
  childProcess.spawn = ((command: string, args: string[], options: childProcess.SpawnOptions) => {
    const script = args.findIndex((text) => text.endsWith('isolated-processor-child.js'));
    if (script < 0) return spawn(command, args, options);
    const decoder = join(__dirname, 'trace-decoder.js');
    const traced = [...args.slice(0, script), `--require=${decoder}`, ...args.slice(script)];
    return spawn(command, traced, { ...options, env: { ...options.env, TRACE: file } });
  }) as typeof spawn;
}
