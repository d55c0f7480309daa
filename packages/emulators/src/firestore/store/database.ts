/**
 * One in-memory Firestore database: the GAPIC client that @firebase-bridge/firestore-admin installs
 * in the Admin SDK. `_clientPool` and `context` are private members of their packages, so
 * package.json pins exact versions.
 */
import type { Duplex } from 'node:stream';
import { FirestoreMock } from '@firebase-bridge/firestore-admin';
import type { CommitClock } from './clock.js';
import type * as v1 from '../v1.js';

/** Result of a unary GAPIC call; the response is the first element. */
type UnaryResult<T> = Promise<[T, unknown, unknown]>;

interface StoredDocument {
  exists: boolean;
}

/** The GAPIC client that the library installs in the Admin SDK's client pool. */
interface GapicClient {
  context: {
    getAccessor(): { getDoc(path: string): StoredDocument };
    toInternalPath(name: string, kind: 'document'): string;
    serializeDoc(stored: StoredDocument): v1.Document;
  };
  beginTransaction(request: v1.BeginRequest): UnaryResult<v1.BeginResponse>;
  commit(request: v1.CommitRequest): UnaryResult<v1.CommitResponse>;
  batchWrite(request: v1.BatchWriteRequest): UnaryResult<v1.BatchWriteResponse>;
  rollback(request: v1.RollbackRequest): UnaryResult<object>;
  batchGetDocuments(request: v1.BatchGetRequest): Duplex;
  runQuery(request: v1.RunQueryRequest): Duplex;
  runAggregationQuery(request: v1.AggregationRequest): Duplex;
  listDocuments(request: v1.ListDocumentsRequest): UnaryResult<v1.Document[]>;
  listCollectionIds(request: v1.ListCollectionIdsRequest): UnaryResult<string[]>;
  listen(): Duplex;
}

interface ClientPool {
  run(tag: string, grpc: boolean, use: (client: GapicClient) => Promise<unknown>): Promise<unknown>;
}

/** One database. Writes take effect before the call returns; responses arrive later. */
export class MemoryDatabase {
  readonly #client: GapicClient;
  readonly #clear: () => void;

  constructor(project: string, database: string, clock: CommitClock) {
    const mock = new FirestoreMock();
    mock.systemTime.custom(() => clock.now());
    const controller = mock.createDatabase(project, database);
    this.#client = getGapicClient(controller.firestore());
    this.#clear = () => controller.reset();
  }

  /** The current document, or undefined. */
  read(name: string): v1.Document | undefined {
    const { context } = this.#client;
    const stored = context.getAccessor().getDoc(context.toInternalPath(name, 'document'));
    return stored.exists ? context.serializeDoc(stored) : undefined;
  }

  /** Deletes every document; open listeners receive the deletions. */
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

function getGapicClient(firestore: object): GapicClient {
  const pool = (firestore as { _clientPool?: ClientPool })._clientPool;
  let gapicClient: GapicClient | undefined;
  // The promise never settles, so the pool never closes the client.
  void pool?.run('local', true, (client) => {
    gapicClient = client;
    return new Promise<never>(() => {});
  });
  if (!gapicClient?.context) {
    throw new Error(
      'expected the version of @firebase-bridge/firestore-admin that package.json names, found ' +
        'one with other internals: run npm ci',
    );
  }
  return gapicClient;
}

async function collect<T>(stream: Duplex): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream as AsyncIterable<T>) items.push(item);
  return items;
}
