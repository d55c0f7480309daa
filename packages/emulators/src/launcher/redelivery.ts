/**
 * What Eventarc does and the emulator does not: an event whose function has failed, or whose process
 * has died, is delivered again. All event functions of this project ask for that (`retry: true`).
 */
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { loadModule, prototypeOf, replace } from './patch.js';

/** Only events come this way; requests of clients and tasks have other paths. */
const EVENT_PATH = /^\/functions\/projects\/[^/]+\/triggers\//;
/** Milliseconds before the second delivery; twice as long before each one after it. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** So often at most: the function itself gives up after an hour. */
const MOST_DELIVERIES = 400;
/** Which delivery it is. */
const COUNT_HEADER = 'x-local-delivery';
/** So often a process is started that ended before it was ready. */
const STARTS = 3;
/**
 * So many events of one function at once, as so many instances; the others wait. All of them in the one
 * process there is here would each hold a transaction, and the stand-in for Firestore would hold a copy
 * of what each has read.
 */
const EVENTS_AT_ONCE = 10;

interface HubServer {
  (request: IncomingMessage, response: ServerResponse): void;
}

export function redeliverEvents(): void {
  const emulator = prototypeOf(loadModule('emulator/functionsEmulator'), 'FunctionsEmulator');
  replace(
    emulator,
    'createHubServer',
    (original) =>
      function createHubServer(...options) {
        const hub = original.apply(this, options) as HubServer;
        const lanes = new Map<string, Lane>();
        return createServer((incoming, response) => {
          const url = incoming.url ?? '';
          if (!EVENT_PATH.test(url)) return hub(incoming, response);
          const lane = lanes.get(url) ?? { underWay: 0, waiting: [] };
          lanes.set(url, lane);
          lane.waiting.push(() => {
            response.once('close', () => {
              lane.underWay -= 1;
              startWaiting(lane);
            });
            watch(incoming, response);
            hub(incoming, response);
          });
          startWaiting(lane);
        });
      },
  );
  // It leaves the event without any answer.
  replace(
    emulator,
    'startRuntime',
    (original) =>
      async function startRuntime(this: unknown, ...options) {
        for (let left = STARTS - 1; ; left--) {
          try {
            return await original.apply(this, options);
          } catch (error) {
            if (left === 0) throw error;
          }
        }
      },
  );
}

/** The events of one function. */
interface Lane {
  underWay: number;
  waiting: (() => void)[];
}

function startWaiting(lane: Lane): void {
  while (lane.underWay < EVENTS_AT_ONCE) {
    const start = lane.waiting.shift();
    if (start === undefined) return;
    lane.underWay += 1;
    start();
  }
}

function watch(incoming: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Known only while the connection is there.
  const { localAddress, localPort } = incoming.socket;
  response.once('close', () => {
    if (response.writableFinished && response.statusCode < 400) return;
    const delivery = Number(incoming.headers[COUNT_HEADER] ?? 1);
    if (delivery >= MOST_DELIVERIES) {
      console.error(`an event was given up after ${delivery} deliveries`);
      return;
    }
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (delivery - 1), LONGEST_WAIT_MS);
    const target = { host: localAddress, port: localPort, path: incoming.url };
    setTimeout(
      () => deliver(target, incoming.headers, Buffer.concat(chunks), delivery + 1),
      wait,
    ).unref();
  });
}

function deliver(
  target: RequestOptions,
  headers: IncomingHttpHeaders,
  body: Buffer,
  delivery: number,
): void {
  console.error(`an event is delivered again (${delivery})`);
  const again = request({
    ...target,
    method: 'POST',
    headers: { ...headers, 'content-length': body.length, [COUNT_HEADER]: String(delivery) },
  });
  again.on('response', (response) => response.resume());
  again.on('error', (error) => console.error(`an event was lost: ${error.message}`));
  again.end(body);
}
