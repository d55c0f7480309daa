/** One TCP port for gRPC (HTTP/2) and HTTP/1.1, distinguished by the first bytes of a connection. */
import { once } from 'node:events';
import * as net from 'node:net';

/** The start of the HTTP/2 connection preface (RFC 9113, section 3.4). */
const HTTP2_PREFACE = Buffer.from('PRI');

/** Limits of a port; the defaults fit a local emulator. */
export interface PortLimits {
  /** Open connections; further ones are closed at once. */
  connections: number;
  /** Milliseconds in which a client sends the first bytes. */
  firstBytes: number;
}

const LIMITS: PortLimits = {
  connections: 10_000,
  // Browsers open connections before they need them.
  firstBytes: 120_000,
};

/** Handlers of new connections. */
export interface ConnectionHandlers {
  http2(socket: net.Socket): void;
  http1(socket: net.Socket): void;
}

/** An open port; `close` also closes its connections. */
export interface SharedPort {
  port: number;
  close(): Promise<void>;
}

/**
 * Opens the port.
 * @throws Error when the port is in use
 */
export async function openSharedPort(
  host: string,
  port: number,
  handlers: ConnectionHandlers,
  limits = LIMITS,
): Promise<SharedPort> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(), limits.firstBytes);
    socket.once('close', () => clearTimeout(timer));
    detectHttp2(socket, (isHttp2) => {
      clearTimeout(timer);
      if (isHttp2) handlers.http2(socket);
      else handlers.http1(socket);
    });
  });
  server.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explainListenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: (server.address() as net.AddressInfo).port, close };
}

/** Reads the first bytes, puts them back, and calls `callback`. */
function detectHttp2(socket: net.Socket, callback: (isHttp2: boolean) => void): void {
  let received = Buffer.alloc(0);
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    received = Buffer.concat([received, chunk]);
    const length = Math.min(received.length, HTTP2_PREFACE.length);
    const isPreface = received.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (isPreface && length < HTTP2_PREFACE.length) return;
    socket.off('readable', onReadable);
    socket.unshift(received);
    callback(isPreface);
  };
  socket.on('readable', onReadable);
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new Error(
    `Port ${port} on ${host} is in use: the Firestore emulator cannot listen on it.`,
    { cause: error },
  );
}
