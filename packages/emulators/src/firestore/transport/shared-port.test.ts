import { once } from 'node:events';
import * as net from 'node:net';
import { openSharedPort, type SharedPort } from './shared-port.js';

const LIMITS = { connections: 2, firstBytes: 50 };

let port: SharedPort;
/** The first bytes that each handler got. */
let received: string[];

beforeEach(async () => {
  received = [];
  const keep = (name: string) => (socket: net.Socket) => {
    socket.once('data', (bytes) => {
      received.push(`${name} ${bytes.toString()}`);
      socket.write('ok');
    });
  };
  const handlers = { http1: keep('HTTP/1'), http2: keep('HTTP/2') };
  port = await openSharedPort('127.0.0.1', 0, handlers, LIMITS);
});
afterEach(() => port.close());

function connect(): net.Socket {
  return net.connect(port.port, '127.0.0.1').on('error', () => undefined);
}

test.each([
  ['HTTP/2', 'PRI * HTTP/2.0'],
  ['HTTP/1', 'PUT / HTTP/1.1'],
  ['HTTP/1', 'GET / HTTP/1.1'],
  ['HTTP/1', '\0\xff'],
])('%s gets a connection that begins with %j', async (name, text) => {
  const socket = connect();
  socket.write(text);
  await once(socket, 'data');
  expect(received).toEqual([`${name} ${Buffer.from(text).toString()}`]);
  socket.destroy();
});

test('puts the first bytes together that come one by one', async () => {
  const socket = connect().setNoDelay(true);
  for (const character of 'PRI') {
    socket.write(character);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await once(socket, 'data');
  expect(received).toEqual(['HTTP/2 PRI']);
  socket.destroy();
});

test.each(['', 'P', 'PR'])('closes a connection that sends only %j', async (text) => {
  const socket = connect();
  socket.write(text);
  socket.resume();
  await once(socket, 'close');
  expect(received).toEqual([]);
});

test('keeps a connection whose first bytes have come', async () => {
  const socket = connect();
  socket.write('GET');
  await once(socket, 'data');
  // One that came later has been closed meanwhile.
  const silent = connect().resume();
  await once(silent, 'close');
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});

test('closes connections above the limit, and takes new ones when others have ended', async () => {
  const open = [connect(), connect()];
  for (const socket of open) {
    socket.write('GET');
    await once(socket, 'data');
  }
  const refused = connect();
  refused.write('GET');
  refused.resume();
  await once(refused, 'close');
  for (const socket of open) {
    socket.destroy();
    await once(socket, 'close');
  }
  // The port learns of the end a moment later: until then it closes new ones.
  for (let isOpen = false; !isOpen;) {
    const next = connect();
    next.write('GET');
    const answered = once(next, 'data').then(() => true);
    const closed = once(next, 'close').then(() => false);
    isOpen = await Promise.race([answered, closed]);
    next.destroy();
  }
});
