/** The Listen and Write streams of the service, independent of the transport (gRPC or WebChannel). */
import type { Caller } from '../caller.js';
import { toStatusError } from '../errors.js';
import type { FirestoreService } from '../service.js';
import { compileQuery } from '../store/compiled-query.js';
import type { Store } from '../store/store.js';
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

/** Sends the state of each target, then what changes with each commit. */
class ListenStream implements OpenStream<v1.ListenRequest> {
  readonly #targets = new Map<number, () => void>();
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
    for (const end of this.#targets.values()) end();
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
    this.#targets.set(id, this.#open(this.service.storeOf(database ?? ''), addTarget, id));
  }

  #open(store: Store, target: Target, id: number): () => void {
    const targetIds = [id];
    const read = reader(store, target);
    let sent = new Map<string, v1.Document>();
    const update = (): void => {
      const found = read();
      for (const [name, document] of found) {
        if (sent.get(name) !== document)
          this.sink.send({ documentChange: { document, targetIds } });
      }
      for (const name of sent.keys()) {
        if (found.has(name)) continue;
        const removed = { document: name, removedTargetIds: targetIds, readTime: store.now() };
        this.sink.send(
          store.read(name) ? { documentRemove: removed } : { documentDelete: removed },
        );
      }
      sent = found;
    };
    const snapshot = (): void => {
      this.sink.send({ targetChange: { targetChangeType: 'NO_CHANGE', readTime: store.now() } });
    };
    this.sink.send({ targetChange: { targetChangeType: 'ADD', targetIds } });
    update();
    const readTime = store.now();
    this.sink.send({ targetChange: { targetChangeType: 'CURRENT', targetIds, readTime } });
    snapshot();
    return store.onCommit(() => {
      update();
      snapshot();
    });
  }

  #remove(id: number, cause?: { code: number; message: string }): void {
    this.#targets.get(id)?.();
    this.#targets.delete(id);
    if (this.#ended) return;
    this.sink.send({
      targetChange: { targetChangeType: 'REMOVE', targetIds: [id], ...(cause && { cause }) },
    });
  }
}

type Target = NonNullable<v1.ListenRequest['addTarget']>;

function reader(store: Store, { query, documents }: Target): () => Map<string, v1.Document> {
  const byName = (found: readonly v1.Document[]) =>
    new Map(found.map((document) => [document.name ?? '', document]));
  if (documents) {
    const names = documents.documents ?? [];
    return () => byName(names.flatMap((name) => store.read(name) ?? []));
  }
  const compiled = compileQuery(query?.parent ?? '', query?.structuredQuery ?? {});
  return () => byName(store.query(compiled));
}
