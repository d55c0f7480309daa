/** The Firestore service, independent of the protocol (gRPC, REST or WebChannel). */
import { randomBytes } from 'node:crypto';
import type { Caller } from './caller.js';
import { Code, StatusError } from './errors.js';
import { documentsRoot, parseName } from './names.js';
import type { Authorizer, Read } from './rules/authorizer.js';
import { compileAggregations } from './store/aggregations.js';
import { CommitClock } from './store/clock.js';
import { Commits } from './store/commits.js';
import { compileQuery, type CompiledQuery } from './store/compiled-query.js';
import { pickFields } from './store/fields.js';
import { listPage, listQuery, type ListOptions } from './store/lists.js';
import { parentOf, Store } from './store/store.js';
import { isId, Transactions, type ReadMode } from './store/transactions.js';
import { checkDocumentName, checkId } from './store/validation.js';
import { compareStrings } from './store/values.js';
import { Triggers } from './triggers.js';
import type * as v1 from './v1.js';

const clock = new CommitClock();

interface DatabaseContext {
  store: Store;
  transactions: Transactions;
  commits: Commits;
}

/** All databases of all projects; each is created on first use. */
export class FirestoreService {
  readonly #contexts = new Map<string, DatabaseContext>();

  constructor(
    readonly authorizer: Authorizer,
    readonly triggers = new Triggers(),
  ) {}

  /** The store of the database that a resource name belongs to. @throws StatusError INVALID_ARGUMENT */
  storeOf(name: string): Store {
    return this.#contextOf(name).store;
  }

  /** Reads the current document without evaluating the rules; undefined when it does not exist. */
  read(name: string): v1.Document | undefined {
    return this.storeOf(name).read(name);
  }

  /** Deletes every document of a database. */
  clear(name: string): void {
    this.storeOf(name).clear();
  }

  /** All documents of a project, of each of its databases, sorted by name. */
  documentsOf(project: string): v1.Document[] {
    const prefix = `projects/${project}/databases/`;
    const contexts = [...this.#contexts].filter(([root]) => root.startsWith(prefix));
    return contexts
      .flatMap(([, { store }]) => store.documents())
      .sort((left, right) => compareStrings(left.name ?? '', right.name ?? ''));
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
    const { store, transactions } = this.#contextOf(request.database);
    const names = request.documents ?? [];
    for (const name of names) checkDocumentName(name);
    const mode = transactions.modeOf(request);
    await transactions.readDocuments(mode, names);
    const readTime = mode.at ?? store.now();
    // Read once: what the rules have seen is what is sent, whatever is written meanwhile.
    const documents = new Map(names.map((name) => [name, store.read(name, mode.at)]));
    const read: Read = (name) =>
      documents.has(name) ? documents.get(name) : store.read(name, mode.at);
    await this.authorizer.authorizeGet(caller, names, read, readTime);
    const responses = names.map((name): v1.BatchGetResponse => {
      const found = documents.get(name);
      if (!found) return { missing: name, readTime };
      return { found: applyMask(found, request.mask?.fieldPaths), readTime };
    });
    return withTransaction(responses.length > 0 || !mode.begun ? responses : [{ readTime }], mode);
  }

  async runQuery(request: v1.RunQueryRequest, caller: Caller): Promise<v1.RunQueryResponse[]> {
    const { store, transactions } = this.#contextOf(request.parent);
    const parent = request.parent ?? '';
    const { structuredQuery } = request;
    if (!structuredQuery) {
      throw new StatusError(Code.INVALID_ARGUMENT, 'only structured queries are supported');
    }
    const query = compileQuery(parent, structuredQuery);
    const mode = transactions.modeOf(request);
    const documents = await this.#query(request, query, mode);
    await this.#authorizeQuery(caller, { parent, query: structuredQuery }, mode);
    const readTime = mode.at ?? store.now();
    const responses = documents.map((document) => ({
      document: query.project(document),
      readTime,
    }));
    return withTransaction<v1.RunQueryResponse>(
      responses.length > 0 ? responses : [{ readTime }],
      mode,
    );
  }

  async aggregate(
    request: v1.AggregationRequest,
    caller: Caller,
  ): Promise<v1.AggregationResponse[]> {
    const { store, transactions } = this.#contextOf(request.parent);
    const parent = request.parent ?? '';
    const { structuredQuery, aggregations } = request.structuredAggregationQuery ?? {};
    const aggregate = compileAggregations(aggregations ?? []);
    const query = compileQuery(parent, structuredQuery ?? {});
    const mode = transactions.modeOf(request);
    const documents = await this.#query(request, query, mode);
    await this.#authorizeQuery(caller, { parent, query: structuredQuery ?? {} }, mode);
    const readTime = mode.at ?? store.now();
    const response = { result: { aggregateFields: aggregate(documents) }, readTime };
    return withTransaction([response], mode);
  }

  beginTransaction(request: v1.BeginRequest): Promise<v1.BeginResponse> {
    const { transactions } = this.#contextOf(request.database);
    return Promise.resolve({ transaction: transactions.begin(request.options) });
  }

  commit(request: v1.CommitRequest, caller: Caller): Promise<v1.CommitResponse> {
    return this.#contextOf(request.database).commits.commit(request, caller);
  }

  batchWrite(request: v1.BatchWriteRequest, caller: Caller): Promise<v1.BatchWriteResponse> {
    return this.#contextOf(request.database).commits.batchWrite(request, caller);
  }

  rollback(request: v1.RollbackRequest): Promise<object> {
    const { transactions } = this.#contextOf(request.database);
    if (isId(request.transaction)) transactions.rollback(request.transaction);
    return Promise.resolve({});
  }

  async listDocuments(
    request: v1.ListDocumentsRequest,
    caller: Caller,
  ): Promise<v1.ListDocumentsResponse> {
    const { store, transactions } = this.#contextOf(request.parent);
    const { collectionId, showMissing, mask } = request;
    if (showMissing) this.authorizer.requireOwner(caller, 'list missing documents');
    const { at } = transactions.modeOf(request);
    const parent = parentOf(request.parent ?? '');
    const options: ListOptions = {
      parent,
      ...(collectionId && { collectionId }),
      pageSize: request.pageSize ?? 0,
      pageToken: request.pageToken ?? '',
      orderBy: request.orderBy ?? '',
      showMissing: showMissing === true,
      ...(at && { at }),
    };
    const page = listPage(store, options);
    const query = { parent, query: { ...listQuery(options), limit: { value: options.pageSize } } };
    const list = options.pageSize > 0 ? query : { parent, query: listQuery(options) };
    await this.#authorizeQuery(caller, list, { ...(at && { at }) });
    return {
      ...page,
      documents: page.documents.map((document) => applyMask(document, mask?.fieldPaths)),
    };
  }

  listCollectionIds(
    request: v1.ListCollectionIdsRequest,
    caller: Caller,
  ): Promise<v1.ListCollectionIdsResponse> {
    this.authorizer.requireOwner(caller, 'list collections');
    const { store } = this.#contextOf(request.parent);
    const ids = store.collectionIds(parentOf(request.parent ?? ''), request.readTime ?? undefined);
    const after = request.pageToken ? Buffer.from(request.pageToken, 'base64url').toString() : '';
    const rest = after === '' ? ids : ids.slice(ids.indexOf(after) + 1);
    const page = request.pageSize ? rest.slice(0, request.pageSize) : rest;
    const last = page.length < rest.length ? page.at(-1) : undefined;
    return Promise.resolve({
      collectionIds: page,
      ...(last !== undefined && { nextPageToken: Buffer.from(last).toString('base64url') }),
    });
  }

  /** @throws StatusError UNIMPLEMENTED */
  partitionQuery(): Promise<never> {
    return Promise.reject(
      new StatusError(Code.UNIMPLEMENTED, 'PartitionQuery is not implemented.'),
    );
  }

  async createDocument(request: v1.CreateDocumentRequest, caller: Caller): Promise<v1.Document> {
    checkId(request.collectionId ?? '');
    const id = request.documentId || randomBytes(15).toString('base64url');
    checkId(id);
    const name = `${parentOf(request.parent ?? '')}/${request.collectionId}/${id}`;
    const update = { name, fields: request.document?.fields ?? {} };
    const write = { update, currentDocument: { exists: false } };
    return this.#write(write, request.mask?.fieldPaths, caller);
  }

  async updateDocument(request: v1.UpdateDocumentRequest, caller: Caller): Promise<v1.Document> {
    const { document, updateMask, currentDocument, mask } = request;
    const update = { name: document?.name, fields: document?.fields ?? {} };
    return this.#write({ update, updateMask, currentDocument }, mask?.fieldPaths, caller);
  }

  async deleteDocument(request: v1.DeleteDocumentRequest, caller: Caller): Promise<object> {
    const { name, currentDocument } = request;
    await this.commit({ database: name, writes: [{ delete: name, currentDocument }] }, caller);
    return {};
  }

  async #query(
    { parent }: { parent?: string | null },
    query: CompiledQuery,
    mode: ReadMode,
  ): Promise<v1.Document[]> {
    const { store, transactions } = this.#contextOf(parent);
    if (!mode.transaction) return store.query(query, mode.at);
    // A first run finds the documents to lock.
    const found = store.query(query).flatMap(({ name }) => name ?? []);
    await transactions.readDocuments(mode, found);
    const documents = store.query(query);
    await transactions.readDocuments(
      mode,
      documents.flatMap(({ name }) => name ?? []),
    );
    transactions.recordQuery(mode, query, documents);
    return documents;
  }

  /** @throws StatusError PERMISSION_DENIED unless the caller may run the query */
  async #authorizeQuery(
    caller: Caller,
    list: { parent: string; query: v1.Query },
    { at }: ReadMode,
  ): Promise<void> {
    if (caller.kind === 'owner') return;
    const { store } = this.#contextOf(list.parent);
    const read: Read = (name) => store.read(name, at);
    await this.authorizer.authorizeList(caller, list, read, store.now());
  }

  async #write(
    write: v1.Write,
    mask: string[] | null | undefined,
    caller: Caller,
  ): Promise<v1.Document> {
    const name = write.update?.name ?? '';
    await this.commit({ database: name, writes: [write] }, caller);
    return applyMask(this.read(name) ?? { name }, mask);
  }

  #contextOf(name: string | null | undefined): DatabaseContext {
    const root = documentsRoot(parseName(name ?? ''));
    let context = this.#contexts.get(root);
    if (!context) {
      const store = new Store(clock);
      const transactions = new Transactions(store);
      const commits = new Commits(root, store, transactions, this.authorizer, this.triggers);
      context = { store, transactions, commits };
      this.#contexts.set(root, context);
    }
    return context;
  }
}

/** The first response names the transaction that began with the request. */
function withTransaction<T extends object>(
  responses: readonly T[],
  { begun }: ReadMode,
): (T & { transaction?: Uint8Array })[] {
  return responses.map((response, index) =>
    begun && index === 0 ? { ...response, transaction: begun } : response,
  );
}

function applyMask(document: v1.Document, mask: string[] | null | undefined): v1.Document {
  return mask ? { ...document, fields: pickFields(document.fields ?? {}, mask) } : document;
}
