/** Between Node's HTTP and `serve`: a request as data, an answer on the wire. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { Reply } from './reply.js';
import type { Request } from './serve.js';

/**
 * Answers one request; ends when the answer was handed over. A client that goes away stops the reads
 * that were made for it.
 */
export async function handleHttp(
  request: IncomingMessage,
  response: ServerResponse,
  serve: (request: Request) => Promise<Reply>,
): Promise<void> {
  let departure: AbortController | undefined;
  const openDeparture = () => {
    const controller = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) controller.abort(new Error('the client went away'));
    });
    if (response.destroyed) controller.abort(new Error('the client went away'));
    return controller;
  };
  let reply: Reply;
  try {
    reply = await serve({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      peer: request.socket.remoteAddress,
      departure: () => (departure ??= openDeparture()).signal,
    });
  } catch (error) {
    if (departure?.signal.aborted) return;
    throw error;
  }
  const { status, headers, body } = reply;
  response.writeHead(status, headers);
  if (body instanceof Readable) await send(body, response);
  else response.end(body);
}

/** A stream that fails midway cuts the connection: what came is shorter than its Content-Length. */
function send(body: Readable, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => pipeline(body, response, () => resolve()));
}
