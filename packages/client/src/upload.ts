import { ref, uploadBytesResumable, type FirebaseStorage } from 'firebase/storage';
import { assertSegment, fillPath, newImageId } from './paths.js';

export interface UploadOptions {
  /** The signed-in user whose folder it goes to; storage.rules refuse any other. */
  uid: string;
  /** A new random id by default. An id that exists already is overwritten and keeps its token. */
  imageId?: string;
  data: Blob | Uint8Array;
  /** MIME type, `image/jpeg`. */
  contentType: string;
  /** Called with the fraction that has arrived, 0 to 1. */
  onProgress?: (fraction: number) => void;
  /** The deployed ORIGINALS_PATH; `originals/{uid}/{imageId}` by default. */
  originalsPath?: string;
  /** Stops the upload; nothing of it stays in the bucket. */
  signal?: AbortSignal;
}

export interface UploadedOriginal {
  imageId: string;
  /** Name of the object in the bucket. */
  name: string;
  /** Decimal string; hand it to `waitForImage` to wait for the record of this very upload. */
  generation: string;
}

/**
 * Uploads one original, in pieces that are sent again when the line breaks.
 *
 * @throws Error when `imageId` or `uid` cannot be part of a path
 * @throws FirebaseError `storage/unauthorized` when storage.rules refuse it, and Storage's other codes;
 *   the signal's reason when aborted
 */
export async function uploadOriginal(
  storage: FirebaseStorage,
  options: UploadOptions,
): Promise<UploadedOriginal> {
  const { uid, imageId = newImageId(), data, contentType, onProgress, signal } = options;
  assertSegment('uid', uid);
  assertSegment('image id', imageId);
  const name = fillPath(options.originalsPath ?? 'originals/{uid}/{imageId}', { uid, imageId });

  signal?.throwIfAborted();
  const task = uploadBytesResumable(ref(storage, name), data, { contentType });
  task.on('state_changed', ({ bytesTransferred, totalBytes }) => {
    // An empty file has nothing to divide by.
    onProgress?.(totalBytes > 0 ? bytesTransferred / totalBytes : 0);
  });
  const cancel = () => task.cancel();
  signal?.addEventListener('abort', cancel);
  try {
    const { metadata } = await task;
    onProgress?.(1);
    return { imageId, name, generation: metadata.generation };
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
