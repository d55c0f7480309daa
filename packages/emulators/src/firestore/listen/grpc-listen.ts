/** The bidirectional gRPC calls of the service: Listen and Write. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Caller } from '../caller.js';
import { Code, type StatusError, toServiceError } from '../errors.js';
import type { FirestoreService } from '../service.js';
import { OutgoingMessage } from '../transport/grpc-outgoing.js';
import { encode, methodShape } from '../transport/protocol.js';
import type * as v1 from '../v1.js';
import { type OpenStream, openListen, openWrite, type Sink } from './streams.js';

type Call = ServerDuplexStream<object, object>;

const listenResponse = methodShape('Listen').responseType;
const writeResponse = methodShape('Write').responseType;

/** Bytes of a stream that may be on their way to the client before its next message waits. */
const WINDOW_BYTES = 64 * 1024;

/** Encoded messages, so that a message for many streams is encoded once. */
const encodedListenResponses = new WeakMap<object, Buffer>();

/** Serves a Listen call. */
export function listen(service: FirestoreService, call: Call, caller: Caller): void {
  const sink = new CallSink<v1.ListenResponse>(call, encodeShared);
  connect(call, openListen(service, caller, sink));
}

/** Serves a Write call. */
export function write(service: FirestoreService, call: Call, caller: Caller): void {
  const sink = new CallSink<v1.WriteResponse>(call, (message) => encode(writeResponse, message));
  connect(call, openWrite(service, caller, sink));
}

/** Sends messages as bytes; those beyond the window wait here, so that what a slow client leaves can be dropped. */
class CallSink<T extends object> implements Sink<T> {
  buffered = 0;
  #queue: Buffer[] = [];
  #next = 0;
  /** Bytes that were passed on and that the connection has not taken. */
  #inFlight = 0;
  #finish: (() => void) | undefined;

  constructor(
    private readonly call: Call,
    private readonly encodeMessage: (message: T) => Buffer,
  ) {
    call.on('cancelled', () => this.#drop());
    call.on('close', () => this.#drop());
  }

  send(message: T): void {
    const bytes = this.encodeMessage(message);
    this.buffered += bytes.length;
    this.#queue.push(bytes);
    this.#write();
  }

  end(error?: StatusError): void {
    // A client that does not read would keep what is queued in memory for as long as it likes.
    if (error?.code === Code.RESOURCE_EXHAUSTED) this.#drop();
    this.#finish = () => {
      if (error) this.call.emit('error', toServiceError(error));
      else this.call.end();
    };
    this.#write();
  }

  #write(): void {
    while (this.#inFlight < WINDOW_BYTES) {
      const bytes = this.#queue[this.#next];
      if (!bytes) break;
      this.#next += 1;
      this.#inFlight += bytes.length;
      const onTaken = (): void => {
        this.#inFlight -= bytes.length;
        this.buffered -= bytes.length;
        this.#write();
      };
      this.call.write(new OutgoingMessage(bytes, onTaken));
    }
    if (this.#next < this.#queue.length) return;
    this.#queue = [];
    this.#next = 0;
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.();
  }

  #drop(): void {
    for (const bytes of this.#queue.slice(this.#next)) this.buffered -= bytes.length;
    this.#queue = [];
    this.#next = 0;
  }
}

function connect<T>(call: Call, stream: OpenStream<T>): void {
  call.on('data', (request: T) => stream.receive(request));
  call.on('end', () => stream.finish());
  call.on('cancelled', () => stream.close());
  call.on('close', () => stream.close());
}

function encodeShared(message: v1.ListenResponse): Buffer {
  let bytes = encodedListenResponses.get(message);
  if (!bytes) {
    bytes = encode(listenResponse, message);
    encodedListenResponses.set(message, bytes);
  }
  return bytes;
}
