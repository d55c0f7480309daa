/** The Listen and Write streams of the service, independent of the transport (gRPC or WebChannel). */
import type { Duplex } from 'node:stream';
import type { Caller } from '../caller.js';
import { toStatusError } from '../errors.js';
import type { FirestoreService } from '../service.js';
import { rewriteQuery } from '../store/query-rewrite.js';
import type * as v1 from '../v1.js';
import type { OpenStream, Sink } from './sink.js';
import { WriteStream } from './write-stream.js';

export type { OpenStream, Sink } from './sink.js';

/**
 * Opens a Listen stream for a caller, who stays the same until the stream ends.
 * @param sink receives the responses; its `end` is called when the stream fails
 */
export function openListen(
  service: FirestoreService,
  caller: Caller,
  sink: Sink<v1.ListenResponse>,
): OpenStream<v1.ListenRequest> {
  return new ListenStream(service, caller, sink);
}

/**
 * Opens a Write stream for a caller, who stays the same until the stream ends.
 * @param sink receives the responses; its `end` is called when a write fails, with its status
 */
export function openWrite(
  service: FirestoreService,
  caller: Caller,
  sink: Sink<v1.WriteResponse>,
): OpenStream<v1.WriteRequest> {
  return new WriteStream(service, caller, sink);
}

/** One stream of the in-memory database for each target, until the store publishes commits. */
class ListenStream implements OpenStream<v1.ListenRequest> {
  readonly #targets = new Map<number, Duplex>();
  #ended = false;

  constructor(
    private readonly service: FirestoreService,
    private readonly caller: Caller,
    private readonly sink: Sink<v1.ListenResponse>,
  ) {}

  receive(request: v1.ListenRequest): void {
    const id = request.addTarget?.targetId ?? request.removeTarget ?? 0;
    this.#handle(request, id).catch((error: unknown) => {
      const { code, message } = toStatusError(error);
      this.#remove(id, { code, message });
    });
  }

  close(): void {
    this.#ended = true;
    for (const target of this.#targets.values()) target.destroy();
    this.#targets.clear();
  }

  async #handle({ addTarget, database }: v1.ListenRequest, id: number): Promise<void> {
    if (!addTarget) {
      if (this.#targets.has(id)) this.#remove(id);
      return;
    }
    const { query, documents } = addTarget;
    if (documents) {
      await this.service.batchGet({ database, documents: documents.documents }, this.caller);
    } else if (query) {
      await this.service.runQuery(query, this.caller);
    }
    if (this.#ended) return;
    const target = this.service.openListen(database ?? '');
    this.#targets.set(id, target);
    target.on('data', (response: v1.ListenResponse) => {
      if (!this.#ended) this.sink.send(response);
    });
    target.on('error', (error: unknown) => {
      const { code, message } = toStatusError(error);
      this.#remove(id, { code, message });
    });
    const structuredQuery = rewriteQuery(query?.structuredQuery ?? {});
    const rewritten = query ? { ...addTarget, query: { ...query, structuredQuery } } : addTarget;
    target.write({ database, addTarget: rewritten });
  }

  #remove(id: number, cause?: { code: number; message: string }): void {
    this.#targets.get(id)?.destroy();
    this.#targets.delete(id);
    if (this.#ended) return;
    this.sink.send({
      targetChange: { targetChangeType: 'REMOVE', targetIds: [id], ...(cause && { cause }) },
    });
  }
}
