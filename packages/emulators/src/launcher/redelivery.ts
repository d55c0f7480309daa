/**
 * Redelivers events as Eventarc does and the emulator does not: when a function fails, or its process
 * dies, the event is delivered again. This applies to all event functions, as if each had `retry: true`.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import type { SingleRequestFunctions } from './messages.js';
import { loadModule, prototypeOf, replace } from './patch.js';

/** Path of events; requests of clients and tasks have other paths. */
const EVENT_PATH = /^\/functions\/projects\/[^/]+\/triggers\//;
/** Delay before the second delivery; doubles with each further one. Milliseconds. */
const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;
/** Safety limit; functions stop retrying on their own after an hour. */
const MAX_DELIVERIES = 400;
/** Request header with the number of the delivery, from 1. */
const COUNT_HEADER = 'x-local-delivery';
/** Attempts to start a process that exits before it is ready. */
const MAX_STARTS = 3;
/**
 * Events of one function that are handled at the same time; the others wait. In production they are
 * spread over instances; here one process handles all, and each holds a transaction and the Firestore
 * emulator a copy of the documents that it read.
 */
const MAX_CONCURRENT_EVENTS = 10;

interface HubServer {
  (request: IncomingMessage, response: ServerResponse): void;
}

/**
 * Patches the Functions emulator: redelivery, a limit of concurrent events, repeated starts, a response when they fail.
 * @param single the number of its processes is the number of concurrent events
 */
export function redeliverEvents(single?: SingleRequestFunctions): void {
  const emulator = prototypeOf(loadModule('emulator/functionsEmulator'), 'FunctionsEmulator');
  replace(
    emulator,
    'createHubServer',
    (original) =>
      function createHubServer(...options) {
        const hub = original.apply(this, options) as HubServer;
        /** By path, which names the function. */
        const limits = new Map<string, LimitFunction>();
        return createServer((incoming, response) => {
          const path = incoming.url ?? '';
          if (!EVENT_PATH.test(path)) return hub(incoming, response);
          const limit = limits.get(path) ?? pLimit(single?.processes ?? MAX_CONCURRENT_EVENTS);
          limits.set(path, limit);
          void limit(async () => {
            const closed = new Promise((resolve) => response.once('close', resolve));
            redeliverOnFailure(incoming, response);
            hub(incoming, response);
            await closed;
          });
        });
      },
  );
  // When a start fails, the emulator never responds: a queue would wait for its task until the end of its deadline.
  replace(
    emulator,
    'handleHttpsTrigger',
    (original) =>
      async function handleHttpsTrigger(this: unknown, ...options) {
        await original.apply(this, options);
        const response = options[1] as ServerResponse;
        if (!response.headersSent) response.writeHead(500).end('The function did not start.');
      },
  );
  const worker = prototypeOf(loadModule('emulator/functionsRuntimeWorker'), 'RuntimeWorker');
  // The emulator would wait half a minute for the socket of a process that has ended.
  replace(
    worker,
    'waitForSocketReady',
    (original) =>
      function waitForSocketReady(this: unknown) {
        const { process } = (this as { runtime: { process: ChildProcess } }).runtime;
        const ended = once(process, 'exit').then(() => {
          throw new Error('its process ended before it was ready');
        });
        return Promise.race([original.call(this), ended]);
      },
  );
  replace(
    emulator,
    'startRuntime',
    (original) =>
      async function startRuntime(this: unknown, ...options) {
        for (let attempt = 1; ; attempt++) {
          try {
            return await original.apply(this, options);
          } catch (error) {
            if (attempt === MAX_STARTS) throw error;
          }
        }
      },
  );
}

function redeliverOnFailure(incoming: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Unavailable once the connection is closed.
  const { localAddress, localPort } = incoming.socket;
  response.once('close', () => {
    const { writableFinished, statusCode } = response;
    // 404: the function is no longer part of the code, but emulators still have its trigger.
    if (writableFinished && (statusCode < 400 || statusCode === 404)) return;
    const delivery = Number(incoming.headers[COUNT_HEADER] ?? 1);
    if (delivery >= MAX_DELIVERIES) {
      console.error(`event dropped after ${delivery} deliveries`);
      return;
    }
    const wait = Math.min(MIN_WAIT_MS * 2 ** (delivery - 1), MAX_WAIT_MS);
    const target = { host: localAddress, port: localPort, path: incoming.url };
    void delay(wait, undefined, { ref: false }).then(() =>
      deliver(target, incoming.headers, Buffer.concat(chunks), delivery + 1),
    );
  });
}

function deliver(
  target: RequestOptions,
  headers: IncomingHttpHeaders,
  body: Buffer,
  delivery: number,
): void {
  console.error(`redelivering event (delivery ${delivery})`);
  const outgoing = request({
    ...target,
    method: 'POST',
    headers: { ...headers, 'content-length': body.length, [COUNT_HEADER]: String(delivery) },
  });
  outgoing.on('response', (response) => response.resume());
  outgoing.on('error', (error) => console.error(`event lost: ${error.message}`));
  outgoing.end(body);
}
