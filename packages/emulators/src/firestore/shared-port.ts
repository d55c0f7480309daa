/** One TCP port for gRPC (HTTP/2) and HTTP/1: a connection's first bytes tell which it is. */
import * as net from 'node:net';

/** What every HTTP/2 connection begins with. */
const HTTP2_BEGINNING = Buffer.from('PRI');

/** Where connections of each kind go. */
export interface Takers {
  http2(socket: net.Socket): void;
  http1(socket: net.Socket): void;
}

/** An open port; closing it ends its connections. */
export interface SharedPort {
  port: number;
  close(): Promise<void>;
}

/** Opens the port; rejects with a sentence when it is taken. */
export async function openSharedPort(
  host: string,
  port: number,
  takers: Takers,
): Promise<SharedPort> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    peek(socket, (isHttp2) => (isHttp2 ? takers.http2(socket) : takers.http1(socket)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, host, port)));
    server.listen(port, host, resolve);
  });
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port: (server.address() as net.AddressInfo).port, close };
}

/** Looks at the first bytes, puts them back, and tells. */
function peek(socket: net.Socket, tell: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, HTTP2_BEGINNING.length);
    const fits = seen.subarray(0, length).equals(HTTP2_BEGINNING.subarray(0, length));
    if (fits && length < HTTP2_BEGINNING.length) return;
    socket.off('readable', look);
    socket.unshift(seen);
    tell(fits);
  };
  socket.on('readable', look);
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new Error(
    `Port ${port} on ${host} is taken: the Firestore stand-in cannot listen on it.`,
    {
      cause: error,
    },
  );
}
