/**
 * One in-memory Firestore database: @firebase-bridge/firestore-admin, entered at the GAPIC client
 * that it slips under the Admin SDK. Both `_clientPool` and `context` are private to their
 * packages, whose versions are therefore exact.
 */
import type { Duplex } from 'node:stream';
import { FirestoreMock } from '@firebase-bridge/firestore-admin';
import type { CommitClock } from './clock.js';
import type * as v1 from './v1.js';

/** What the library answers unary calls with: the response comes first. */
type Answer<T> = Promise<[T, unknown, unknown]>;

interface StoredDocument {
  exists: boolean;
}

/** The GAPIC client that the library puts into the Admin SDK's pool. */
interface GapicClient {
  context: {
    getAccessor(): { getDoc(path: string): StoredDocument };
    toInternalPath(name: string, kind: 'document'): string;
    serializeDoc(stored: StoredDocument): v1.Document;
  };
  beginTransaction(request: v1.BeginRequest): Answer<v1.BeginResponse>;
  commit(request: v1.CommitRequest): Answer<v1.CommitResponse>;
  batchWrite(request: v1.BatchWriteRequest): Answer<v1.BatchWriteResponse>;
  rollback(request: v1.RollbackRequest): Answer<object>;
  batchGetDocuments(request: v1.BatchGetRequest): Duplex;
  runQuery(request: v1.RunQueryRequest): Duplex;
  runAggregationQuery(request: v1.AggregationRequest): Duplex;
  listDocuments(request: v1.ListDocumentsRequest): Answer<v1.Document[]>;
  listCollectionIds(request: v1.ListCollectionIdsRequest): Answer<string[]>;
  listen(): Duplex;
}

interface ClientPool {
  run(tag: string, grpc: boolean, use: (client: GapicClient) => Promise<unknown>): Promise<unknown>;
}

/** One database; its writes take effect before the call returns, its answers come later. */
export class MemoryDatabase {
  readonly #client: GapicClient;
  readonly #clear: () => void;

  constructor(project: string, database: string, clock: CommitClock) {
    const mock = new FirestoreMock();
    mock.systemTime.custom(() => clock.now());
    const controller = mock.createDatabase(project, database);
    this.#client = takeClient(controller.firestore());
    this.#clear = () => controller.reset();
  }

  /** The document as it is now, or undefined. */
  read(name: string): v1.Document | undefined {
    const { context } = this.#client;
    const stored = context.getAccessor().getDoc(context.toInternalPath(name, 'document'));
    return stored.exists ? context.serializeDoc(stored) : undefined;
  }

  /** Removes every document; open listeners see them go. */
  clear(): void {
    this.#clear();
  }

  async begin(options: v1.TransactionOptions): Promise<Uint8Array> {
    const [response] = await this.#client.beginTransaction({ options });
    return Buffer.from((response.transaction ?? '') as Uint8Array);
  }

  async commit(request: v1.CommitRequest): Promise<v1.CommitResponse> {
    return (await this.#client.commit(request))[0];
  }

  async batchWrite(request: v1.BatchWriteRequest): Promise<v1.BatchWriteResponse> {
    return (await this.#client.batchWrite(request))[0];
  }

  async rollback(transaction: Uint8Array): Promise<void> {
    await this.#client.rollback({ transaction });
  }

  batchGet(request: v1.BatchGetRequest): Promise<v1.BatchGetResponse[]> {
    return collect(this.#client.batchGetDocuments(request));
  }

  runQuery(request: v1.RunQueryRequest): Promise<v1.RunQueryResponse[]> {
    return collect(this.#client.runQuery(request));
  }

  aggregate(request: v1.AggregationRequest): Promise<v1.AggregationResponse[]> {
    return collect(this.#client.runAggregationQuery(request));
  }

  async listDocuments(request: v1.ListDocumentsRequest): Promise<v1.Document[]> {
    return (await this.#client.listDocuments(request))[0];
  }

  async listCollectionIds(parent: string): Promise<string[]> {
    return (await this.#client.listCollectionIds({ parent }))[0];
  }

  listen(): Duplex {
    return this.#client.listen();
  }
}

function takeClient(firestore: object): GapicClient {
  const pool = (firestore as { _clientPool?: ClientPool })._clientPool;
  let taken: GapicClient | undefined;
  // The use never ends, so the pool never closes the client.
  void pool?.run('local', true, (client) => {
    taken = client;
    return new Promise<never>(() => {});
  });
  if (!taken?.context) {
    throw new Error('@firebase-bridge/firestore-admin is not the version that local/ is made for.');
  }
  return taken;
}

async function collect<T>(stream: Duplex): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream as AsyncIterable<T>) all.push(item);
  return all;
}
