/** The Firestore service, independent of the protocol (gRPC or REST). */
import { randomBytes } from 'node:crypto';
import type { Caller } from './caller.js';
import { CommitClock } from './store/clock.js';
import { Commits } from './store/commits.js';
import { MemoryDatabase } from './store/database.js';
import { Code, StatusError } from './errors.js';
import { pickFields } from './store/fields.js';
import { documentsRoot, parseName } from './names.js';
import { rewriteQuery } from './store/query-rewrite.js';
import type { Read, Authorizer } from './rules/authorizer.js';
import { isId, Transactions } from './store/transactions.js';
import { Triggers } from './triggers.js';
import type * as v1 from './v1.js';
import { WritePreview } from './store/write-preview.js';

const clock = new CommitClock();

interface DatabaseContext {
  database: MemoryDatabase;
  transactions: Transactions;
  commits: Commits;
  read: Read;
}

/** All databases of all projects; each is created on first use. */
export class FirestoreService {
  readonly #contexts = new Map<string, DatabaseContext>();

  constructor(
    readonly authorizer: Authorizer,
    readonly triggers = new Triggers(),
  ) {}

  /** Reads the current document without evaluating the rules; undefined when it does not exist. */
  read(name: string): v1.Document | undefined {
    return this.#contextOf(name).database.read(name);
  }

  /** Deletes every document of a database. */
  clear(name: string): void {
    this.#contextOf(name).database.clear();
  }

  /** Opens the in-memory database's stream for Listen. */
  openListen(name: string): ReturnType<MemoryDatabase['listen']> {
    return this.#contextOf(name).database.listen();
  }

  async getDocument(request: v1.GetDocumentRequest, caller: Caller): Promise<v1.Document> {
    const { name, mask, transaction, readTime } = request;
    const [response] = await this.batchGet(
      { database: name, documents: [name ?? ''], mask, transaction, readTime },
      caller,
    );
    if (!response?.found) throw new StatusError(Code.NOT_FOUND, `Document "${name}" not found.`);
    return response.found;
  }

  async batchGet(request: v1.BatchGetRequest, caller: Caller): Promise<v1.BatchGetResponse[]> {
    const { database, transactions, read } = this.#contextOf(request.database);
    const names = request.documents ?? [];
    await this.authorizer.authorizeGet(caller, names, read, now());
    const { mask, ...resolved } = await transactions.resolve(request);
    await transactions.acquireLocks(resolved, names);
    const responses = await database.batchGet(resolved);
    return responses.map(({ found, ...response }) =>
      found ? { ...response, found: applyMask(found, mask?.fieldPaths) } : response,
    );
  }

  async runQuery(request: v1.RunQueryRequest, caller: Caller): Promise<v1.RunQueryResponse[]> {
    const { database, transactions } = this.#contextOf(request.parent);
    await this.#checkQuery(request.parent ?? '', request.structuredQuery ?? {}, caller);
    const resolved = withRewrittenQuery(await transactions.resolve(request));
    const { transaction, ...requestOutside } = resolved;
    if (!isId(transaction)) return database.runQuery(resolved);
    // Runs outside the transaction first: finds the documents to lock without setting the read time.
    const preliminary = await database.runQuery(requestOutside);
    const names = preliminary.flatMap(({ document }) => document?.name ?? []);
    await transactions.acquireLocks(resolved, names);
    const responses = await database.runQuery(resolved);
    transactions.recordQuery(resolved, responses);
    return responses;
  }

  async aggregate(
    request: v1.AggregationRequest,
    caller: Caller,
  ): Promise<v1.AggregationResponse[]> {
    const { database, transactions } = this.#contextOf(request.parent);
    const aggregation = request.structuredAggregationQuery ?? {};
    const structuredQuery = aggregation.structuredQuery ?? {};
    await this.#checkQuery(request.parent ?? '', structuredQuery, caller);
    const resolved = await transactions.resolve(request);
    return database.aggregate({
      ...resolved,
      structuredAggregationQuery: {
        ...aggregation,
        structuredQuery: rewriteQuery(structuredQuery),
      },
    });
  }

  async beginTransaction(request: v1.BeginRequest): Promise<v1.BeginResponse> {
    return {
      transaction: await this.#contextOf(request.database).transactions.begin(request.options),
    };
  }

  commit(request: v1.CommitRequest, caller: Caller): Promise<v1.CommitResponse> {
    return this.#contextOf(request.database).commits.commit(request, caller);
  }

  batchWrite(request: v1.BatchWriteRequest, caller: Caller): Promise<v1.BatchWriteResponse> {
    return this.#contextOf(request.database).commits.batchWrite(request, caller);
  }

  async rollback(request: v1.RollbackRequest): Promise<object> {
    const { database, transactions } = this.#contextOf(request.database);
    if (isId(request.transaction)) {
      await database.rollback(request.transaction).finally(() => {
        transactions.end(request.transaction as Uint8Array);
      });
    }
    return {};
  }

  async listDocuments(
    request: v1.ListDocumentsRequest,
    caller: Caller,
  ): Promise<v1.ListDocumentsResponse> {
    const { database, read } = this.#contextOf(request.parent);
    const { parent, collectionId, showMissing, pageSize, pageToken, mask } = request;
    if (showMissing) this.authorizer.requireOwner(caller, 'list missing documents');
    // The library supports no mask, order or pages, so they are applied here.
    const documents = await database.listDocuments({ parent, collectionId, showMissing });
    const query = { from: [{ collectionId }] };
    await this.authorizer.authorizeList(
      caller,
      { parent: parent ?? '', query },
      documents,
      read,
      now(),
    );
    const sorted = documents.sort((left, right) => compareNames(left.name, right.name));
    const after = pageToken ? Buffer.from(pageToken, 'base64url').toString('utf8') : '';
    const rest = sorted.filter(({ name }) => compareNames(name, after) > 0);
    const page = pageSize ? rest.slice(0, pageSize) : rest;
    const last = page.length < rest.length ? page.at(-1)?.name : undefined;
    return {
      documents: page.map((document) => applyMask(document, mask?.fieldPaths)),
      ...(last ? { nextPageToken: Buffer.from(last, 'utf8').toString('base64url') } : {}),
    };
  }

  async listCollectionIds(
    request: v1.ListCollectionIdsRequest,
    caller: Caller,
  ): Promise<v1.ListCollectionIdsResponse> {
    this.authorizer.requireOwner(caller, 'list collections');
    const ids = await this.#contextOf(request.parent).database.listCollectionIds(
      request.parent ?? '',
    );
    return { collectionIds: ids.sort() };
  }

  /** Returns no cursors: the whole query is one partition. */
  partitionQuery(caller: Caller): Promise<object> {
    this.authorizer.requireOwner(caller, 'partition queries');
    return Promise.resolve({ partitions: [] });
  }

  async createDocument(request: v1.CreateDocumentRequest, caller: Caller): Promise<v1.Document> {
    const id = request.documentId || randomBytes(15).toString('base64url');
    const name = `${request.parent}/${request.collectionId}/${id}`;
    const update = { name, fields: request.document?.fields ?? {} };
    return this.#write({ update, currentDocument: { exists: false } }, caller);
  }

  async updateDocument(request: v1.UpdateDocumentRequest, caller: Caller): Promise<v1.Document> {
    const { document, updateMask, currentDocument } = request;
    const update = { name: document?.name, fields: document?.fields ?? {} };
    return this.#write({ update, updateMask, currentDocument }, caller);
  }

  async deleteDocument(request: v1.DeleteDocumentRequest, caller: Caller): Promise<object> {
    const { name, currentDocument } = request;
    await this.commit({ database: name, writes: [{ delete: name, currentDocument }] }, caller);
    return {};
  }

  /** @throws StatusError PERMISSION_DENIED unless the caller may run the query */
  async #checkQuery(parent: string, query: v1.Query, caller: Caller): Promise<void> {
    if (caller.kind === 'owner') return;
    const { database, read } = this.#contextOf(parent);
    // The rules need complete documents, regardless of the query's projection.
    const structuredQuery = rewriteQuery({ ...query, select: null });
    const results = await database.runQuery({ parent, structuredQuery });
    const documents = results.flatMap(({ document }) => document ?? []);
    await this.authorizer.authorizeList(caller, { parent, query }, documents, read, now());
  }

  async #write(write: v1.Write, caller: Caller): Promise<v1.Document> {
    const name = write.update?.name ?? '';
    await this.commit({ database: name, writes: [write] }, caller);
    return this.read(name) ?? { name };
  }

  #contextOf(name: string | null | undefined): DatabaseContext {
    const { project, database } = parseName(name ?? '');
    const root = documentsRoot({ project, database });
    let context = this.#contexts.get(root);
    if (!context) {
      const memory = new MemoryDatabase(project, database, clock);
      const transactions = new Transactions(memory);
      const createPreview = (): WritePreview => new WritePreview(project, database, clock);
      const commits = new Commits(
        memory,
        transactions,
        this.authorizer,
        clock,
        createPreview,
        this.triggers,
      );
      context = {
        database: memory,
        transactions,
        commits,
        read: (document) => this.read(document),
      };
      this.#contexts.set(root, context);
    }
    return context;
  }
}

function withRewrittenQuery(request: v1.RunQueryRequest): v1.RunQueryRequest {
  return { ...request, structuredQuery: rewriteQuery(request.structuredQuery ?? {}) };
}

function applyMask(document: v1.Document, mask: string[] | null | undefined): v1.Document {
  return mask ? { ...document, fields: pickFields(document.fields ?? {}, mask) } : document;
}

function now(): v1.Timestamp {
  const milliseconds = clock.now().getTime();
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
}

function compareNames(left: string | null | undefined, right: string | null | undefined): number {
  return Buffer.compare(Buffer.from(left ?? ''), Buffer.from(right ?? ''));
}
