/** Objects in Cloud Storage: originals are read, locked and deleted, renditions written and deleted. */
import type { Bucket, FileMetadata } from '@google-cloud/storage';
import { entityTag } from '../domain/entity-tag.js';
import { FORMATS, type Format } from '../domain/format.js';
import type { RenditionInfo } from '../domain/records.js';
import type { Page } from './records.js';

/**
 * The custom metadata that holds an object's download tokens: each opens the object to whoever has it,
 * past all rules, until it is taken away. Clients can't set it, Storage itself does.
 * @see https://firebase.google.com/docs/storage/web/download-files#download_data_via_url
 */
export const DOWNLOAD_TOKENS = 'firebaseStorageDownloadTokens';

/** An original as it is in the bucket. */
export interface StoredOriginal {
  name: string;
  /** Decimal. */
  generation: string;
  contentType?: string;
  bytes: number;
  /** When it was uploaded, milliseconds since 1970. */
  time: number;
  /** Whether it has a download token. */
  isOpen: boolean;
}

export interface StoredRendition {
  name: string;
  generation: string;
  /** Whether it has a download token. */
  isOpen: boolean;
}

export interface Objects {
  /** The original that is there now. */
  findOriginal(name: string): Promise<StoredOriginal | undefined>;
  /** An original's bytes, or undefined when that generation is gone (overwritten or deleted). */
  readOriginal(name: string, generation: string): Promise<Buffer | undefined>;
  /** Takes away an object's download tokens; false when that generation is gone. */
  revokeDownloadTokens(name: string, generation: string): Promise<boolean>;
  /** Quiet when that generation is gone. */
  deleteOriginal(name: string, generation: string): Promise<void>;
  /** Objects below a prefix, in the order of their names. */
  listOriginals(prefix: string, limit: number, after?: string): Promise<Page<StoredOriginal>>;
  /** Writes one rendition, private and without any custom metadata. */
  writeRendition(name: string, format: Format, data: Buffer): Promise<RenditionInfo>;
  /** All renditions in an image's folder. */
  listRenditions(folder: string): Promise<StoredRendition[]>;
  /** Quiet when it is gone, or was written anew since it was listed. */
  deleteRendition(rendition: Pick<StoredRendition, 'name' | 'generation'>): Promise<void>;
  /** The folders right below a folder, each with a slash at its end; `folder` has one, too. */
  listFolders(folder: string, limit: number, after?: string): Promise<Page<string>>;
}

const PRECONDITION_FAILED = 412;

/** @param bucket the one that holds both originals and renditions */
export function openObjects(bucket: Bucket): Objects {
  return {
    findOriginal: (name) =>
      unlessGone(async () => {
        const [metadata] = await bucket.file(name).getMetadata();
        return originalOf(metadata);
      }),

    readOriginal: (name, generation) =>
      unlessGone(async () => {
        // As it is stored: a client may say that it is gzip, and a small file may unpack to gigabytes.
        const [data] = await bucket.file(name, { generation }).download({ decompress: false });
        return data;
      }),

    async revokeDownloadTokens(name, generation) {
      const metadata = { metadata: { [DOWNLOAD_TOKENS]: null } };
      const done = await unlessGone(() => bucket.file(name, { generation }).setMetadata(metadata));
      return done !== undefined;
    },

    deleteOriginal: (name, generation) => deleteObject(bucket, { name, generation }),

    async listOriginals(prefix, limit, after) {
      const { files, next } = await list(bucket, { prefix }, limit, after);
      return { items: files.map(originalOf), ...(next !== undefined && { next }) };
    },

    async writeRendition(name, format, data) {
      await bucket.file(name).save(data, {
        resumable: false,
        validation: 'crc32c',
        metadata: {
          contentType: FORMATS[format].contentType,
          // Only the function may decide how long a rendition is kept by a cache.
          cacheControl: 'private, no-store',
        },
      });
      return { object: name, bytes: data.length, etag: entityTag(data) };
    },

    async listRenditions(folder) {
      const found: StoredRendition[] = [];
      let after: string | undefined;
      do {
        const { files, next } = await list(bucket, { prefix: folder }, 1000, after);
        for (const file of files) {
          const { name, generation, isOpen } = originalOf(file);
          found.push({ name, generation, isOpen });
        }
        after = next;
      } while (after !== undefined);
      return found;
    },

    deleteRendition: (rendition) => deleteObject(bucket, rendition),

    async listFolders(folder, limit, after) {
      const query = { prefix: folder, delimiter: '/' };
      const { folders, next } = await list(bucket, query, limit, after);
      return { items: folders, ...(next !== undefined && { next }) };
    },
  };
}

/** One page as the JSON API gives it: https://cloud.google.com/storage/docs/json_api/v1/objects/list */
async function list(
  bucket: Bucket,
  query: { prefix: string; delimiter?: string },
  limit: number,
  after: string | undefined,
): Promise<{ files: FileMetadata[]; folders: string[]; next: string | undefined }> {
  const [files, nextQuery, answer] = await bucket.getFiles({
    ...query,
    autoPaginate: false,
    maxResults: limit,
    ...(after !== undefined && { pageToken: after }),
  });
  return {
    files: files.map(({ metadata }) => metadata),
    folders: (answer as { prefixes?: string[] } | undefined)?.prefixes ?? [],
    next: (nextQuery as { pageToken?: string } | null | undefined)?.pageToken,
  };
}

function originalOf(metadata: FileMetadata): StoredOriginal {
  const { name, generation, contentType, size, timeCreated } = metadata;
  return {
    name: name as string,
    generation: String(generation),
    ...(contentType !== undefined && { contentType }),
    bytes: Number(size),
    time: Date.parse(timeCreated ?? ''),
    isOpen: Boolean(metadata.metadata?.[DOWNLOAD_TOKENS]),
  };
}

async function deleteObject(
  bucket: Bucket,
  { name, generation }: { name: string; generation: string },
): Promise<void> {
  try {
    // As a condition, not as the generation to delete: that would reach a noncurrent one, too.
    await bucket.file(name).delete({ ifGenerationMatch: generation });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 404 && code !== PRECONDITION_FAILED) throw error;
  }
}

async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return undefined;
    throw error;
  }
}
