/**
 * Limits request bodies before functions-framework reads them. It inflates and parses a body of any request, up
 * to 1,024 MB, before it calls the function: 500 bytes of Brotli take 300 MB.
 *
 * It loads the function's module before it creates its server, and so does the functions emulator. So the module
 * can replace `emit` of `http.Server`, as OpenTelemetry's HTTP instrumentation does: a request that is refused is
 * never emitted.
 */
import { Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { BODY_FAILURES, type BodyFailureCode } from './errors.js';
import { bodyLength } from './serve/request-body.js';

/** A response without a stream. Header names and values alternate. */
export interface Refusal {
  status: number;
  headers: readonly string[];
  body: string;
}

export interface BodyLimit {
  /** The longest body, bytes as sent; 0 refuses chunked bodies as well, whatever their length. */
  maxBytes: number;
  /** Whether a body may have `Content-Encoding`. Its decoded size is not limited. */
  allowsEncoding: boolean;
  /** Builds the response; it must have `Connection: close`. */
  refuse: (code: BodyFailureCode) => Refusal;
}

/** For public callable functions; their data is a few identifiers. */
export const CALL_LIMIT: BodyLimit = {
  maxBytes: 64 * 2 ** 10,
  allowsEncoding: false,
  refuse: refuseCall,
};
/**
 * For private functions, which Google alone calls: a task has at most 1 MiB
 * (https://cloud.google.com/tasks/docs/quotas), an event 512 KiB (https://cloud.google.com/eventarc/docs/quotas).
 */
export const PRIVATE_LIMIT: BodyLimit = {
  maxBytes: 2 ** 20,
  allowsEncoding: true,
  refuse: refuseCall,
};

/** Time for the client to send the rest of a refused body, so that it reads the response; milliseconds. */
const LINGER_MS = 500;

type Emit = (this: Server, event: string, ...args: unknown[]) => boolean;

/**
 * Limits the bodies of all requests to servers that listen from now on.
 * @param prototype of the class of these servers
 */
export function limitRequestBodies(
  limit: BodyLimit,
  prototype: { emit: unknown } = Server.prototype,
): void {
  const original = prototype.emit as Emit;
  const emit: Emit = function (event, ...args) {
    if (event === 'request' || event === 'checkContinue') {
      const [request, response] = args as [IncomingMessage, ServerResponse];
      const failure = findFailure(request, limit);
      if (failure !== undefined) {
        request.resume().once('end', () => response.end());
        sendRefusal(limit.refuse(failure), request, response);
        return true;
      }
      if (event === 'request' && request.headers['transfer-encoding'] !== undefined) {
        limitChunks(request, response, limit);
      }
    } else if (event === 'listening' && this.listenerCount('checkContinue') === 0) {
      // Without a listener Node asks the client to send the body before the request is emitted.
      this.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        response.writeContinue();
        this.emit('request', request, response);
      });
    }
    return original.call(this, event, ...args);
  };
  prototype.emit = emit;
}

function findFailure({ headers }: IncomingMessage, limit: BodyLimit): BodyFailureCode | undefined {
  const isChunked = headers['transfer-encoding'] !== undefined;
  const length = bodyLength(headers);
  if (isChunked ? limit.maxBytes === 0 : length > limit.maxBytes) return 'body-too-large';
  const encoding = headers['content-encoding'] ?? 'identity';
  const isEncoded = (isChunked || length > 0) && encoding.toLowerCase() !== 'identity';
  return isEncoded && !limit.allowsEncoding ? 'body-encoded' : undefined;
}

/** Counts a chunked body as Node's parser adds it to the request, and discards it from the limit on. */
function limitChunks(request: IncomingMessage, response: ServerResponse, limit: BodyLimit): void {
  let bytes = 0;
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding) => {
    const wasRefused = bytes > limit.maxBytes;
    bytes += chunk?.length ?? 0;
    if (bytes <= limit.maxBytes) return push(chunk, encoding);
    if (!wasRefused && !response.headersSent) {
      sendRefusal(limit.refuse('body-too-large'), request, response);
    }
    if (chunk === null) response.end();
    // The parser goes on reading.
    return true;
  };
}

/**
 * Sends the response at once. The connection is closed when the body has ended, after LINGER_MS at the latest:
 * closed earlier, with data unread, it would be reset, and the client might lose the response (RFC 9112 section
 * 9.6).
 */
function sendRefusal(
  { status, headers, body }: Refusal,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.writeHead(status, headers as string[]);
  response.write(body);
  // A response to HEAD has no body that would take the headers along.
  response.flushHeaders();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  response.once('close', () => clearTimeout(timer));
}

/** In the form of the callable protocol: https://firebase.google.com/docs/functions/callable-reference. */
function refuseCall(code: BodyFailureCode): Refusal {
  const { status, publicMessage } = BODY_FAILURES[code];
  const body = JSON.stringify({ error: { status: 'INVALID_ARGUMENT', message: publicMessage } });
  const headers = [
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'Access-Control-Allow-Origin',
    '*',
    'Connection',
    'close',
  ];
  return { status, headers, body };
}
