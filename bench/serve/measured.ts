/** Runs a server to measure, in a process of its own: `measured.js KIND ROOT`. */
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** `bare`: Node's HTTP server. `framework`: functions-framework with an empty handler. `serve`: with `serve`. */
export type Kind = 'bare' | 'framework' | 'serve';

/** Resources that the process has used so far. */
export interface Usage {
  /** User and system CPU time, microseconds. */
  cpu: number;
  /** Resident memory after a garbage collection, bytes. */
  rss: number;
}

function openServer(kind: Kind, root: string): Server {
  if (kind === 'bare') return createServer((_request, response) => response.end());
  const load = createRequire(join(root, 'package.json'));
  const { http } = load('@google-cloud/functions-framework') as {
    http: (name: string, handler: unknown) => void;
  };
  const { getTestServer } = load('@google-cloud/functions-framework/testing') as {
    getTestServer: (name: string) => Server;
  };
  const empty = (_request: unknown, response: { end: () => void }) => response.end();
  const serve = () => (load('./functions/lib/index.js') as { serve: unknown }).serve;
  http('measured', kind === 'framework' ? empty : serve());
  return getTestServer('measured');
}

const [kind, root] = process.argv.slice(2) as [Kind, string];
const server = openServer(kind, root);
process.on('message', () => {
  (globalThis as { gc?: () => void }).gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system, rss: process.memoryUsage().rss });
});
process.once('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
