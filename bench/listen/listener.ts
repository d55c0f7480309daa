/**
 * A client of the Listen stream: gRPC frames over HTTP/2 without an SDK, so that the client costs less than the server.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import * as http2 from 'node:http2';
import { once } from 'node:events';
import type * as v1 from '../../packages/emulators/src/firestore/v1.js';

/** Encodes requests and decodes responses. */
export interface ListenCodec {
  encode(request: v1.ListenRequest): Buffer;
  decode(bytes: Buffer): v1.ListenResponse;
}

/** The length of the header of a gRPC frame: a flag and the length of the message. */
const HEADER_BYTES = 5;
const LISTEN_PATH = '/google.firestore.v1.Firestore/Listen';
export const TARGET_ID = 2;

export interface ListenerOptions {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** `projects/P/databases/D` */
  database: string;
  collectionId: string;
  codec: ListenCodec;
  /** Called for each consistent snapshot with the documents that have changed since the previous one. */
  onSnapshot(changed: v1.Document[]): void;
  /** Called when the stream ends before `close`. */
  onEnd(reason: string): void;
}

/** One query that is listened to over a connection of its own. */
export class Listener {
  readonly #session: http2.ClientHttp2Session;
  readonly #stream: http2.ClientHttp2Stream;
  #received: Buffer = Buffer.alloc(0);
  #changed: v1.Document[] = [];
  #isCurrent = false;
  #isClosed = false;

  constructor(private readonly options: ListenerOptions) {
    const { url, database, collectionId, codec } = options;
    this.#session = http2.connect(url);
    this.#session.on('error', (error: Error) => this.#end(error.message));
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': LISTEN_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: 'Bearer owner',
      'google-cloud-resource-prefix': database,
    });
    this.#stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#stream.on('error', (error: Error) => this.#end(error.message));
    this.#stream.on('trailers', (trailers: http2.IncomingHttpHeaders) => {
      this.#end(
        `grpc-status ${String(trailers['grpc-status'])}: ${String(trailers['grpc-message'])}`,
      );
    });
    this.#stream.on('close', () => this.#end('the stream has ended'));
    const query = {
      parent: `${database}/documents`,
      structuredQuery: { from: [{ collectionId }] },
    };
    this.#stream.write(
      frame(codec.encode({ database, addTarget: { query, targetId: TARGET_ID } })),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#session.destroyed) return;
    const closed = once(this.#session, 'close');
    this.#session.destroy();
    await closed;
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let at = 0;
    while (this.#received.length - at >= HEADER_BYTES) {
      const start = at + HEADER_BYTES;
      const end = start + this.#received.readUInt32BE(at + 1);
      if (end > this.#received.length) break;
      this.#handle(this.options.codec.decode(this.#received.subarray(start, end)));
      at = end;
    }
    this.#received = this.#received.subarray(at);
  }

  #handle({ targetChange, documentChange }: v1.ListenResponse): void {
    if (documentChange?.document) this.#changed.push(documentChange.document);
    if (!targetChange) return;
    const { targetChangeType, targetIds, readTime, cause } = targetChange;
    if (cause) this.#end(`the target has ended: ${cause.message}`);
    // Decoded messages have enum numbers: 3 is CURRENT, 0 is NO_CHANGE.
    const type = Number(targetChangeType ?? 0);
    if (type === 3) this.#isCurrent = true;
    const isSnapshot = type === 0 && !targetIds?.length && readTime;
    if (!isSnapshot || !this.#isCurrent) return;
    const changed = this.#changed;
    this.#changed = [];
    this.options.onSnapshot(changed);
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.options.onEnd(reason);
  }
}

function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
