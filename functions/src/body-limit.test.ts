/** Sends raw requests to a server whose class has a limit, and whose listener reads each body, as the framework does. */
import { once } from 'node:events';
import { Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { limitRequestBodies, PRIVATE_LIMIT, CALL_LIMIT, type BodyLimit } from './body-limit.js';

const NO_BODIES: BodyLimit = { ...CALL_LIMIT, maxBytes: 0 };
const SMALL: BodyLimit = { ...CALL_LIMIT, maxBytes: 10 };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Starts a server. @returns its port, and the bodies that its listener has read */
async function start(limit: BodyLimit) {
  class LimitedServer extends Server {}
  limitRequestBodies(limit, LimitedServer.prototype);
  const bodies: string[] = [];
  const server = new LimitedServer((request: IncomingMessage, response: ServerResponse) => {
    text(request).then(
      (body) => {
        bodies.push(body);
        response.end('read');
      },
      () => response.destroy(),
    );
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { port: (server.address() as AddressInfo).port, bodies };
}

/** Sends text and reads until the server closes the connection. */
async function send(port: number, ...parts: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  return text(socket);
}

const head = (method: string, ...headers: string[]) =>
  `${[`${method} / HTTP/1.1`, 'Host: x', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const chunk = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`;
const statusOf = (response: string) => /^HTTP\/1[.]1 (\d+)/.exec(response)?.[1];

describe('without any body allowed', () => {
  test.each([
    ['a GET request', head('GET')],
    ['Content-Length: 0', head('GET', 'Content-Length: 0')],
    ['an upgrade that no listener handles', head('GET', 'Connection: Upgrade', 'Upgrade: h2c')],
    ['Content-Encoding without a body', head('GET', 'Content-Encoding: gzip')],
    ['Expect: 100-continue without a body', head('GET', 'Expect: 100-continue')],
  ])('passes on %s', async (_title, request) => {
    const { port, bodies } = await start(NO_BODIES);
    expect(await send(port, request)).toContain('read');
    expect(bodies).toEqual(['']);
  });

  test.each([
    ['GET', ['Content-Length: 5'], 'hello'],
    ['HEAD', ['Content-Length: 5'], 'hello'],
    ['OPTIONS', ['Content-Length: 5'], 'hello'],
    ['POST', ['Content-Length: 0005'], 'hello'],
    ['GET', ['Transfer-Encoding: chunked'], `${chunk('hello')}${chunk('')}`],
    ['GET', ['Transfer-Encoding: chunked'], chunk('')],
    ['GET', ['Transfer-Encoding: gzip, chunked'], `${chunk('hello')}${chunk('')}`],
    ['GET', ['Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 5'], 'hello'],
    ['GET', ['Connection: Upgrade', 'Upgrade: websocket', 'Transfer-Encoding: chunked'], '5\r\n'],
  ])('refuses %s with %j, and closes the connection', async (method, headers, body) => {
    const { port, bodies } = await start(NO_BODIES);
    const response = await send(port, head(method, ...headers), body);
    expect(statusOf(response)).toBe('413');
    expect(response).toContain('Connection: close');
    expect(response.endsWith('}')).toBe(method !== 'HEAD');
    expect(bodies).toEqual([]);
  });

  test('refuses a request with Expect: 100-continue without asking for its body', async () => {
    const { port, bodies } = await start(NO_BODIES);
    const response = await send(port, head('PUT', 'Content-Length: 9', 'Expect: 100-continue'));
    expect([statusOf(response), bodies]).toEqual(['413', []]);
  });

  test('closes the connection of a client that sends its body slowly, or never', async () => {
    const { port } = await start(NO_BODIES);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(head('GET', 'Content-Length: 1000000'));
    const trickle = setInterval(() => socket.write('x'), 20);
    try {
      await readFirst(socket);
      await closed(socket);
    } finally {
      clearInterval(trickle);
    }
  });

  test('sends the response to a client that sends 10 MB before it reads', async () => {
    const { port, bodies } = await start(NO_BODIES);
    const body = 'x'.repeat(10 * 2 ** 20);
    const response = await send(port, head('POST', `Content-Length: ${body.length}`), body);
    expect([statusOf(response), bodies]).toEqual(['413', []]);
  });

  test('answers pipelined requests in order', async () => {
    const { port } = await start(NO_BODIES);
    const first = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const response = await send(port, first + head('GET', 'Content-Length: 2'), 'ab');
    expect(response.match(/HTTP\/1[.]1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 413']);
  });
});

/** Waits for the end of a connection, which may be reset: `once` of node:events would report that as a failure. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

async function readFirst(socket: Socket): Promise<void> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  expect(statusOf(data.toString())).toBe('413');
}

describe('with a limit of 10 bytes', () => {
  test.each([
    ['Content-Length', ['Content-Length: 10'], '0123456789'],
    ['chunks', ['Transfer-Encoding: chunked'], `${chunk('01234')}${chunk('56789')}${chunk('')}`],
    ['identity', ['Content-Length: 10', 'Content-Encoding: Identity'], '0123456789'],
    ['Expect: 100-continue', ['Content-Length: 10', 'Expect: 100-continue'], '0123456789'],
  ])('passes on a body of 10 bytes: %s', async (_title, headers, body) => {
    const { port, bodies } = await start(SMALL);
    expect(await send(port, head('POST', ...headers), body)).toContain('read');
    expect(bodies).toEqual(['0123456789']);
  });

  test.each([
    ['413', ['Content-Length: 11'], '01234567890'],
    ['413', ['Transfer-Encoding: chunked'], `${chunk('01234')}${chunk('567890')}${chunk('')}`],
    ['415', ['Content-Length: 3', 'Content-Encoding: gzip'], 'abc'],
    ['415', ['Transfer-Encoding: chunked', 'Content-Encoding: BR'], `${chunk('a')}${chunk('')}`],
  ])('refuses with %s: %j', async (status, headers, body) => {
    const { port, bodies } = await start(SMALL);
    const response = await send(port, head('POST', ...headers), body);
    expect([statusOf(response), bodies]).toEqual([status, []]);
    const json = JSON.parse(response.slice(response.indexOf('{'))) as object;
    expect(json).toMatchObject({ error: { status: 'INVALID_ARGUMENT' } });
  });

  test('closes the connection of a client that sends chunks without end', async () => {
    const { port, bodies } = await start(SMALL);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(head('POST', 'Transfer-Encoding: chunked'));
    const trickle = setInterval(() => socket.write(chunk('0123456')), 20);
    try {
      await readFirst(socket);
      await closed(socket);
    } finally {
      clearInterval(trickle);
    }
    expect(bodies).toEqual([]);
  });
});

test('private functions accept encoded bodies, up to the limit as sent', async () => {
  const { port, bodies } = await start({ ...PRIVATE_LIMIT, maxBytes: 3 });
  const headers = ['Content-Encoding: gzip'];
  expect(await send(port, head('POST', ...headers, 'Content-Length: 3'), 'abc')).toContain('read');
  expect(statusOf(await send(port, head('POST', ...headers, 'Content-Length: 4'), 'abcd'))).toBe(
    '413',
  );
  expect(bodies).toEqual(['abc']);
});
