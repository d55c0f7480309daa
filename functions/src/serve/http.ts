/** Between Node's HTTP and `serve`: a request as data, an answer on the wire. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { ServeResponse } from './respond.js';
import type { Handler } from './handler.js';

/**
 * Answers one request. A client that goes away stops the reads that were made for it.
 * @returns a promise that ends when the answer was handed over; undefined when it was so at once
 */
export function handleHttp(
  request: IncomingMessage,
  response: ServerResponse,
  serve: Handler,
): Promise<void> | undefined {
  let departure: AbortController | undefined;
  const openDeparture = () => {
    const controller = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) controller.abort(new Error('the client went away'));
    });
    if (response.destroyed) controller.abort(new Error('the client went away'));
    return controller;
  };
  const reply = serve({
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers,
    peer: request.socket.remoteAddress,
    signal: () => (departure ??= openDeparture()).signal,
  });
  if (!(reply instanceof Promise)) return send(reply, response);
  return reply.then(
    (settled) => send(settled, response),
    (error: unknown) => {
      if (!departure?.signal.aborted) throw error;
    },
  );
}

/** A stream that fails midway cuts the connection: what came is shorter than its Content-Length. */
function send(
  { status, headers, body }: ServeResponse,
  response: ServerResponse,
): Promise<void> | undefined {
  response.writeHead(status, headers);
  if (body instanceof Readable) return new Promise((end) => pipeline(body, response, () => end()));
  response.end(body);
  return undefined;
}
