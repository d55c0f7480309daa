/** What `migrate` reads and changes besides the records: objects and documents that the functions did not make. */
import { getApps, initializeApp } from 'firebase-admin/app';
import { FieldValue, getFirestore, type Firestore } from 'firebase-admin/firestore';
import type { Environment } from '../config/config.js';
import type { PathTemplate } from '../domain/path.js';
import { pageOf, type Page } from './documents.js';
import { openProjectStorage } from './light-backend.js';
import { DOWNLOAD_TOKENS } from './objects.js';
import type { ObjectId, ObjectMetadata, StorageApi } from './storage-api.js';

/**
 * Custom metadata of a copy: the generation of the object that it was copied from. A later run recognizes its copy by
 * it, and an upload by a client over the copy removes it.
 */
const COPY_OF = 'copyOfGeneration';

/** An object of any bucket. */
export interface ForeignObject extends ObjectId {
  /** Decimal. */
  generation: string;
  contentType?: string;
  bytes: number;
  /** Base64; absent on some emulators. */
  crc32c?: string;
  /** Custom metadata. */
  metadata: Readonly<Record<string, string>>;
  /** Present on a copy: the generation of its source. */
  copyOf?: string;
}

/** A document of any Firestore database of the project. */
export interface DocumentId {
  /** Id of the database. */
  database: string;
  path: string;
}

/** A document and the text fields that were asked for; `undefined`: absent, `null`: not a text. */
export interface ForeignDocument {
  path: string;
  fields: Readonly<Record<string, string | null | undefined>>;
}

/** Changes a field from one value to another; `undefined`: absent. */
export interface FieldChange {
  field: string;
  from: string | undefined;
  to: string | undefined;
}

export interface Migration {
  listObjects(bucket: string, prefix: string, after?: string): Promise<Page<ForeignObject>>;
  findObject(id: ObjectId): Promise<ForeignObject | undefined>;
  /** The bytes; undefined when that generation does not exist. */
  readObject(object: ObjectId & { generation: string }): Promise<Buffer | undefined>;
  /**
   * Copies within Cloud Storage, without the metadata of the source, so without its download tokens.
   * @param replaced generation of the object that the copy may replace; absent: there must be none
   * @returns `missing` if the source does not exist in that generation, `conflict` if another object is at the target
   */
  copyObject(
    source: ForeignObject,
    target: ObjectId,
    replaced?: string,
  ): Promise<ForeignObject | 'missing' | 'conflict'>;
  /** Sets the download tokens, or removes them; false when that generation does not exist. */
  setDownloadTokens(
    object: ObjectId & { generation: string },
    tokens: string | undefined,
  ): Promise<boolean>;
  /** Deletes an object; false when that generation is not the live version. */
  deleteObject(object: ObjectId & { generation: string }): Promise<boolean>;
  /** What a deleted object of the bucket can be restored from; undefined: nothing. */
  retention(bucket: string): Promise<'soft delete' | 'object versioning' | undefined>;
  /**
   * @param database its id
   * @param collection a path, or a path with `{uid}`: the collections of all users
   */
  listDocuments(
    database: string,
    collection: PathTemplate,
    fields: readonly string[],
    after?: string,
  ): Promise<Page<ForeignDocument>>;
  /**
   * Changes fields of a document in one transaction.
   * @returns `conflict` if a field has neither the old nor the new value; then nothing is changed
   */
  changeFields(
    document: DocumentId,
    changes: readonly FieldChange[],
  ): Promise<'done' | 'missing' | 'conflict'>;
}

const NOT_FOUND = 404;
const PRECONDITION_FAILED = 412;
/** Objects and documents of one page. */
const PAGE = 500;

/**
 * Opens the project's buckets and its Firestore databases with the credentials of this process.
 * @param environment usually `process.env`
 */
export function openMigration(environment: Environment): Migration {
  if (getApps().length === 0) initializeApp();
  return migrationOf(openProjectStorage(environment), (database) => getFirestore(database));
}

/** @param openDatabase opens the database with that id, or returns the client that is open already */
export function migrationOf(
  api: StorageApi,
  openDatabase: (database: string) => Firestore,
): Migration {
  return {
    async listObjects(bucket, prefix, after) {
      const { items = [], nextPageToken } = await api.list(bucket, {
        prefix,
        maxResults: String(PAGE),
        ...(after !== undefined && { pageToken: after }),
      });
      return {
        items: items.map((item) => foreignObject(bucket, item)),
        ...(nextPageToken !== undefined && { next: nextPageToken }),
      };
    },

    findObject: ({ bucket, name }) =>
      orElse(undefined, [NOT_FOUND], async () =>
        foreignObject(bucket, await api.get(bucket, name)),
      ),

    readObject: ({ bucket, name, generation }) =>
      orElse(undefined, [NOT_FOUND], () => api.read(bucket, name, generation)),

    copyObject(source, target, replaced = '0') {
      const { contentType, generation } = source;
      const metadata = {
        ...(contentType !== undefined && { contentType }),
        metadata: { [COPY_OF]: generation },
      };
      const copy = async () =>
        foreignObject(target.bucket, await api.rewrite(source, target, replaced, metadata));
      return orElse<ForeignObject | 'missing' | 'conflict'>('missing', [NOT_FOUND], () =>
        orElse<ForeignObject | 'conflict'>('conflict', [PRECONDITION_FAILED], copy),
      );
    },

    setDownloadTokens: ({ bucket, name, generation }, tokens) =>
      orElse(false, [NOT_FOUND], async () => {
        await api.patch(bucket, name, generation, { [DOWNLOAD_TOKENS]: tokens ?? null });
        return true;
      }),

    deleteObject: ({ bucket, name, generation }) =>
      orElse(false, [NOT_FOUND, PRECONDITION_FAILED], async () => {
        await api.delete(bucket, name, generation);
        return true;
      }),

    async retention(bucket) {
      const found = await orElse({}, [NOT_FOUND], () => api.getBucket(bucket));
      if (Number(found.softDeletePolicy?.retentionDurationSeconds ?? 0) > 0) return 'soft delete';
      return found.versioning?.enabled === true ? 'object versioning' : undefined;
    },

    async listDocuments(database, collection, fields, after) {
      const firestore = openDatabase(database);
      const { segments, text } = collection;
      const isOfAll = segments.includes('{uid}');
      const query = isOfAll
        ? firestore.collectionGroup(segments.at(-1) ?? '')
        : firestore.collection(text);
      const { items, next } = await pageOf(firestore, query.select(...fields), PAGE, after);
      const documents = items.map((document) => ({
        path: document.ref.path,
        fields: Object.fromEntries(
          fields.map((field) => [field, textOf(document.get(field) as unknown)]),
        ),
      }));
      return { items: documents, ...(next !== undefined && { next }) };
    },

    changeFields({ database, path }, changes) {
      const firestore = openDatabase(database);
      return firestore.runTransaction(async (transaction) => {
        const document = firestore.doc(path);
        const snapshot = await transaction.get(document);
        if (!snapshot.exists) return 'missing';
        const values = changes.map(({ field, from, to }) => {
          const value = textOf(snapshot.get(field) as unknown);
          return value === to ? 'new' : value === from ? 'old' : 'other';
        });
        if (values.includes('other')) return 'conflict';
        if (!values.includes('old')) return 'done';
        const update = Object.fromEntries(
          changes.map(({ field, to }) => [field, to ?? FieldValue.delete()]),
        );
        transaction.update(document, update);
        return 'done';
      });
    },
  };
}

function foreignObject(
  bucket: string,
  { name, generation, contentType, size, metadata = {}, crc32c }: ObjectMetadata,
): ForeignObject {
  const copyOf = metadata[COPY_OF];
  return {
    ...{ bucket, name, metadata },
    generation: String(generation),
    bytes: Number(size),
    ...(contentType !== undefined && { contentType }),
    ...(crc32c !== undefined && { crc32c }),
    ...(copyOf !== undefined && { copyOf }),
  };
}

function textOf(value: unknown): string | null | undefined {
  return value === undefined || typeof value === 'string' ? value : null;
}

/** @param statuses of HTTP that mean `otherwise` */
async function orElse<T>(
  otherwise: T,
  statuses: readonly number[],
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'number' && statuses.includes(code)) return otherwise;
    throw error;
  }
}
