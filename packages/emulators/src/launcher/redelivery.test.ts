import { EventEmitter, on, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { redeliverEvents } from './redelivery.js';

const EVENT = '/functions/projects/demo/triggers/processImage';

interface Delivery {
  path: string;
  number: string | undefined;
  body: string;
  response: ServerResponse;
}

const deliveries: Delivery[] = [];
const arrivals = new EventEmitter();

/** Replaces the Functions emulator: the test responds to the requests. */
const mockEmulator = {
  createHubServer: () => (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const number = request.headers['x-local-delivery'] as string | undefined;
      deliveries.push({ path: request.url ?? '', number, body, response });
      arrivals.emit('delivery');
    });
  },
  startRuntime: jest.fn<Promise<string>, []>(),
  handleHttpsTrigger: (_request: IncomingMessage, response: ServerResponse) => {
    if (!startFails) response.end('handled');
    return Promise.resolve();
  },
  waitForSocketReady: () => new Promise<void>((resolve) => (reportReady = resolve)),
};
/** What the emulator does for a request that starts a process which does not become ready: nothing. */
let startFails = false;
let reportReady = () => {};
jest.mock('./patch.js', () => ({
  ...jest.requireActual<object>('./patch.js'),
  loadModule: () => ({}),
  prototypeOf: () => mockEmulator,
}));

const { startRuntime } = mockEmulator;
redeliverEvents();
const server = mockEmulator.createHubServer() as unknown as Server;

beforeAll(async () => {
  jest.spyOn(console, 'error').mockReturnValue();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => void deliveries.splice(0));

function post(path: string, body = ''): Promise<number> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return fetch(url, { method: 'POST', body }).then(({ status }) => status);
}

/** Waits until this many requests have reached the emulator. */
async function delivered(count: number): Promise<Delivery[]> {
  while (deliveries.length < count) await once(arrivals, 'delivery');
  return deliveries;
}

test('redelivers an event whose function failed, with the same body', async () => {
  const status = post(EVENT, 'event 1');
  const [first] = (await delivered(1)) as [Delivery];
  first.response.writeHead(500).end();
  expect(await status).toBe(500);
  const [, second] = (await delivered(2)) as [Delivery, Delivery];
  expect(second).toMatchObject({ path: EVENT, number: '2', body: 'event 1' });
  second.response.end();
});

test('redelivers an event whose process died', async () => {
  const status = post(EVENT, 'event 2');
  const [first] = (await delivered(1)) as [Delivery];
  first.response.destroy();
  await expect(status).rejects.toThrow();
  const [, second] = (await delivered(2)) as [Delivery, Delivery];
  expect(second).toMatchObject({ number: '2', body: 'event 2' });
  second.response.end();
});

test('drops the event of a function that no longer exists', async () => {
  const statuses = [post(EVENT, 'event 3')];
  (await delivered(1))[0]?.response.writeHead(404).end();
  await Promise.all(statuses);
  // Redelivered after the same time, so a redelivery of the first would arrive before.
  statuses.push(post(EVENT, 'event 4'));
  (await delivered(2))[1]?.response.writeHead(500).end();
  expect(await Promise.all(statuses)).toEqual([404, 500]);
  const [, , third] = await delivered(3);
  expect(third).toMatchObject({ number: '2', body: 'event 4' });
  third?.response.end();
});

test('handles at most 10 events of a function at the same time', async () => {
  const received = on(server, 'request');
  const statuses = Array.from({ length: 12 }, (_, n) => post(EVENT, `event ${n}`));
  for (let n = 0; n < 12; n++) await received.next();
  await received.return?.();
  await delivered(10);
  await nextTurn();
  expect(deliveries).toHaveLength(10);
  const other = post('/functions/projects/demo/triggers/cleanup');
  const later = (await delivered(11)).at(-1);
  expect(later?.path).toContain('cleanup');
  for (let n = 0; n < 13; n++) (await delivered(n + 1))[n]?.response.end();
  expect(await Promise.all([...statuses, other])).toEqual(Array(13).fill(200));
});

test('neither limits nor redelivers other requests', async () => {
  const statuses = Array.from({ length: 11 }, () => post('/demo/us-central1/serve'));
  for (const { response } of await delivered(11)) response.writeHead(500).end();
  expect(await Promise.all(statuses)).toEqual(Array(11).fill(500));
  expect(deliveries).toHaveLength(11);
});

test('starts a process up to 3 times', async () => {
  startRuntime.mockReset();
  const failure = new Error('failed to start');
  const patched = mockEmulator.startRuntime;
  expect(patched).not.toBe(startRuntime);
  startRuntime.mockRejectedValueOnce(failure).mockRejectedValueOnce(failure);
  startRuntime.mockResolvedValue('worker');
  expect(await patched()).toBe('worker');
  startRuntime.mockReset().mockRejectedValue(failure);
  await expect(patched()).rejects.toBe(failure);
  expect(startRuntime).toHaveBeenCalledTimes(3);
});

test('responds with 500 to a request whose process did not start, so that a queue retries its task', async () => {
  const handler = createServer(
    (request, response) => void mockEmulator.handleHttpsTrigger(request, response),
  );
  handler.listen(0, '127.0.0.1');
  await once(handler, 'listening');
  const url = `http://127.0.0.1:${(handler.address() as AddressInfo).port}`;
  startFails = true;
  expect((await fetch(url)).status).toBe(500);
  startFails = false;
  expect(await (await fetch(url)).text()).toBe('handled');
  handler.close();
  handler.closeAllConnections();
});

test('does not wait for a process that has ended', async () => {
  const process = new EventEmitter();
  const wait = () => mockEmulator.waitForSocketReady.call({ runtime: { process } });
  const start = wait();
  process.emit('exit');
  await expect(start).rejects.toThrow('its process ended before it was ready');
  const next = wait();
  reportReady();
  await next;
});
