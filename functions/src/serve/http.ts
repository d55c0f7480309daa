/** Adapts Node's HTTP server to the request handler. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHeaders, ServeRequest } from './context.js';
import type { Handler } from './handler.js';
import type { ServeResponse } from './refuse.js';

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
  const request = new HttpRequest(message, response);
  const result = handler(request);
  if (!(result instanceof Promise)) return send(result, response);
  return result.then(
    (resolved) => send(resolved, response),
    (error: unknown) => {
      if (!request.isAborted) throw error;
    },
  );
}

/** A class because its getter is cheaper than a getter of an object literal, on every request. */
class HttpRequest implements ServeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly remoteAddress: string | undefined;
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.method = message.method ?? '';
    this.url = message.url ?? '';
    this.headers = message.headers;
    this.remoteAddress = message.socket.remoteAddress;
    this.#response = response;
  }

  /** Created on first use: most requests are answered from memory and need no signal. */
  get signal(): AbortSignal {
    return (this.#controller ??= abortOnDisconnect(this.#response)).signal;
  }

  get isAborted(): boolean {
    return this.#controller?.signal.aborted ?? false;
  }
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
