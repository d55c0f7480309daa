/** Over a real connection: what `serve` says as data is what goes over the wire. */
import { once } from 'node:events';
import { createServer, get as httpGet, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { handleHttp } from './http.js';
import type { ServeResponse } from './respond.js';
import type { ServeRequest, Handler } from './handler.js';

/** Serves with a function of the test's own, for as long as the test goes. */
async function withServer(
  serve: Handler,
  use: (port: number) => Promise<void>,
): Promise<unknown[]> {
  const thrown: unknown[] = [];
  const server = createServer((request, response) => {
    handleHttp(request, response, serve)?.catch((error: unknown) => {
      thrown.push(error);
      response.destroy();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
  return thrown;
}

async function ask(port: number, path: string, headers = {}): Promise<[IncomingMessage, Buffer]> {
  const request = httpGet({ port, path, headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return [response, Buffer.concat((await response.toArray()) as Buffer[])];
}

test('a request arrives as it was sent, and an answer as it was made', async () => {
  const seen: ServeRequest[] = [];
  const serve = (request: ServeRequest) => {
    seen.push(request);
    return Promise.resolve({
      status: 200,
      headers: ['ETag', '"a"', 'Content-Length', '5'],
      body: 'hello',
    });
  };
  const thrown = await withServer(serve, async (port) => {
    const [response, body] = await ask(port, '/i/%2e?w=1', {
      Accept: 'image/webp',
      'If-Range': 'x',
    });
    expect([response.statusCode, response.headers.etag, String(body)]).toEqual([
      200,
      '"a"',
      'hello',
    ]);
  });
  const [{ method, url, headers, peer } = {} as ServeRequest] = seen;
  expect({ method, url, peer }).toEqual({ method: 'GET', url: '/i/%2e?w=1', peer: '127.0.0.1' });
  expect(headers).toMatchObject({ accept: 'image/webp', 'if-range': 'x' });
  expect(thrown).toEqual([]);
});

test('a stream is sent to its end', async () => {
  const chunks = Array.from({ length: 50 }, (_, at) => Buffer.alloc(10_000, at));
  const serve = () =>
    Promise.resolve({
      status: 200,
      headers: ['Content-Length', '500000'],
      body: Readable.from(chunks),
    });
  await withServer(serve, async (port) => {
    expect((await ask(port, '/'))[1].equals(Buffer.concat(chunks))).toBe(true);
  });
});

test('a stream that fails midway cuts the connection: nobody takes a part for the whole', async () => {
  const serve = () => {
    const body = new Readable({ read() {} });
    body.push(Buffer.alloc(10));
    setImmediate(() => body.destroy(new Error('down')));
    return Promise.resolve({ status: 200, headers: ['Content-Length', '20'], body });
  };
  const thrown = await withServer(serve, async (port) => {
    await expect(ask(port, '/')).rejects.toThrow(/aborted|hang up/);
  });
  expect(thrown).toEqual([]);
});

test('a client that goes away before the answer is told to whoever asks, and no error is left', async () => {
  let left: Promise<unknown> | undefined;
  const serve = (request: ServeRequest) =>
    new Promise<ServeResponse>((_resolve, reject) => {
      const signal = request.signal?.() as AbortSignal;
      left = once(signal, 'abort');
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      client?.destroy();
    });
  let client: ReturnType<typeof connect> | undefined;
  const thrown = await withServer(serve, async (port) => {
    client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'close');
    await left;
  });
  expect(left).toBeDefined();
  expect(thrown).toEqual([]);
});

test('a client that goes away during a stream ends the stream', async () => {
  const body = new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });
  const serve = () => Promise.resolve({ status: 200, headers: [], body });
  await withServer(serve, async (port) => {
    const client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'data');
    const closed = new Promise((resolve) => body.once('close', resolve));
    client.destroy();
    await closed;
  });
  expect(body.destroyed).toBe(true);
});

test('an error that is nobody’s departure is thrown to the platform', async () => {
  const thrown = await withServer(
    () => Promise.reject(new Error('a bug')),
    async (port) => {
      await expect(ask(port, '/')).rejects.toThrow();
    },
  );
  expect(thrown).toEqual([new Error('a bug')]);
});
