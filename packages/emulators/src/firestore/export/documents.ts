/** Exports and imports the documents of a project, all its databases, in the format of Google's emulator. */
import { documentsRoot, parseName } from '../names.js';
import type { Store } from '../store/store.js';
import type * as v1 from '../v1.js';
import { decodeEntity, encodeEntity, type Entity } from './entity-proto.js';
import { readExport, writeExport } from './export-files.js';
import {
  toDatabase,
  toDatastoreName,
  toFields,
  toPath,
  toPathElements,
  toProperties,
  type Database,
} from './property-values.js';

/** Documents that are imported in one commit. */
const DOCUMENTS_PER_COMMIT = 500;

/**
 * Writes documents to files.
 * @param folder absolute path; it is created
 * @returns the number of documents
 */
export function exportDocuments(
  documents: Iterable<v1.Document>,
  folder: string,
  name: string,
): number {
  const entities = Array.from(documents, (document) => encodeEntity(toEntity(document)));
  writeExport(folder, name, entities);
  return entities.length;
}

/**
 * Imports documents; functions are not triggered. Those that exist are replaced, others stay.
 * @param overallFile path of `NAME.overall_export_metadata`
 * @param project the documents, and references among them, become those of this project
 * @param storeOf the store of a database, by the name of its documents
 * @returns the number of documents
 * @throws Error when a file is missing or damaged, or a document is none that Firestore takes
 */
export function importDocuments(
  overallFile: string,
  project: string,
  storeOf: (root: string) => Store,
): number {
  const byRoot = new Map<string, v1.Write[]>();
  let count = 0;
  for (const bytes of readExport(overallFile)) {
    count += 1;
    const update = toDocument(decodeOrThrow(bytes, overallFile, count), project);
    const root = documentsRoot(parseName(update.name ?? ''));
    const writes = byRoot.get(root);
    if (writes) writes.push({ update });
    else byRoot.set(root, [{ update }]);
  }
  for (const [root, writes] of byRoot) {
    const store = storeOf(root);
    for (let first = 0; first < writes.length; first += DOCUMENTS_PER_COMMIT) {
      store.apply(writes.slice(first, first + DOCUMENTS_PER_COMMIT));
    }
  }
  return count;
}

function decodeOrThrow(bytes: Buffer, file: string, number: number): Entity {
  try {
    return decodeEntity(bytes);
  } catch (cause) {
    throw new Error(`${file} is damaged: document ${number} can't be decoded.`, { cause });
  }
}

function toEntity({ name, fields }: v1.Document): Entity {
  const { path, ...database } = parseName(name ?? '');
  const element = toPathElements(path);
  return {
    key: { ...toDatastoreName(database), path: { element } },
    entityGroup: { element: element.slice(0, 1) },
    rawProperty: toProperties(fields ?? {}),
  };
}

function toDocument(
  { key, property = [], rawProperty = [] }: Entity,
  project: string,
): v1.Document {
  const { path, ...name } = key;
  const own = toDatabase(name);
  const nameOf = (database: Database, of: string[]): string => {
    const target = database.project === own.project ? { ...database, project } : database;
    return [documentsRoot(target), ...of].join('/');
  };
  return {
    name: nameOf(own, toPath(path.element ?? [])),
    fields: toFields([...property, ...rawProperty], nameOf),
  };
}
