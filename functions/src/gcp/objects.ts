/** Objects in Cloud Storage: originals and renditions. */
import type { Storage } from 'firebase-admin/storage';
import { contentDigest, entityTagOf } from '../domain/entity-tag.js';
import { FOCUS, formatFocus, parseFocus } from '../domain/focus.js';
import { FORMATS, type Format } from '../domain/format.js';
import type { RenditionInfo } from '../domain/records.js';
import type { Point } from '../domain/variant.js';
import type { Page } from './documents.js';

type Bucket = ReturnType<Storage['bucket']>;
type FileMetadata = ReturnType<Bucket['file']>['metadata'];

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
export function openObjects(bucket: Bucket, variantsBucket: Bucket): Objects {
  return {
    findOriginal: (name) =>
      undefinedIfMissing(async () => {
        const [metadata] = await bucket.file(name).getMetadata();
        return originalOf(metadata);
      }),

    readOriginal: (name, generation) =>
      undefinedIfMissing(async () => {
        // Not decompressed: a client may declare gzip, and a small file may expand to gigabytes.
        const [data] = await bucket.file(name, { generation }).download({ decompress: false });
        return data;
      }),

    revokeDownloadTokens: (name, generation) => revokeTokens(bucket, name, generation),

    async setFocus(name, generation, focus) {
      const metadata = { metadata: { [FOCUS]: focus ? formatFocus(focus) : null } };
      const file = bucket.file(name, { generation });
      return (await undefinedIfMissing(() => file.setMetadata(metadata))) !== undefined;
    },

    deleteOriginal: (name, generation) => deleteObject(bucket, { name, generation }),

    async listOriginals(prefix, limit, after) {
      const { files, next } = await list(bucket, { prefix }, limit, after);
      return { items: files.map(originalOf), ...(next !== undefined && { next }) };
    },

    async writeRendition(name, format, data, digest = contentDigest(data)) {
      await variantsBucket.file(name).save(data, {
        resumable: false,
        validation: 'crc32c',
        metadata: {
          contentType: FORMATS[format].contentType,
          // Only `serve` decides how long caches may store a rendition.
          cacheControl: 'private, no-store',
        },
      });
      return { object: name, bytes: data.length, etag: entityTagOf(digest) };
    },

    readRendition: (name) =>
      undefinedIfMissing(async () => {
        const [data] = await variantsBucket.file(name).download();
        return data;
      }),

    async listRenditions(folder) {
      const renditions: StoredRendition[] = [];
      let after: string | undefined;
      do {
        const { files, next } = await list(variantsBucket, { prefix: folder }, 1000, after);
        for (const file of files) {
          const { name, generation, time, hasDownloadToken } = originalOf(file);
          renditions.push({ name, generation, time, hasDownloadToken });
        }
        after = next;
      } while (after !== undefined);
      return renditions;
    },

    revokeRenditionTokens: ({ name, generation }) => revokeTokens(variantsBucket, name, generation),

    deleteRendition: (rendition) => deleteObject(variantsBucket, rendition),

    async listFolders(folder, limit, after) {
      const query = { prefix: folder, delimiter: '/' };
      const { folders, next } = await list(variantsBucket, query, limit, after);
      return { items: folders, ...(next !== undefined && { next }) };
    },
  };
}

/** Gets one page of objects and folders: https://cloud.google.com/storage/docs/json_api/v1/objects/list */
async function list(
  bucket: Bucket,
  query: { prefix: string; delimiter?: string },
  limit: number,
  after: string | undefined,
): Promise<{ files: FileMetadata[]; folders: string[]; next: string | undefined }> {
  const [files, nextQuery, response] = await bucket.getFiles({
    ...query,
    autoPaginate: false,
    maxResults: limit,
    ...(after !== undefined && { pageToken: after }),
  });
  return {
    files: files.map(({ metadata }) => metadata),
    folders: (response as { prefixes?: string[] } | undefined)?.prefixes ?? [],
    next: (nextQuery as { pageToken?: string } | null | undefined)?.pageToken,
  };
}

function originalOf(metadata: FileMetadata): StoredOriginal {
  const { name, generation, contentType, size, timeCreated } = metadata;
  const custom: Record<string, unknown> = metadata.metadata ?? {};
  const focus = parseFocus(custom[FOCUS]?.toString());
  return {
    name: name as string,
    generation: String(generation),
    ...(contentType !== undefined && { contentType }),
    bytes: Number(size),
    time: Date.parse(timeCreated ?? ''),
    hasDownloadToken: Boolean(custom[DOWNLOAD_TOKENS]),
    ...(focus && { focus }),
  };
}

async function revokeTokens(bucket: Bucket, name: string, generation: string): Promise<boolean> {
  const metadata = { metadata: { [DOWNLOAD_TOKENS]: null } };
  const file = bucket.file(name, { generation });
  const response = await undefinedIfMissing(() => file.setMetadata(metadata));
  return response !== undefined;
}

async function deleteObject(
  bucket: Bucket,
  { name, generation }: { name: string; generation: string },
): Promise<void> {
  try {
    // A precondition instead of a generation to delete: the latter would also delete a noncurrent version.
    await bucket.file(name).delete({ ifGenerationMatch: generation });
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
