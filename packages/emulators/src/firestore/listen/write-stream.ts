/** One Write stream: a handshake, then groups of writes that are committed in order. */
import { randomBytes } from 'node:crypto';
import type { Caller } from '../caller.js';
import { Code, StatusError, toStatusError } from '../errors.js';
import { documentsRoot, parseName } from '../names.js';
import type * as v1 from '../v1.js';
import type { OpenStream, Sink } from './sink.js';

/** What a Write stream needs of the service. */
export interface CommitService {
  commit(request: v1.CommitRequest, caller: Caller): Promise<v1.CommitResponse>;
}

/** Bytes of a stream's random identifier, with which each of its tokens begins. */
const ID_BYTES = 12;
/** The SDKs send at most 10 requests ahead of the responses; more than this is no SDK. */
const MAX_PENDING = 1_000;
/** Bytes of responses that the client has not taken; then the stream ends. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** Opens a Write stream. Writes of a client are subject to the rules, through `service.commit`. */
export class WriteStream implements OpenStream<v1.WriteRequest> {
  readonly #id = randomBytes(ID_BYTES);
  #database: string | undefined;
  #responses = 0;
  #pending = 0;
  #ended = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly service: CommitService,
    private readonly caller: Caller,
    private readonly sink: Sink<v1.WriteResponse>,
  ) {}

  receive(request: v1.WriteRequest): void {
    if (this.#ended) return;
    this.#pending += 1;
    if (this.#pending > MAX_PENDING) {
      this.#fail(new StatusError(Code.RESOURCE_EXHAUSTED, 'Too many writes await a response.'));
      return;
    }
    this.#queue = this.#queue.then(async () => {
      this.#pending -= 1;
      if (this.#ended) return;
      try {
        this.#send(await this.#handle(request));
      } catch (error) {
        this.#fail(toStatusError(error));
      }
    });
  }

  finish(): void {
    void this.#queue.then(() => {
      if (this.#ended) return;
      this.#ended = true;
      this.sink.end();
    });
  }

  close(): void {
    this.#ended = true;
  }

  async #handle(request: v1.WriteRequest): Promise<v1.WriteResponse> {
    const writes = request.writes ?? [];
    if (this.#database === undefined) return this.#handshake(request);
    this.#checkToken(request.streamToken);
    // An empty group commits nothing; clients send it to keep a stream open and before they leave.
    if (writes.length === 0) return {};
    const { writeResults, commitTime } = await this.service.commit(
      { database: this.#database, writes },
      this.caller,
    );
    return { writeResults: writeResults ?? [], commitTime: commitTime ?? null };
  }

  #handshake({ database, writes, streamId }: v1.WriteRequest): v1.WriteResponse {
    if (!database) {
      throw invalid('The first message of a Write stream must name the database.');
    }
    if (writes?.length) throw invalid('The first message of a Write stream must have no writes.');
    if (streamId) throw invalid('Write streams cannot be resumed: leave stream_id empty.');
    documentsRoot(parseName(database));
    this.#database = database;
    return { streamId: this.#id.toString('hex') };
  }

  /** Every token that this stream has issued is valid: clients send several requests ahead. */
  #checkToken(token: Uint8Array | null | undefined): void {
    const bytes = Buffer.from(token ?? []);
    const issued =
      bytes.length === ID_BYTES + 4 &&
      bytes.subarray(0, ID_BYTES).equals(this.#id) &&
      bytes.readUInt32BE(ID_BYTES) < this.#responses;
    if (!issued) throw invalid('The stream token is not one that this stream has issued.');
  }

  #send(response: v1.WriteResponse): void {
    if (this.#ended) return;
    const streamToken = Buffer.alloc(ID_BYTES + 4);
    this.#id.copy(streamToken);
    streamToken.writeUInt32BE(this.#responses, ID_BYTES);
    this.#responses += 1;
    this.sink.send({ ...response, streamToken });
    if (this.sink.buffered > MAX_BUFFERED_BYTES) {
      this.#fail(new StatusError(Code.RESOURCE_EXHAUSTED, 'The client does not read responses.'));
    }
  }

  #fail(error: StatusError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.sink.end(error);
  }
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
