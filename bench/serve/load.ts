/** Sends HTTP requests to another process over keep-alive connections. */
import { Agent, request as httpRequest } from 'node:http';
import { setInterval } from 'node:timers/promises';
import pLimit from 'p-limit';

export interface ClientRequest {
  path: string;
  /** `GET` by default. */
  method?: string;
  body?: Buffer;
  headers?: Record<string, string>;
  /** Whether the client disconnects when the response begins. */
  disconnects?: boolean;
}

export interface ClientResponse {
  /** 0 when the connection failed. */
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  /** Until the last byte, milliseconds. */
  ms: number;
}

export interface Client {
  send: (request: ClientRequest) => Promise<ClientResponse>;
  close: () => void;
}

/** How often `sendPaced` sends the requests that are due, milliseconds. */
const TICK_MS = 5;

/** @param connections maximum number */
export function openClient(port: number, connections = 100): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send = ({ path, method, headers = {}, body, disconnects = false }: ClientRequest) =>
    new Promise<ClientResponse>((resolve) => {
      const start = performance.now();
      const end = (status: number, received: ClientResponse['headers'] = {}) =>
        resolve({ status, headers: received, ms: performance.now() - start });
      const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent });
      request.once('error', () => end(0));
      request.once('response', (response) => {
        if (disconnects) {
          request.destroy();
          return end(response.statusCode ?? 0);
        }
        response.resume();
        response.once('end', () => end(response.statusCode ?? 0, response.headers));
        response.once('aborted', () => end(0));
      });
      request.end(body);
    });
  return { send, close: () => agent.destroy() };
}

/** Sends `count` requests as fast as the server responds, at most `concurrency` at a time. */
export async function sendAll(
  client: Client,
  count: number,
  concurrency: number,
  requestAt: (index: number) => ClientRequest,
): Promise<ClientResponse[]> {
  const limit = pLimit(concurrency);
  const indexes = Array.from({ length: count }, (_, index) => index);
  return limit.map(indexes, (index) => client.send(requestAt(index)));
}

/** Sends requests at a fixed rate, without waiting for responses, and returns all responses. */
export async function sendPaced(
  client: Client,
  perSecond: number,
  seconds: number,
  requestAt: (index: number) => ClientRequest,
): Promise<ClientResponse[]> {
  const responses: Promise<ClientResponse>[] = [];
  for await (const start of setInterval(TICK_MS, performance.now())) {
    const elapsed = (performance.now() - start) / 1000;
    const due = Math.floor(Math.min(elapsed, seconds) * perSecond);
    while (responses.length < due) responses.push(client.send(requestAt(responses.length)));
    if (elapsed >= seconds) break;
  }
  return Promise.all(responses);
}
