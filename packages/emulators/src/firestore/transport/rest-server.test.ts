import * as net from 'node:net';
import { once } from 'node:events';
import { Authorizer } from '../rules/authorizer.js';
import { rulesEngine } from '../rules/rules-adapter.js';
import { FirestoreService } from '../service.js';
import { createRestServer } from './rest-server.js';
import { openSharedPort } from './shared-port.js';
import { startFirestoreEmulator, type FirestoreEmulator } from '../index.js';

const ORIGIN = 'http://localhost:5173';

let emulator: FirestoreEmulator;

beforeAll(async () => {
  emulator = await startFirestoreEmulator({ host: '127.0.0.1', port: 0, projectId: 'demo-cors' });
});

afterAll(() => emulator.stop());

function request(path: string, init: RequestInit, headers: Record<string, string> = {}) {
  const url = `http://127.0.0.1:${emulator.port}${path}`;
  return fetch(url, { ...init, headers: { Origin: ORIGIN, ...headers } });
}

test('an idle connection stays open: the answer names no time after which it is closed', async () => {
  const response = await request('/', {});
  expect(response.headers.get('keep-alive')).toBeNull();
  expect(response.headers.get('connection')).not.toBe('close');
});

const CHANNEL = '/google.firestore.v1.Firestore/Listen/channel?VER=8';

test('a preflight request of any origin is allowed, with credentials and the headers it asks for', async () => {
  const requested = {
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'x-client',
  };
  const response = await request(CHANNEL, { method: 'OPTIONS' }, requested);
  expect(response.status).toBe(204);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': 'x-client',
    vary: 'Origin',
  });
});

test.each<[string, string, RequestInit, number]>([
  ['a session', CHANNEL, { method: 'POST', body: 'count=0' }, 200],
  ['an unknown session', `${CHANNEL}&SID=x&RID=rpc`, {}, 400],
  ['a form with errors', CHANNEL, { method: 'POST', body: 'count=x' }, 400],
  ['an unknown path', '/nothing', {}, 404],
  ['a REST request with errors', '/v1/projects/p/databases/d/documents/%ff', {}, 400],
])('the response to %s may be read by other origins', async (_name, path, init, status) => {
  const response = await request(path, init);
  expect(response.status).toBe(status);
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  await response.text();
});

test.each([
  ['headers', 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '],
  ['a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n'],
])('a client that sends %s too slowly gets 408', async (_name, text) => {
  const timeouts = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 };
  const rest = createRestServer(new FirestoreService(new Authorizer(rulesEngine)), timeouts);
  const port = await openSharedPort('127.0.0.1', 0, {
    http1: (socket) => rest.server.emit('connection', socket),
    http2: (socket) => socket.destroy(),
  });
  const client = net.connect(port.port, '127.0.0.1').on('error', () => undefined);
  client.write(text);
  const timer = setInterval(() => client.write('x'), 10);
  const [answer] = (await once(client, 'data')) as [Buffer];
  clearInterval(timer);
  expect(answer.toString()).toMatch(/^HTTP\/1.1 408 /);
  client.destroy();
  rest.close();
  await port.close();
});
