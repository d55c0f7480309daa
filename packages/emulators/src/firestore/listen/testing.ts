/** Test helpers: Listen streams on a store, without a server. */
import type { Caller } from '../caller.js';
import type { StatusError } from '../errors.js';
import { Store } from '../store/store.js';
import { compareTimestamps } from '../store/times.js';
import type * as v1 from '../v1.js';
import { DEFAULT_LIMITS, type ListenLimits } from './limits.js';
import { type ListenContext, ListenStream } from './listen-stream.js';
import type { Sink } from './sink.js';
import { createListenContext } from './streams.js';

export const DATABASE = 'projects/p/databases/(default)';
export const ROOT = `${DATABASE}/documents`;
export const OWNER: Caller = { kind: 'owner' };
export const CLIENT: Caller = { kind: 'client', auth: null };

/** Rules as a function: throws to deny. */
export type FakeRules = Partial<ListenContext['authorizer']>;

/** Keeps what was sent. */
export class FakeSink<T> implements Sink<T> {
  readonly sent: T[] = [];
  buffered = 0;
  ended = false;
  error: StatusError | undefined;

  /** @param bytesOf the bytes that a message stays in the buffer with; default: the client reads at once */
  constructor(private readonly bytesOf: (message: T) => number = () => 0) {}

  send(message: T): void {
    if (this.ended) throw new Error('sent after the end');
    this.sent.push(message);
    this.buffered += this.bytesOf(message);
  }

  end(error?: StatusError): void {
    if (this.ended) throw new Error('ended twice');
    this.ended = true;
    this.error = error;
  }

  /** What was sent since the last call. */
  take(): T[] {
    return this.sent.splice(0);
  }
}

export interface Fixture {
  store: Store;
  context: ListenContext;
  open: (options?: { caller?: Caller; sink?: FakeSink<v1.ListenResponse> }) => {
    stream: ListenStream;
    sink: FakeSink<v1.ListenResponse>;
  };
}

/** An empty store and what its streams share. */
export function createFixture(rules: FakeRules = {}, limits: Partial<ListenLimits> = {}): Fixture {
  const store = new Store();
  const authorizer = {
    authorizeGet: () => Promise.resolve(),
    authorizeList: () => Promise.resolve(),
    ...rules,
  };
  const service = { authorizer, storeOf: () => store } as unknown as Parameters<
    typeof createListenContext
  >[0];
  const context = createListenContext(service, { ...DEFAULT_LIMITS, ...limits });
  contexts.push(context);
  return {
    store,
    context,
    open: ({ caller = OWNER, sink = new FakeSink<v1.ListenResponse>() } = {}) => ({
      stream: new ListenStream(context, caller, sink),
      sink,
    }),
  };
}

/** The contexts of the fixtures of a test file. */
const contexts: ListenContext[] = [];

/** Lets requests, rules and the next round of changes happen. */
export async function settle(): Promise<void> {
  const isCurrent = () => contexts.every((context) => context.hubOf(ROOT).isCurrent);
  for (let turn = 0; turn < 3 || !isCurrent(); turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setImmediate(resolve));
}

export function queryTarget(
  targetId: number,
  query: v1.Query,
  more: object = {},
): v1.ListenRequest {
  const structuredQuery = { from: [{ collectionId: 'c' }], ...query };
  return {
    database: DATABASE,
    addTarget: { targetId, query: { parent: ROOT, structuredQuery }, ...more },
  };
}

export function documentsTarget(
  targetId: number,
  paths: string[],
  more: object = {},
): v1.ListenRequest {
  const documents = paths.map((path) => `${ROOT}/${path}`);
  return { database: DATABASE, addTarget: { targetId, documents: { documents }, ...more } };
}

/** A message in short, as tests compare it. */
export function inShort(message: v1.ListenResponse): string {
  const { targetChange, documentChange, documentDelete, documentRemove, filter } = message;
  const ids = (list: readonly number[] | null | undefined) => (list ?? []).join();
  const path = (name: string | null | undefined) => (name ?? '').slice(ROOT.length + 1);
  if (targetChange) {
    const { targetChangeType, targetIds, cause } = targetChange;
    return [targetChangeType, ids(targetIds), ...(cause ? [`code ${cause.code}`] : [])].join(' ');
  }
  if (documentChange) {
    const { document, targetIds, removedTargetIds } = documentChange;
    return `change ${path(document?.name)} +${ids(targetIds)} -${ids(removedTargetIds)}`;
  }
  if (documentDelete)
    return `delete ${path(documentDelete.document)} -${ids(documentDelete.removedTargetIds)}`;
  if (documentRemove)
    return `remove ${path(documentRemove.document)} -${ids(documentRemove.removedTargetIds)}`;
  return `filter ${filter?.targetId} ${filter?.count}`;
}

/** A client's knowledge, built from the messages of one stream as the SDKs do. */
export class ClientModel {
  readonly #results = new Map<number, Map<string, v1.Document>>();
  readonly #current = new Set<number>();
  /** Requests per target that the server has not answered: until then, messages mean an earlier target. */
  readonly #pending = new Map<number, number>();
  readTime: v1.Timestamp = { seconds: 0, nanos: 0 };
  resumeToken: Uint8Array = Buffer.alloc(0);

  /** @param onSnapshot called with each global read time */
  constructor(private readonly onSnapshot: (model: ClientModel) => void = () => undefined) {}

  /** The stream ended: what is held stays. @returns the targets that were current */
  disconnect(): Set<number> {
    const current = new Set(this.#current);
    this.#current.clear();
    this.#pending.clear();
    return current;
  }

  /** Call it for each target that is added or removed. */
  request(targetId: number): void {
    this.#current.delete(targetId);
    this.#pending.set(targetId, (this.#pending.get(targetId) ?? 0) + 1);
  }

  isCurrent(targetId: number): boolean {
    return this.#current.has(targetId);
  }

  results(targetId: number): Map<string, v1.Document> {
    let results = this.#results.get(targetId);
    if (!results) this.#results.set(targetId, (results = new Map<string, v1.Document>()));
    return results;
  }

  receive({
    targetChange,
    documentChange,
    documentDelete,
    documentRemove,
    filter,
  }: v1.ListenResponse): void {
    if (targetChange) this.#changeTargets(targetChange);
    const name =
      documentChange?.document?.name ?? documentDelete?.document ?? documentRemove?.document;
    const left = documentChange ?? documentDelete ?? documentRemove;
    for (const id of this.#active(left?.removedTargetIds)) this.results(id).delete(name ?? '');
    for (const id of this.#active(documentChange?.targetIds)) {
      this.results(id).set(name ?? '', documentChange?.document ?? {});
    }
    const [counted] = this.#active(filter ? [filter.targetId ?? 0] : []);
    const count = filter?.count ?? 0;
    if (counted !== undefined && this.results(counted).size !== count) {
      throw new Error(`existence filter: ${count} expected`);
    }
  }

  #active(targetIds: readonly number[] | null | undefined): number[] {
    return (targetIds ?? []).filter((id) => !this.#pending.get(id));
  }

  #changeTargets({ targetChangeType, targetIds, readTime, resumeToken }: v1.TargetChange): void {
    for (const id of targetIds ?? []) {
      if (targetChangeType === 'ADD' || targetChangeType === 'REMOVE') {
        this.#pending.set(id, (this.#pending.get(id) ?? 0) - 1);
      }
    }
    for (const id of this.#active(targetIds)) {
      if (targetChangeType === 'RESET') this.results(id).clear();
      if (targetChangeType === 'CURRENT') this.#current.add(id);
      if (targetChangeType === 'REMOVE') {
        this.#current.delete(id);
        this.#results.delete(id);
      }
    }
    if (targetChangeType !== 'NO_CHANGE' || targetIds?.length || !readTime) return;
    if (compareTimestamps(readTime, this.readTime) < 0) throw new Error('read times go back');
    this.readTime = readTime;
    this.resumeToken = resumeToken as Uint8Array;
    this.onSnapshot(this);
  }
}
