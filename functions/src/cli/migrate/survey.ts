/** Reads the bucket and the documents, and lists what is to be migrated and what can't be. */
import { createHash } from 'node:crypto';
import type { Config } from '../../config/config.js';
import { fillTemplate } from '../../domain/path.js';
import type { ForeignObject, Migration } from '../../gcp/migration.js';
import { DOWNLOAD_TOKENS } from '../../gcp/objects.js';
import { classify } from './classify.js';
import type { ExtensionParameters } from './extension.js';
import { findOwner, type DocumentRule, type Mapping } from './mapping.js';
import { parseObjectUrl } from './object-url.js';

/** A field of a document that refers to an old image. */
export interface Link {
  /** Id of its Firestore database. */
  database: string;
  /** Path of the document. */
  document: string;
  field: string;
  value: string;
  /** The field for the public token, and what it has now; only beside the field `url`. */
  token?: { field: string; value: string | null | undefined };
}

/** An old image that has an owner. */
export interface OldImage {
  object: ForeignObject;
  /** The files that storage-resize-images has made of it, the largest first. */
  resized: ForeignObject[];
  uid: string;
  imageId: string;
  /** Object name of the new original. */
  target: string;
  links: Link[];
}

/** Why something is left out; printed to the user. */
export const REASONS = {
  'no-owner': 'images without an owner',
  'owner-conflict': 'images whose documents state different owners',
  'without-original': 'resized files without an original',
  ambiguous: 'files that may be a resized file or an original',
  'missing-object': 'fields that refer to no image',
  'no-url': 'fields that are no URL of this bucket',
} as const;
export type Reason = keyof typeof REASONS;

/** An object or a field that is left out. */
export interface Exception {
  reason: Reason;
  /** An object name, or what `fieldName` returns. */
  of: string;
}

export interface Survey {
  bucket: string;
  images: OldImage[];
  exceptions: Exception[];
  counts: {
    objects: number;
    resized: number;
    failed: number;
    others: number;
    /** Where the new installation has its objects. */
    ours: number;
    documents: number;
    /** By rule of the mapping, in its order. */
    collections: { database: string; collection: string; documents: number }[];
    links: number;
    /** Objects with download tokens, of those to be migrated and their resized files. */
    withTokens: number;
  };
  /** Names where originals of the new installation are, and that look like resized files. */
  ours: string[];
}

export interface SurveyContext {
  migration: Migration;
  config: Pick<
    Config,
    'bucket' | 'variantsBucket' | 'originalsPath' | 'variantsPath' | 'databaseId'
  >;
  extension: ExtensionParameters;
  mapping: Mapping;
  /** @param what objects or documents */
  onProgress: (what: string, count: number) => void;
}

/** The download tokens of an object, separated by commas. */
export function tokensOf({ metadata }: Pick<ForeignObject, 'metadata'>): string | undefined {
  return metadata[DOWNLOAD_TOKENS] || undefined;
}

/** The same old object always has the same id, so that a copy that was made before is found again. */
export function imageIdOf({ bucket, name }: { bucket: string; name: string }): string {
  return createHash('sha256').update(`${bucket}/${name}`).digest('hex').slice(0, 32);
}

/** @throws errors of Google's client libraries */
export async function survey(context: SurveyContext): Promise<Survey> {
  const { config, extension, mapping } = context;
  const bucket = extension.bucket ?? config.bucket;
  const objects = await listObjects(bucket, context);
  const classified = classify(objects, extension, {
    ...(bucket === config.bucket && { originalsPath: config.originalsPath }),
    ...(bucket === config.variantsBucket && { variantsPath: config.variantsPath }),
  });
  const { originals, withoutOriginal, ambiguous, failed, others, ours } = classified;
  const exceptions: Exception[] = [
    ...withoutOriginal.map(({ name }) => ({ reason: 'without-original' as const, of: name })),
    ...ambiguous.map(({ name }) => ({ reason: 'ambiguous' as const, of: name })),
  ];
  const references = new References(bucket, originals);
  const collections: Survey['counts']['collections'] = [];
  for (const rule of mapping.documents) {
    const database = rule.database ?? config.databaseId;
    const documents = await readDocuments(database, rule, references, context);
    collections.push({ database, collection: rule.collection.text, documents });
  }
  exceptions.push(...references.exceptions);
  const images: OldImage[] = [];
  for (const { object, resized } of originals) {
    const { links = [], owners = new Set<string>() } = references.found.get(object.name) ?? {};
    const owner = findOwner(object, mapping, owners);
    if (owner === undefined) exceptions.push({ reason: 'no-owner', of: object.name });
    else if (owner === 'conflict') exceptions.push({ reason: 'owner-conflict', of: object.name });
    else {
      const { uid } = owner;
      const imageId = imageIdOf(object);
      const target = fillTemplate(config.originalsPath, { uid, imageId });
      images.push({ object, resized, uid, imageId, target, links });
    }
  }
  const count = (list: readonly OldImage[], of: (image: OldImage) => number) =>
    list.reduce((sum, image) => sum + of(image), 0);
  return {
    bucket,
    images,
    exceptions,
    counts: {
      objects: objects.length,
      resized: new Set(originals.flatMap(({ resized }) => resized)).size,
      failed: failed.length,
      others: others.length,
      ours: ours.length,
      documents: collections.reduce((sum, { documents }) => sum + documents, 0),
      collections,
      links: count(images, ({ links }) => links.length),
      withTokens: count(
        images,
        ({ object, resized }) => [object, ...resized].filter(tokensOf).length,
      ),
    },
    ours: ours
      .filter(({ metadata }) => metadata['resizedImage'] === 'true')
      .map(({ name }) => name),
  };
}

async function listObjects(
  bucket: string,
  { migration, mapping, onProgress }: SurveyContext,
): Promise<ForeignObject[]> {
  const objects: ForeignObject[] = [];
  let after: string | undefined;
  do {
    const page = await migration.listObjects(bucket, mapping.prefix, after);
    objects.push(...page.items);
    onProgress('objects', objects.length);
    after = page.next;
  } while (after !== undefined);
  return objects;
}

/** What documents say about objects, by the name of the original. */
class References {
  readonly found = new Map<string, { links: Link[]; owners: Set<string> }>();
  readonly exceptions: Exception[] = [];
  /** Original of each resized file. */
  readonly #originals = new Map<string, string>();

  constructor(
    readonly bucket: string,
    originals: readonly { object: ForeignObject; resized: ForeignObject[] }[],
  ) {
    for (const { object, resized } of originals) {
      this.#originals.set(object.name, object.name);
      for (const { name } of resized) this.#originals.set(name, object.name);
    }
  }

  /** @param owner uid that the document states */
  add(link: Link, owner: string | undefined): void {
    const of = fieldName(link, link.field);
    const object = parseObjectUrl(link.value, this.bucket);
    if (object?.bucket !== this.bucket) return void this.exceptions.push({ reason: 'no-url', of });
    const original = this.#originals.get(object.name);
    if (original === undefined) {
      return void this.exceptions.push({ reason: 'missing-object', of });
    }
    const { links, owners } = this.found.get(original) ?? { links: [], owners: new Set() };
    links.push(link);
    if (owner !== undefined) owners.add(owner);
    this.found.set(original, { links, owners });
  }
}

/** A field as lists and the journal name it: `path#field`, in another database after the database's name. */
export function fieldName(
  { database, document }: Pick<Link, 'database' | 'document'>,
  field: string,
): string {
  const path = database === '(default)' ? document : `databases/${database}/documents/${document}`;
  return `${path}#${field}`;
}

/** @returns the number of documents */
async function readDocuments(
  database: string,
  rule: DocumentRule,
  references: References,
  { migration, onProgress }: SurveyContext,
): Promise<number> {
  const { collection, url, more, owner, token } = rule;
  const asked = [url, ...more, owner, token].filter((field) => field !== undefined);
  let count = 0;
  let after: string | undefined;
  do {
    const page = await migration.listDocuments(database, collection, [...new Set(asked)], after);
    for (const { path, fields } of page.items) {
      const segments = path.split('/');
      const isHere =
        segments.length === collection.segments.length + 1 &&
        collection.segments.every((part, at) => part === '{uid}' || part === segments[at]);
      // A collection group has collections of the same name elsewhere.
      if (!isHere) continue;
      count += 1;
      const ofPath = segments[collection.segments.indexOf('{uid}')];
      const uid = owner === undefined ? ofPath : (fields[owner] ?? undefined);
      for (const field of [url, ...more]) {
        const value = fields[field];
        if (value === undefined || value === '') continue;
        if (value === null) {
          const of = fieldName({ database, document: path }, field);
          references.exceptions.push({ reason: 'no-url', of });
          continue;
        }
        const ofToken = field === url && token !== undefined;
        const link: Link = {
          ...{ database, document: path, field, value },
          ...(ofToken && { token: { field: token, value: fields[token] } }),
        };
        references.add(link, uid);
      }
    }
    onProgress('documents', count);
    after = page.next;
  } while (after !== undefined);
  return count;
}
