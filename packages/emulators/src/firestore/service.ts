/** The Firestore service: what each call does, whichever way it came in. */
import { randomBytes } from 'node:crypto';
import type { Caller } from './caller.js';
import { CommitClock } from './clock.js';
import { Commits } from './commits.js';
import { MemoryDatabase } from './database.js';
import { Code, StatusError } from './errors.js';
import { pickFields } from './fields.js';
import { documentsRoot, parseName } from './names.js';
import { repairQuery } from './query-repair.js';
import type { Read, RulesGate } from './rules-gate.js';
import { isId, Transactions } from './transactions.js';
import type * as v1 from './v1.js';
import { WritePreview } from './write-preview.js';

const clock = new CommitClock();

interface Room {
  database: MemoryDatabase;
  transactions: Transactions;
  commits: Commits;
  read: Read;
}

/** All databases of all projects; each is there from its first use on. */
export class FirestoreService {
  readonly #rooms = new Map<string, Room>();

  constructor(readonly gate: RulesGate) {}

  /** The document as it is now, asked by nobody that rules know. */
  read(name: string): v1.Document | undefined {
    return this.#room(name).database.read(name);
  }

  /** Removes every document of a database. */
  clear(name: string): void {
    this.#room(name).database.clear();
  }

  /** Opens the library's own stream for Listen. */
  openListen(name: string): ReturnType<MemoryDatabase['listen']> {
    return this.#room(name).database.listen();
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
    const { database, transactions, read } = this.#room(request.database);
    const names = request.documents ?? [];
    await this.gate.checkGet(caller, names, read, now());
    const { mask, ...entered } = await transactions.enter(request);
    await transactions.takeTurns(entered, names);
    const responses = await database.batchGet(entered);
    return responses.map(({ found, ...response }) =>
      found ? { ...response, found: masked(found, mask?.fieldPaths) } : response,
    );
  }

  async runQuery(request: v1.RunQueryRequest, caller: Caller): Promise<v1.RunQueryResponse[]> {
    const { database, transactions } = this.#room(request.parent);
    await this.#checkQuery(request.parent ?? '', request.structuredQuery ?? {}, caller);
    const entered = withRepairs(await transactions.enter(request));
    const { transaction, ...outside } = entered;
    if (!isId(transaction)) return database.runQuery(entered);
    // A first look tells whose turns to wait for, and does not yet fix the transaction's read time.
    const seen = await database.runQuery(outside);
    const names = seen.flatMap(({ document }) => document?.name ?? []);
    await transactions.takeTurns(entered, names);
    const responses = await database.runQuery(entered);
    transactions.remember(entered, responses);
    return responses;
  }

  async aggregate(
    request: v1.AggregationRequest,
    caller: Caller,
  ): Promise<v1.AggregationResponse[]> {
    const { database, transactions } = this.#room(request.parent);
    const aggregation = request.structuredAggregationQuery ?? {};
    const structuredQuery = aggregation.structuredQuery ?? {};
    await this.#checkQuery(request.parent ?? '', structuredQuery, caller);
    const entered = await transactions.enter(request);
    return database.aggregate({
      ...entered,
      structuredAggregationQuery: {
        ...aggregation,
        structuredQuery: repairQuery(structuredQuery),
      },
    });
  }

  async beginTransaction(request: v1.BeginRequest): Promise<v1.BeginResponse> {
    return { transaction: await this.#room(request.database).transactions.begin(request.options) };
  }

  commit(request: v1.CommitRequest, caller: Caller): Promise<v1.CommitResponse> {
    return this.#room(request.database).commits.commit(request, caller);
  }

  batchWrite(request: v1.BatchWriteRequest, caller: Caller): Promise<v1.BatchWriteResponse> {
    return this.#room(request.database).commits.batchWrite(request, caller);
  }

  async rollback(request: v1.RollbackRequest): Promise<object> {
    const { database, transactions } = this.#room(request.database);
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
    const { database, read } = this.#room(request.parent);
    const { parent, collectionId, showMissing, pageSize, pageToken, mask } = request;
    if (showMissing) this.gate.checkOwner(caller, 'list missing documents');
    // The library takes no mask, order or page: all of it is done here.
    const all = await database.listDocuments({ parent, collectionId, showMissing });
    const query = { from: [{ collectionId }] };
    await this.gate.checkList(caller, { parent: parent ?? '', query }, all, read, now());
    const sorted = all.sort((one, other) => compareNames(one.name, other.name));
    const after = pageToken ? Buffer.from(pageToken, 'base64url').toString('utf8') : '';
    const rest = sorted.filter(({ name }) => compareNames(name, after) > 0);
    const page = pageSize ? rest.slice(0, pageSize) : rest;
    const last = page.length < rest.length ? page.at(-1)?.name : undefined;
    return {
      documents: page.map((document) => masked(document, mask?.fieldPaths)),
      ...(last ? { nextPageToken: Buffer.from(last, 'utf8').toString('base64url') } : {}),
    };
  }

  async listCollectionIds(
    request: v1.ListCollectionIdsRequest,
    caller: Caller,
  ): Promise<v1.ListCollectionIdsResponse> {
    this.gate.checkOwner(caller, 'list collections');
    const ids = await this.#room(request.parent).database.listCollectionIds(request.parent ?? '');
    return { collectionIds: ids.sort() };
  }

  /** The whole query is one partition. */
  partitionQuery(caller: Caller): Promise<object> {
    this.gate.checkOwner(caller, 'partition queries');
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

  /** Throws PERMISSION_DENIED unless the caller may run the query. */
  async #checkQuery(parent: string, query: v1.Query, caller: Caller): Promise<void> {
    if (caller.kind === 'owner') return;
    const { database, read } = this.#room(parent);
    // Rules see whole documents, whatever the query selects.
    const whole = repairQuery({ ...query, select: null });
    const found = await database.runQuery({ parent, structuredQuery: whole });
    const documents = found.flatMap(({ document }) => document ?? []);
    await this.gate.checkList(caller, { parent, query }, documents, read, now());
  }

  async #write(write: v1.Write, caller: Caller): Promise<v1.Document> {
    const name = write.update?.name ?? '';
    await this.commit({ database: name, writes: [write] }, caller);
    return this.read(name) ?? { name };
  }

  #room(name: string | null | undefined): Room {
    const { project, database } = parseName(name ?? '');
    const root = documentsRoot({ project, database });
    let room = this.#rooms.get(root);
    if (!room) {
      const memory = new MemoryDatabase(project, database, clock);
      const transactions = new Transactions(memory);
      const makePreview = (): WritePreview => new WritePreview(project, database, clock);
      const commits = new Commits(memory, transactions, this.gate, clock, makePreview);
      room = { database: memory, transactions, commits, read: (of) => this.read(of) };
      this.#rooms.set(root, room);
    }
    return room;
  }
}

function withRepairs(request: v1.RunQueryRequest): v1.RunQueryRequest {
  return { ...request, structuredQuery: repairQuery(request.structuredQuery ?? {}) };
}

function masked(document: v1.Document, mask: string[] | null | undefined): v1.Document {
  return mask ? { ...document, fields: pickFields(document.fields ?? {}, mask) } : document;
}

function now(): v1.Timestamp {
  const milliseconds = clock.now().getTime();
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
}

function compareNames(one: string | null | undefined, other: string | null | undefined): number {
  return Buffer.compare(Buffer.from(one ?? ''), Buffer.from(other ?? ''));
}
