/** A project in memory with old images, for tests of `migrate`: objects, documents, and functions that process copies. */
import type { Access } from '../../../src/cli/migrate/image-state.js';
import type { ImageRecord } from '../../../src/domain/records.js';
import type {
  DocumentId,
  FieldChange,
  ForeignObject,
  Migration,
} from '../../../src/gcp/migration.js';

/** The process was killed: nothing after this call happens. */
export class Killed extends Error {}

export const BUCKET = 'bucket';

type Documents = Map<string, Record<string, unknown>>;

export interface OldProject extends Access {
  objects: Map<string, ForeignObject>;
  /** Of the default database, by path. */
  documents: Documents;
  /** Of all databases. */
  databases: Map<string, Documents>;
  /** By `uid/imageId`. */
  records: Map<string, ImageRecord<number>>;
  /** Names of the methods that were called. */
  calls: string[];
  /** `kill.at` is the number of the call before or after which the process dies; Infinity: never. */
  kill: { at: number; before: boolean };
  put(name: string, changes?: Partial<Omit<ForeignObject, 'name' | 'bucket'>>): ForeignObject;
  retained: 'soft delete' | 'object versioning' | undefined;
  /** The state and the failure code that a copy ends with, by the bytes of its object; default: ready. */
  outcome: (object: ForeignObject) => { state: ImageRecord['state']; code?: string };
}

/** Objects and fields are named as in Cloud Storage and Firestore; a field with a dot is in a map. */
export function openOldProject(): OldProject {
  let generation = 1000;
  const objects: OldProject['objects'] = new Map();
  const documents: Documents = new Map();
  const databases = new Map([['(default)', documents]]);
  const records: OldProject['records'] = new Map();
  const calls: string[] = [];
  const kill = { at: Infinity, before: true };

  const put: OldProject['put'] = (name, changes = {}) => {
    const object: ForeignObject = {
      ...{ bucket: BUCKET, name, bytes: 100, contentType: 'image/jpeg', metadata: {} },
      ...{ crc32c: name, generation: String(++generation) },
      ...changes,
    };
    objects.set(name, object);
    return object;
  };
  const live = ({ name, generation: wanted }: { name: string; generation: string }) => {
    const object = objects.get(name);
    return object?.generation === wanted ? object : undefined;
  };
  const documentsOf = (database: string): Documents =>
    databases.get(database) ?? (new Map() as Documents);
  const valueAt = ({ database, path }: DocumentId, field: string) =>
    field
      .split('.')
      .reduce<unknown>(
        (value, key) => (value as Record<string, unknown> | undefined)?.[key],
        documentsOf(database).get(path),
      );
  const textAt = (document: DocumentId, field: string) => {
    const value = valueAt(document, field);
    return value === undefined || typeof value === 'string' ? value : null;
  };
  const setAt = ({ database, path }: DocumentId, { field, to }: FieldChange) => {
    const keys = field.split('.');
    const last = keys.pop() ?? '';
    let map = documentsOf(database).get(path) as Record<string, unknown>;
    for (const key of keys) map = (map[key] ??= {}) as Record<string, unknown>;
    if (to === undefined) delete map[last];
    else map[last] = to;
  };

  const migration: Migration = {
    listObjects(_bucket, prefix, after = '') {
      const items = [...objects.values()]
        .filter(({ name }) => name.startsWith(prefix) && name > after)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = items.slice(0, 3);
      const next = items.length > page.length ? page.at(-1)?.name : undefined;
      return Promise.resolve({ items: page, ...(next !== undefined && { next }) });
    },
    findObject: ({ name }) => Promise.resolve(objects.get(name)),
    readObject: (id) => Promise.resolve(live(id) && Buffer.from(live(id)?.crc32c ?? '')),
    copyObject(source, { name }, replaced = '0') {
      const found = live(source);
      if (found === undefined) return Promise.resolve('missing');
      if ((objects.get(name)?.generation ?? '0') !== replaced) return Promise.resolve('conflict');
      const { bytes, crc32c = '', generation: copyOf } = found;
      const copy = put(name, { bytes, crc32c, metadata: { copyOfGeneration: copyOf }, copyOf });
      const [, uid = '', imageId = ''] = name.split('/');
      const { state, code } = project.outcome(found);
      const original = { bucket: BUCKET, name, generation: copy.generation, bytes };
      records.set(`${uid}/${imageId}`, {
        state,
        original: { ...original, contentType: 'image/jpeg' },
        token: state === 'ready' ? `token-of-${imageId}` : '',
        ...(state === 'ready' && {
          variants: {
            w400: {
              ...{ width: 400, height: 300 },
              formats: { webp: { object: `variants/${crc32c}`, bytes: 9, etag: '""' } },
            },
          },
        }),
        ...(code !== undefined && { error: { code, message: 'failed' } }),
        ...{ createdAt: 0, updatedAt: 0 },
      });
      return Promise.resolve(copy);
    },
    setDownloadTokens(id, tokens) {
      const object = live(id);
      if (object === undefined) return Promise.resolve(false);
      const metadata = { ...object.metadata };
      delete metadata['firebaseStorageDownloadTokens'];
      if (tokens) metadata['firebaseStorageDownloadTokens'] = tokens;
      objects.set(id.name, { ...object, metadata });
      return Promise.resolve(true);
    },
    deleteObject: (id) => Promise.resolve(live(id) !== undefined && objects.delete(id.name)),
    retention: () => Promise.resolve(project.retained),
    listDocuments(database, { segments }, fields) {
      const last = segments.at(-1);
      const items = [...documentsOf(database).keys()]
        .filter((path) => path.split('/').at(-2) === last)
        .map((path) => ({
          path,
          fields: Object.fromEntries(
            fields.map((field) => [field, textAt({ database, path }, field)]),
          ),
        }));
      return Promise.resolve({ items });
    },
    changeFields(document, changes) {
      if (!documentsOf(document.database).has(document.path)) return Promise.resolve('missing');
      const isKnown = changes.every(({ field, from, to }) =>
        [from, to].includes(textAt(document, field) ?? undefined),
      );
      if (!isKnown) return Promise.resolve('conflict');
      for (const change of changes) setAt(document, change);
      return Promise.resolve('done');
    },
  };
  const project: OldProject = {
    ...{ objects, documents, databases, records, calls, kill, put, retained: 'soft delete' },
    outcome: () => ({ state: 'ready' }),
    bucket: BUCKET,
    migration: Object.fromEntries(
      Object.entries(migration).map(([name, call]: [string, (...args: never[]) => unknown]) => [
        name,
        async (...args: never[]) => {
          calls.push(name);
          const dies = calls.length >= kill.at;
          if (dies && kill.before) throw new Killed();
          const result = await call(...args);
          if (dies) throw new Killed();
          return result;
        },
      ]),
    ) as unknown as Migration,
    findImage: ({ uid, imageId }) => Promise.resolve(records.get(`${uid}/${imageId}`)),
  };
  return project;
}

/** A download token in custom metadata, and the URL with it. */
export function tokenOf(name: string): Record<string, string> {
  return { firebaseStorageDownloadTokens: `token-${name}` };
}
export function urlOf(name: string): string {
  return `https://firebasestorage.googleapis.com/v0/b/${BUCKET}/o/${encodeURIComponent(name)}?alt=media&token=token-${encodeURIComponent(name)}`;
}
