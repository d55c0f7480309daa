/** Sends requests over a real connection to a server with a handler of the test. */
import { once } from 'node:events';
import { createServer, get as httpGet, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ServeRequest } from './context.js';
import type { Handler } from './handler.js';
import { handleHttp } from './http.js';
import type { ServeResponse } from './refuse.js';

/** Runs a server while `use` runs. @returns what `handleHttp` rejected with */
async function withServer(
  handler: Handler,
  use: (port: number) => Promise<void>,
): Promise<unknown[]> {
  const thrown: unknown[] = [];
  const server = createServer((request, response) => {
    handleHttp(request, response, handler)?.catch((error: unknown) => {
      thrown.push(error);
      response.destroy();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
  return thrown;
}

async function get(port: number, path: string, headers = {}): Promise<[IncomingMessage, Buffer]> {
  const request = httpGet({ port, path, headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return [response, Buffer.concat((await response.toArray()) as Buffer[])];
}

test('passes request and response on unchanged', async () => {
  const received: ServeRequest[] = [];
  const handler = (request: ServeRequest) => {
    received.push(request);
    return Promise.resolve({
      status: 200,
      headers: ['ETag', '"a"', 'Content-Length', '5'],
      body: 'hello',
    });
  };
  const thrown = await withServer(handler, async (port) => {
    const [response, body] = await get(port, '/i/%2e?w=1', {
      Accept: 'image/webp',
      'If-Range': 'x',
    });
    expect([response.statusCode, response.headers.etag, String(body)]).toEqual([
      200,
      '"a"',
      'hello',
    ]);
  });
  const [{ method, url, headers, remoteAddress } = {} as ServeRequest] = received;
  expect({ method, url, remoteAddress }).toEqual({
    method: 'GET',
    url: '/i/%2e?w=1',
    remoteAddress: '127.0.0.1',
  });
  expect(headers).toMatchObject({ accept: 'image/webp', 'if-range': 'x' });
  expect(thrown).toEqual([]);
});

test('sends a stream to its end', async () => {
  const chunks = Array.from({ length: 50 }, (_, at) => Buffer.alloc(10_000, at));
  const handler = () =>
    Promise.resolve({
      status: 200,
      headers: ['Content-Length', '500000'],
      body: Readable.from(chunks),
    });
  await withServer(handler, async (port) => {
    expect((await get(port, '/'))[1].equals(Buffer.concat(chunks))).toBe(true);
  });
});

test('closes the connection when a stream fails midway', async () => {
  const handler = () => {
    const body = new Readable({ read() {} });
    body.push(Buffer.alloc(10));
    setImmediate(() => body.destroy(new Error('down')));
    return Promise.resolve({ status: 200, headers: ['Content-Length', '20'], body });
  };
  const thrown = await withServer(handler, async (port) => {
    await expect(get(port, '/')).rejects.toThrow(/aborted|hang up/);
  });
  expect(thrown).toEqual([]);
});

test('aborts the signal when the client disconnects before the response, without an error', async () => {
  let aborted: Promise<unknown> | undefined;
  const handler = (request: ServeRequest) =>
    new Promise<ServeResponse>((_resolve, reject) => {
      const { signal } = request;
      aborted = once(signal, 'abort');
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      client?.destroy();
    });
  let client: ReturnType<typeof connect> | undefined;
  const thrown = await withServer(handler, async (port) => {
    client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'close');
    await aborted;
  });
  expect(aborted).toBeDefined();
  expect(thrown).toEqual([]);
});

test('destroys the stream when the client disconnects', async () => {
  const body = new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });
  const handler = () => Promise.resolve({ status: 200, headers: [], body });
  await withServer(handler, async (port) => {
    const client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'data');
    const closed = new Promise((resolve) => body.once('close', resolve));
    client.destroy();
    await closed;
  });
  expect(body.destroyed).toBe(true);
});

test('rejects with an error that is not a disconnect', async () => {
  const thrown = await withServer(
    () => Promise.reject(new Error('a bug')),
    async (port) => {
      await expect(get(port, '/')).rejects.toThrow();
    },
  );
  expect(thrown).toEqual([new Error('a bug')]);
});
