/** Adapts Node's HTTP server to the request handler. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Handler } from './handler.js';
import type { ServeResponse } from './respond.js';

/**
 * Handles one HTTP request. When the client disconnects, reads that no other request waits for are
 * aborted.
 * @returns a promise that resolves when the response has been sent; undefined when it was sent
 *   synchronously
 */
export function handleHttp(
  message: IncomingMessage,
  response: ServerResponse,
  handler: Handler,
): Promise<void> | undefined {
  let controller: AbortController | undefined;
  const result = handler({
    method: message.method ?? '',
    url: message.url ?? '',
    headers: message.headers,
    remoteAddress: message.socket.remoteAddress,
    // Created on first use: most requests are answered from memory and need no signal.
    get signal() {
      return (controller ??= abortOnDisconnect(response)).signal;
    },
  });
  if (!(result instanceof Promise)) return send(result, response);
  return result.then(
    (resolved) => send(resolved, response),
    (error: unknown) => {
      if (!controller?.signal.aborted) throw error;
    },
  );
}

function abortOnDisconnect(response: ServerResponse): AbortController {
  const controller = new AbortController();
  const abort = () => controller.abort(new Error('client disconnected'));
  response.once('close', () => {
    if (!response.writableFinished) abort();
  });
  if (response.destroyed) abort();
  return controller;
}

/** If the body fails midway, the connection is closed before Content-Length bytes were sent. */
function send(
  { status, headers, body }: ServeResponse,
  response: ServerResponse,
): Promise<void> | undefined {
  response.writeHead(status, headers);
  // `pipeline` destroys the response when the body fails; there is nobody left to inform.
  if (body instanceof Readable) return pipeline(body, response).catch(() => undefined);
  response.end(body);
  return undefined;
}
