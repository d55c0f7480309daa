/** Objects in Cloud Storage: originals and renditions. */
import { contentDigest, entityTagOf } from '../domain/entity-tag.js';
import { FOCUS, formatFocus, parseFocus } from '../domain/focus.js';
import { FORMATS, type Format } from '../domain/format.js';
import type { RenditionInfo } from '../domain/records.js';
import type { Point } from '../domain/variant.js';
import type { Page } from './documents.js';
import type { ObjectMetadata, StorageApi } from './storage-api.js';

/**
 * The custom metadata key of an object's download tokens. Anyone who has one can download the object,
 * whatever the security rules say, until it is revoked. Clients can't set the key; Storage sets it.
 * @see https://firebase.google.com/docs/storage/web/download-files#download_data_via_url
 */
export const DOWNLOAD_TOKENS = 'firebaseStorageDownloadTokens';

/** An original in the bucket. */
export interface StoredOriginal {
  name: string;
  /** Cloud Storage generation, decimal. */
  generation: string;
  contentType?: string;
  bytes: number;
  /** Upload time, milliseconds since 1970. */
  time: number;
  hasDownloadToken: boolean;
  /** The focal point that the custom metadata states. */
  focus?: Point;
}

export interface StoredRendition {
  name: string;
  generation: string;
  /** When it was written, milliseconds since 1970. */
  time: number;
  hasDownloadToken: boolean;
}

export interface Objects {
  /** Metadata of an original's live version; undefined when the object does not exist. */
  findOriginal(name: string): Promise<StoredOriginal | undefined>;
  /** The bytes of an original; undefined when that generation was overwritten or deleted. */
  readOriginal(name: string, generation: string): Promise<Buffer | undefined>;
  /**
   * Removes all download tokens of an object in the bucket of the originals; false when that generation does
   * not exist.
   */
  revokeDownloadTokens(name: string, generation: string): Promise<boolean>;
  /** Sets the focal point in the custom metadata, or removes it; false when that generation does not exist. */
  setFocus(name: string, generation: string, focus: Point | undefined): Promise<boolean>;
  /** Does nothing when that generation is not the live version. */
  deleteOriginal(name: string, generation: string): Promise<void>;
  /** Objects with a name prefix, in the order of their names. */
  listOriginals(prefix: string, limit: number, after?: string): Promise<Page<StoredOriginal>>;
  /**
   * Writes one rendition, without custom metadata.
   * @param digest `contentDigest(data)`, if the caller has computed it
   */
  writeRendition(
    name: string,
    format: Format,
    data: Buffer,
    digest?: string,
  ): Promise<RenditionInfo>;
  /** The bytes of a rendition; undefined when it does not exist. */
  readRendition(name: string): Promise<Buffer | undefined>;
  /** All renditions of an image, of every generation. */
  listRenditions(folder: string): Promise<StoredRendition[]>;
  /** Removes all download tokens of a rendition; false when that generation does not exist. */
  revokeRenditionTokens(rendition: Pick<StoredRendition, 'name' | 'generation'>): Promise<boolean>;
  /** Does nothing when the object was deleted, or overwritten since it was listed. */
  deleteRendition(rendition: Pick<StoredRendition, 'name' | 'generation'>): Promise<void>;
  /** The direct subfolders of a folder. `folder` and the results end with a slash. */
  listFolders(folder: string, limit: number, after?: string): Promise<Page<string>>;
}

const NOT_FOUND = 404;
const PRECONDITION_FAILED = 412;

/**
 * @param bucket the bucket of the originals
 * @param variantsBucket the bucket of the renditions; may be the same
 */
export function openObjects(api: StorageApi, bucket: string, variantsBucket: string): Objects {
  return {
    findOriginal: (name) => undefinedIfMissing(async () => originalOf(await api.get(bucket, name))),

    readOriginal: (name, generation) =>
      undefinedIfMissing(() => api.read(bucket, name, generation)),

    revokeDownloadTokens: (name, generation) => revokeTokens(api, bucket, name, generation),

    setFocus: (name, generation, focus) =>
      patch(api, bucket, name, generation, { [FOCUS]: focus ? formatFocus(focus) : null }),

    deleteOriginal: (name, generation) => deleteObject(api, bucket, { name, generation }),

    async listOriginals(prefix, limit, after) {
      const { objects, next } = await list(api, bucket, { prefix }, limit, after);
      return { items: objects.map(originalOf), ...(next !== undefined && { next }) };
    },

    async writeRendition(name, format, data, digest = contentDigest(data)) {
      await api.write(variantsBucket, name, data, {
        contentType: FORMATS[format].contentType,
        // Only `serve` decides how long caches may store a rendition.
        cacheControl: 'private, no-store',
      });
      return { object: name, bytes: data.length, etag: entityTagOf(digest) };
    },

    readRendition: (name) => undefinedIfMissing(() => api.read(variantsBucket, name)),

    async listRenditions(folder) {
      const renditions: StoredRendition[] = [];
      let after: string | undefined;
      do {
        const { objects, next } = await list(api, variantsBucket, { prefix: folder }, 1000, after);
        for (const object of objects) {
          const { name, generation, time, hasDownloadToken } = originalOf(object);
          renditions.push({ name, generation, time, hasDownloadToken });
        }
        after = next;
      } while (after !== undefined);
      return renditions;
    },

    revokeRenditionTokens: ({ name, generation }) =>
      revokeTokens(api, variantsBucket, name, generation),

    deleteRendition: (rendition) => deleteObject(api, variantsBucket, rendition),

    async listFolders(folder, limit, after) {
      const query = { prefix: folder, delimiter: '/' };
      const { folders, next } = await list(api, variantsBucket, query, limit, after);
      return { items: folders, ...(next !== undefined && { next }) };
    },
  };
}

/** Gets one page of objects and folders: https://cloud.google.com/storage/docs/json_api/v1/objects/list */
async function list(
  api: StorageApi,
  bucket: string,
  query: { prefix: string; delimiter?: string },
  limit: number,
  after: string | undefined,
): Promise<{ objects: ObjectMetadata[]; folders: string[]; next: string | undefined }> {
  const { items, prefixes, nextPageToken } = await api.list(bucket, {
    ...query,
    maxResults: String(limit),
    ...(after !== undefined && { pageToken: after }),
  });
  return { objects: items ?? [], folders: prefixes ?? [], next: nextPageToken };
}

function originalOf(object: ObjectMetadata): StoredOriginal {
  const { name, generation, contentType, size, timeCreated, metadata = {} } = object;
  const focus = parseFocus(metadata[FOCUS]);
  return {
    name,
    generation: String(generation),
    ...(contentType !== undefined && { contentType }),
    bytes: Number(size),
    time: Date.parse(timeCreated),
    hasDownloadToken: Boolean(metadata[DOWNLOAD_TOKENS]),
    ...(focus && { focus }),
  };
}

const revokeTokens = (api: StorageApi, bucket: string, name: string, generation: string) =>
  patch(api, bucket, name, generation, { [DOWNLOAD_TOKENS]: null });

/** Sets custom metadata; false when that generation does not exist. */
async function patch(
  api: StorageApi,
  bucket: string,
  name: string,
  generation: string,
  metadata: Record<string, string | null>,
): Promise<boolean> {
  const update = async () => {
    await api.patch(bucket, name, generation, metadata);
    return true;
  };
  return (await undefinedIfMissing(update)) ?? false;
}

async function deleteObject(
  api: StorageApi,
  bucket: string,
  { name, generation }: { name: string; generation: string },
): Promise<void> {
  try {
    await api.delete(bucket, name, generation);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== NOT_FOUND && code !== PRECONDITION_FAILED) throw error;
  }
}

async function undefinedIfMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}
