/** One WebChannel session: a stream of the service over HTTP requests that come and go. */
import type { OpenStream, Sink } from '../../listen/sink.js';
import { Code, StatusError, toHttpError, toStatusError } from '../../errors.js';
import { chunk, controlArray, messageArray, type ClientMap } from './framing.js';

/** Where a session sends arrays: the response to the client's GET. */
export interface BackChannel {
  /** @param onTaken called when the connection has taken the text */
  write(text: string, onTaken: () => void): void;
  end(): void;
}

/** Times in milliseconds, sizes in bytes. */
export interface SessionLimits {
  /** Without a back channel for this long, the client is gone. */
  abandoned: number;
  /** An idle back channel gets a `noop` this often. */
  keepAlive: number;
  /** A back channel that has sent this much is ended; the client opens the next one. */
  bytesPerBackChannel: number;
  /** Messages of the client that arrived before an earlier one: their number. */
  pendingMaps: number;
  /** The same: their UTF-16 code units. */
  pendingCharacters: number;
  /** The same, of all sessions. */
  totalPendingCharacters: number;
}

/** The UTF-16 code units of messages that came before an earlier one, of all sessions. */
export interface PendingTotal {
  characters: number;
}

export const SESSION_LIMITS: SessionLimits = {
  abandoned: 60_000,
  keepAlive: 30_000,
  bytesPerBackChannel: 4 * 1024 * 1024,
  pendingMaps: 1000,
  pendingCharacters: 33 * 1024 * 1024,
  totalPendingCharacters: 128 * 1024 * 1024,
};

/** How messages of one kind of stream are read and written. */
export interface Codec<Request, Response> {
  /** @throws StatusError INVALID_ARGUMENT */
  parse(text: string): Request;
  /** @returns JSON */
  format(response: Response): string;
}

interface QueuedArray {
  number: number;
  text: string;
}

/** A session. The arrays that it sends are kept until the client acknowledges them. */
export class Session<Request, Response> implements Sink<Response> {
  readonly #stream: OpenStream<Request>;
  /** Not yet acknowledged, in order. */
  #arrays: QueuedArray[] = [];
  #lastNumber = 0;
  /** A client may have it: its number is not used again. */
  #lastSent = 0;
  #lastAcknowledged = 0;
  /** Bytes of `#arrays`. */
  #bytes = 0;
  /** Of these, bytes that no connection has taken. */
  #waiting = 0;
  #nextMap = 0;
  readonly #pendingMaps = new Map<number, string>();
  #pendingCharacters = 0;
  #back: { channel: BackChannel; isStreaming: boolean; sent: number; bytes: number } | undefined;
  #timer: NodeJS.Timeout;
  #hasEnded = false;
  #isClosed = false;

  /**
   * @param open opens the stream of the service that this session carries
   * @param onClosed called once: the session is over
   */
  constructor(
    readonly id: string,
    private readonly codec: Codec<Request, Response>,
    open: (sink: Sink<Response>) => OpenStream<Request>,
    private readonly onClosed: () => void,
    private readonly limits = SESSION_LIMITS,
    private readonly pendingTotal: PendingTotal = { characters: 0 },
  ) {
    this.#timer = this.#startTimer();
    this.#stream = open(this);
  }

  /** Bytes that no connection has taken: a client that streams acknowledges only with its next request. */
  get buffered(): number {
    return this.#waiting;
  }

  send(response: Response): void {
    if (!this.#hasEnded) this.#push((number) => messageArray(number, this.codec.format(response)));
  }

  end(error?: StatusError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (error) {
      if (error.code === (Code.RESOURCE_EXHAUSTED as number)) this.#dropUnsent();
      const json = JSON.stringify(toHttpError(error).body);
      this.#push((number) => messageArray(number, json));
    }
    this.#push((number) => controlArray(number, 'close'));
  }

  /**
   * Takes messages of the client in their order; one that came before is ignored.
   * @throws StatusError RESOURCE_EXHAUSTED when too many wait for an earlier one
   */
  receive(maps: readonly ClientMap[]): void {
    for (const { number, text } of maps) {
      if (this.#isClosed) return;
      if (number === this.#nextMap) this.#handleInOrder(text);
      else if (number > this.#nextMap && !this.#pendingMaps.has(number)) this.#wait(number, text);
    }
  }

  /** Forgets the arrays up to a number. */
  acknowledge(number: number): void {
    const count = this.#arrays.findIndex((array) => array.number > number);
    const done = this.#arrays.splice(0, count < 0 ? this.#arrays.length : count);
    for (const { text } of done) this.#bytes -= text.length;
    this.#waiting = Math.min(this.#waiting, this.#bytes);
    this.#lastAcknowledged = Math.max(this.#lastAcknowledged, Math.min(number, this.#lastNumber));
    if (this.#hasEnded && this.#arrays.length === 0) this.close();
  }

  /** What the response to a POST says: `[has a back channel, last array sent, bytes not acknowledged]`. */
  status(): string {
    return JSON.stringify([Number(this.#back !== undefined), this.#lastNumber, this.#bytes]);
  }

  /**
   * Sends arrays through a new back channel, which replaces the previous one; first those that the client has not
   * acknowledged.
   * @param isStreaming whether it stays open; otherwise it ends after the first arrays
   */
  attach(channel: BackChannel, isStreaming: boolean): void {
    this.#back?.channel.end();
    this.#back = { channel, isStreaming, sent: this.#lastAcknowledged, bytes: 0 };
    // What the previous connection has taken may be lost.
    this.#waiting = this.#bytes;
    this.#restartTimer();
    this.#flush();
  }

  /** The client's connection has ended. */
  detach(channel: BackChannel): void {
    if (this.#back?.channel !== channel) return;
    this.#back = undefined;
    this.#restartTimer();
  }

  /** Ends the session and its stream. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#stream.close();
    this.#back?.channel.end();
    this.#back = undefined;
    this.#arrays = [];
    this.#bytes = 0;
    this.#waiting = 0;
    this.#pendingMaps.clear();
    this.pendingTotal.characters -= this.#pendingCharacters;
    this.#pendingCharacters = 0;
    this.onClosed();
  }

  /** Keeps a message until those before it have come. */
  #wait(number: number, text: string): void {
    const characters = this.#pendingCharacters + text.length;
    const { pendingMaps, pendingCharacters, totalPendingCharacters } = this.limits;
    const total = this.pendingTotal.characters + text.length;
    const isTooMuch = characters > pendingCharacters || total > totalPendingCharacters;
    if (this.#pendingMaps.size >= pendingMaps || isTooMuch) {
      throw new StatusError(Code.RESOURCE_EXHAUSTED, 'Too many messages came out of order.');
    }
    this.#pendingMaps.set(number, text);
    this.#pendingCharacters = characters;
    this.pendingTotal.characters = total;
  }

  /** Handles the next message, then those that have waited for it. */
  #handleInOrder(first: string): void {
    let text: string | undefined = first;
    while (text !== undefined && !this.#isClosed) {
      this.#nextMap += 1;
      this.#handle(text);
      text = this.#pendingMaps.get(this.#nextMap);
      if (text === undefined) return;
      this.#pendingMaps.delete(this.#nextMap);
      this.#pendingCharacters -= text.length;
      this.pendingTotal.characters -= text.length;
    }
  }

  #handle(text: string): void {
    if (this.#hasEnded) return;
    try {
      this.#stream.receive(this.codec.parse(text));
    } catch (error) {
      this.end(toStatusError(error));
    }
  }

  #push(toText: (number: number) => string): void {
    if (this.#isClosed) return;
    const number = (this.#lastNumber += 1);
    const text = toText(number);
    this.#arrays.push({ number, text });
    this.#bytes += text.length;
    this.#waiting += text.length;
    this.#flush();
  }

  /** Forgets what no back channel has sent. */
  #dropUnsent(): void {
    const sent = Math.max(this.#lastSent, this.#lastAcknowledged);
    const kept = this.#arrays.filter(({ number }) => number <= sent);
    this.#arrays = kept;
    this.#bytes = kept.reduce((sum, { text }) => sum + text.length, 0);
    this.#waiting = Math.min(this.#waiting, this.#bytes);
    this.#lastNumber = sent;
  }

  /** Sends what the back channel has not sent yet. */
  #flush(): void {
    const back = this.#back;
    if (!back) return;
    const first = this.#arrays.findIndex(({ number }) => number > back.sent);
    if (first < 0) return;
    const arrays = this.#arrays.slice(first);
    const text = chunk(`[${arrays.map((array) => array.text).join(',')}]`);
    back.sent = this.#lastSent = this.#lastNumber;
    back.bytes += text.length;
    const bytes = arrays.reduce((sum, array) => sum + array.text.length, 0);
    back.channel.write(text, () => {
      const isCurrent = this.#back === back || this.#back === undefined;
      if (isCurrent) this.#waiting = Math.max(0, this.#waiting - bytes);
    });
    if (!back.isStreaming || back.bytes > this.limits.bytesPerBackChannel || this.#hasEnded) {
      this.#back = undefined;
      back.channel.end();
    }
    this.#restartTimer();
  }

  #startTimer(): NodeJS.Timeout {
    const { keepAlive, abandoned } = this.limits;
    const isOpen = this.#back !== undefined;
    const onTimeout = (): void => {
      if (isOpen) this.#push((number) => controlArray(number, 'noop'));
      else this.close();
    };
    const timer = setTimeout(onTimeout, isOpen ? keepAlive : abandoned);
    timer.unref();
    return timer;
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = this.#startTimer();
  }
}
