import { ref, uploadBytesResumable, type FirebaseStorage } from 'firebase/storage';
import { assertSegment, fillPath, newImageId } from './paths.js';

export interface UploadOptions {
  /** The signed-in user; storage.rules deny uploads to the folder of any other user. */
  uid: string;
  /** A new random id by default. An existing id is overwritten, and the image keeps its token. */
  imageId?: string;
  data: Blob | Uint8Array;
  /** Media type, such as `image/jpeg`. */
  contentType: string;
  /** Called with the fraction of bytes uploaded, 0 to 1. */
  onProgress?: (fraction: number) => void;
  /** The deployed ORIGINALS_PATH; `originals/{uid}/{imageId}` by default. */
  originalsPath?: string;
  /** Cancels the upload; no object is created. */
  signal?: AbortSignal;
}

export interface UploadedOriginal {
  imageId: string;
  /** Object name in the bucket. */
  name: string;
  /** A decimal string. Pass it to `waitForImage` to wait for the record of this upload. */
  generation: string;
}

/**
 * Uploads one original with a resumable upload.
 *
 * @throws Error when `imageId` or `uid` is not a valid path segment
 * @throws FirebaseError `storage/unauthorized` when storage.rules deny the upload, or another
 *   `storage/…` code
 * @throws the signal's reason when `signal` is aborted
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
    // totalBytes is 0 for an empty file.
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
