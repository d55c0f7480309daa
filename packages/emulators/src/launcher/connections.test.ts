import { once } from 'node:events';
import { get, Server, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepConnectionsOpen } from './connections.js';

class EmulatorServer extends Server {}

/** @returns the Keep-Alive header: how long the server keeps an idle connection */
async function readKeepAlive(): Promise<string | undefined> {
  const server = new EmulatorServer((_request, response) => response.end());
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const headers = { Connection: 'keep-alive' };
    const request = get({ port: (server.address() as AddressInfo).port, headers });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.headers.connection).toBe('keep-alive');
    const { 'keep-alive': limit } = response.headers;
    return limit === undefined ? undefined : String(limit);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a server keeps idle connections open without a limit', async () => {
  expect(await readKeepAlive()).toBe('timeout=5');
  keepConnectionsOpen(EmulatorServer.prototype);
  expect(await readKeepAlive()).toBeUndefined();
});
