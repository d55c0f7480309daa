/** How the Listen and Write streams reach a client, whatever the transport. */
import type { StatusError } from '../errors.js';

/** The outgoing half of one stream. */
export interface Sink<T> {
  /** Sends a message. A message may be shared with other streams: it must not be changed. */
  send(message: T): void;
  /** Ends the stream: with the status OK, or with that of the error. Called at most once. */
  end(error?: StatusError): void;
  /** The bytes of all messages sent that the peer has not taken yet. */
  readonly buffered: number;
}

/** The incoming half of one stream. */
export interface OpenStream<T> {
  /** Takes the client's next message. Errors reach the client through the sink. */
  receive(request: T): void;
  /** The client sends no more: requests that wait are handled, then the stream ends with OK. */
  finish(): void;
  /** The client is gone: releases the stream. Nothing is sent afterwards. */
  close(): void;
}
