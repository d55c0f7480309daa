import type { Backend, Next, Unsubscribe } from './backend.js';
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
import { openSharing, type Sharing, type WatchList } from './sharing.js';
import { startUpload, type Upload, type UploadOptions } from './upload.js';
import type { Transfers, UploadSettings } from './upload-transfer.js';
import { variantUrl, widthUrl } from './urls.js';

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
    sharesCollection = 'users/{uid}/imageShares',
  } = options;
  const errors = openErrors(options.sentences);
  let transfers: Transfers | undefined;
  async function loadTransfers(): Promise<Transfers> {
    const { openTransfers } = await import('./upload-transfer.js').catch((cause: unknown) => {
      throw errors.of('offline', {}, { cause });
    });
    return (transfers ??= openTransfers({ ...options, backend, errors }));
  }
  // At once, because there is a connection: later, an upload without one can begin, and wait.
  loadTransfers().catch(() => {});

  /** @throws ImagesError `not-signed-in`, or Error when the id is not valid */
  function fill(path: string, imageId = '-'): string {
    const uid = backend.uid();
    if (!uid) throw errors.of('not-signed-in');
    assertImageId(imageId);
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

  const watchRecord = (
    id: string,
    next: Next<Image | undefined>,
    error?: (error: ImagesError) => void,
  ) =>
    subscribe(
      (report) =>
        backend.watchDocument(
          `${fill(imagesCollection, id)}/${id}`,
          (data) => next(data ? toImage(id, data) : undefined),
          report,
        ),
      error,
    );

  const watchList: WatchList = (path, query, convert, next, error) =>
    subscribe(
      (report) =>
        backend.watchCollection(
          fill(path),
          query,
          (documents) => next(documents.map(({ id, data }) => convert(id, data))),
          report,
        ),
      error,
    );

  async function waitFor(
    id: string,
    { generation = '0', timeout = WAIT_MS, signal, onUpdate }: WaitOptions = {},
  ): Promise<Image> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let cancel = () => {};
    let unsubscribe = cancel;
    try {
      return await new Promise<Image>((resolve, reject) => {
        timer = setTimeout(() => reject(errors.of('timeout')), timeout);
        cancel = () => reject(errors.of('canceled'));
        unsubscribe = watchRecord(
          id,
          (image) => {
            // Generations have up to 19 digits: too many for a number.
            if (!image || BigInt(image.original.generation) < BigInt(generation)) return true;
            onUpdate?.(image);
            const { state, error: cause } = image;
            if (state === 'processing') return true;
            if (state === 'ready') resolve(image);
            else reject(errors.of(state, { ...cause }, { cause, image }));
            return false;
          },
          reject,
        );
        signal?.addEventListener('abort', cancel);
        if (signal?.aborted) cancel();
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      unsubscribe();
    }
  }

  return {
    ...openSharing(backend, errors, watchList, sharesCollection),
    upload: (file, uploadOptions = {}) =>
      startUpload(file, uploadOptions, { backend, errors, pathOf, loadTransfers, waitFor }),
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
      watchList(
        imagesCollection,
        { limit },
        toImage,
        (images) => {
          next(images);
          return !images.every(isFinal);
        },
        error,
      ),
    remove: async (id) => (await loadTransfers()).remove(() => pathOf(id)),
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
