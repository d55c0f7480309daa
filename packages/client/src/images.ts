import type { Backend, Unsubscribe } from './backend.js';
import { toImage, type Image } from './documents.js';
import { openErrors, type ImagesError, type Sentences } from './errors.js';
import { assertImageId, fillPath } from './paths.js';
import {
  picture,
  pictureHtml,
  type Picture,
  type PictureOptions,
  type PictureRecord,
} from './picture.js';
import type { ImageRecord } from './records.js';
import { openSharing, type Sharing } from './sharing.js';
import { startUpload, type Upload, type UploadOptions, type UploadSettings } from './upload.js';
import { variantUrl, widthUrl } from './urls.js';

/** Uploads at one time; the others wait. */
const MAX_UPLOADS = 4;
/** Milliseconds until `waitFor` rejects. */
const WAIT_MS = 120_000;
/** Images that `watchAll` lists. */
const MAX_IMAGES = 50;

export interface ImagesOptions extends UploadSettings {
  /** The URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`. */
  baseUrl: string;
  /** The deployed ORIGINALS_PATH; `originals/{uid}/{imageId}` by default. */
  originalsPath?: string | undefined;
  /** The deployed IMAGES_COLLECTION; `users/{uid}/images` by default. */
  imagesCollection?: string | undefined;
  /** The deployed SHARES_COLLECTION; `users/{uid}/imageShares` by default. */
  sharesCollection?: string | undefined;
  /** Sentences of errors that replace the English ones. */
  sentences?: Sentences | undefined;
}

export interface WaitOptions {
  /** Waits for the record of this upload or of a later one. Without it, that of an earlier upload is accepted. */
  generation?: string | undefined;
  /** Milliseconds; 120,000 by default. */
  timeout?: number | undefined;
  /** Stops waiting; the promise rejects with the code `canceled`. */
  signal?: AbortSignal | undefined;
  /** Called with each state of the record. */
  onUpdate?: ((image: Image) => void) | undefined;
}

export interface Images extends Sharing {
  /** Uploads a photo. Its type is detected by its bytes. @throws Error when `id` is not a valid id */
  upload(file: Blob, options?: UploadOptions): Upload;
  /**
   * Resolves with the image once it is ready.
   * @throws ImagesError `failed`, `timeout`, `canceled`, `permission-denied`
   */
  waitFor(id: string, options?: WaitOptions): Promise<Image>;
  /** Calls `next` with the image at each change; undefined while there is none. */
  watch(
    id: string,
    next: (image: Image | undefined) => void,
    error?: (error: ImagesError) => void,
  ): Unsubscribe;
  /** Calls `next` with the user's images, newest first, at each change. */
  watchAll(
    next: (images: Image[]) => void,
    options?: { limit?: number; error?: (error: ImagesError) => void },
  ): Unsubscribe;
  /** Deletes the original; the functions then delete the record, the tokens and the renditions. */
  remove(id: string): Promise<void>;
  /** Returns the public URL of a variant, or of the narrowest one with that many pixels of width. */
  url(image: Pick<ImageRecord, 'token'>, variant: string | number): string;
  /** Returns the attributes of a `<picture>`; undefined until there are variants. */
  picture(image: PictureRecord, options: PictureOptions): Picture | undefined;
  /** Returns the HTML of a `<picture>`; undefined until there are variants. */
  pictureHtml(image: PictureRecord, options: PictureOptions): string | undefined;
}

/** Connects the package to Firebase through a backend; `/firebase` and `/firebase-lite` have one. */
export function createImagesWith(backend: Backend, options: ImagesOptions): Images {
  const {
    baseUrl,
    originalsPath = 'originals/{uid}/{imageId}',
    imagesCollection = 'users/{uid}/images',
  } = options;
  const errors = openErrors(options.sentences);
  const takeSlot = openSlots(MAX_UPLOADS);

  function fill(path: string, imageId?: string): string {
    const uid = backend.uid();
    if (uid === undefined) throw errors.of('not-signed-in');
    if (imageId !== undefined) assertImageId(imageId);
    return fillPath(path, uid, imageId);
  }
  const pathOf = (id: string) => fill(originalsPath, id);

  /** Subscribes, and reports errors as an ImagesError, also those of subscribing. */
  function subscribe(
    start: (error: (error: unknown) => void) => Unsubscribe,
    error: (error: ImagesError) => void = () => {},
  ): Unsubscribe {
    const report = (reason: unknown) => error(errors.from(reason));
    try {
      return start(report);
    } catch (reason) {
      // Like an error of the subscription: not before `subscribe` has returned.
      queueMicrotask(() => report(reason));
      return () => {};
    }
  }

  function watchRecord(
    id: string,
    next: (image: Image | undefined) => boolean,
    error?: (error: ImagesError) => void,
  ): Unsubscribe {
    return subscribe((report) => {
      const path = `${fill(imagesCollection, id)}/${id}`;
      return backend.watchDocument(
        path,
        (data) => next(data === undefined ? undefined : toImage(id, data)),
        report,
      );
    }, error);
  }

  function waitFor(id: string, { generation, timeout, signal, onUpdate }: WaitOptions = {}) {
    return new Promise<Image>((resolve, reject) => {
      const timer = setTimeout(() => end(() => reject(errors.of('timeout'))), timeout ?? WAIT_MS);
      const cancel = () => end(() => reject(errors.of('canceled')));
      let isOver = false;
      const unsubscribe = watchRecord(
        id,
        (image) => {
          // Generations have up to 19 digits: too many for a number.
          const isOlder = BigInt(image?.original.generation ?? 0) < BigInt(generation ?? 0);
          if (isOver || !image || isOlder) return !isOver;
          onUpdate?.(image);
          const { state, error: cause } = image;
          if (state === 'ready') end(() => resolve(image));
          if (state === 'failed') {
            const message = cause?.message ?? '';
            end(() => reject(errors.of('failed', { message }, { cause, image })));
          }
          return state === 'processing';
        },
        (error) => end(() => reject(error)),
      );
      function end(settle: () => void): void {
        isOver = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        // Later, because a backend may call `next` before it returns.
        queueMicrotask(() => unsubscribe());
        settle();
      }
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted) cancel();
    });
  }

  return {
    ...openSharing({ backend, errors, fill, subscribe, collection: options.sharesCollection }),
    upload(file, uploadOptions = {}) {
      if (uploadOptions.id !== undefined) assertImageId(uploadOptions.id);
      return startUpload(file, uploadOptions, {
        ...options,
        backend,
        errors,
        pathOf,
        takeSlot,
        waitFor,
      });
    },
    waitFor,
    watch: (id, next, error) =>
      watchRecord(
        id,
        (image) => {
          next(image);
          return !isFinal(image);
        },
        error,
      ),
    watchAll: (next, { limit = MAX_IMAGES, error } = {}) =>
      subscribe(
        (report) =>
          backend.watchCollection(
            fill(imagesCollection),
            { limit },
            (documents) => {
              const images = documents.map(({ id, data }) => toImage(id, data));
              next(images);
              return !images.every(isFinal);
            },
            report,
          ),
        error,
      ),
    async remove(id) {
      try {
        await backend.delete(pathOf(id));
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'storage/object-not-found') {
          throw errors.from(error);
        }
      }
    },
    url: ({ token }, variant) =>
      typeof variant === 'number'
        ? widthUrl(baseUrl, token, variant)
        : variantUrl(baseUrl, token, variant),
    picture: (image, pictureOptions) => picture(baseUrl, image, pictureOptions),
    pictureHtml: (image, pictureOptions) => pictureHtml(baseUrl, image, pictureOptions),
  };
}

function isFinal(image: Image | undefined): boolean {
  return image !== undefined && image.state !== 'processing';
}

/** Returns a function that waits until fewer than `count` are taken, and resolves with its end. */
function openSlots(count: number): () => Promise<() => void> {
  const queue: (() => void)[] = [];
  let free = count;
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    return () => {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    };
  };
}
