/** Objects in Cloud Storage: originals are read, renditions are written. */
import type { Bucket } from '@google-cloud/storage';
import { entityTag } from '../images/entity-tag.js';
import { FORMATS, type Format } from '../images/format.js';
import type { RenditionInfo } from '../images/records.js';

/**
 * The custom metadata that holds an object's download tokens: each opens the object to whoever has it,
 * past all rules, until it is taken away. Clients can't set it, Storage itself does.
 * @see https://firebase.google.com/docs/storage/web/download-files#download_data_via_url
 */
export const DOWNLOAD_TOKENS = 'firebaseStorageDownloadTokens';

export interface Objects {
  /** An original's bytes, or undefined when that generation is gone (overwritten or deleted). */
  readOriginal(name: string, generation: string): Promise<Buffer | undefined>;
  /** Takes away an object's download tokens; quiet when that generation is gone. */
  lock(name: string, generation: string): Promise<void>;
  /** Writes one rendition, private and without any custom metadata. */
  writeRendition(name: string, format: Format, data: Buffer): Promise<RenditionInfo>;
}

/** @param bucket the one that holds both originals and renditions */
export function openObjects(bucket: Bucket): Objects {
  return {
    readOriginal: (name, generation) =>
      unlessGone(async () => {
        // As it is stored: a client may say that it is gzip, and a small file may unpack to gigabytes.
        const [data] = await bucket.file(name, { generation }).download({ decompress: false });
        return data;
      }),

    async lock(name, generation) {
      await unlessGone(() =>
        bucket.file(name, { generation }).setMetadata({ metadata: { [DOWNLOAD_TOKENS]: null } }),
      );
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
  };
}

async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return undefined;
    throw error;
  }
}
