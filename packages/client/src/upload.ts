import type { Backend, Unsubscribe } from './backend.js';
import type { Image } from './documents.js';
import type { Errors } from './errors.js';
import { assertImageId, newImageId } from './paths.js';
import { openPreview } from './preview.js';
import type { Point } from './records.js';
import type { Transfers, UploadStatus } from './upload-transfer.js';

const CLEARED = { error: undefined, message: undefined };

/** One photo on its way. */
export interface Upload extends UploadStatus {
  /** Of the image. */
  readonly id: string;
  /** Replaced at each change, so that it can be compared. */
  readonly status: UploadStatus;
  /** Rejects with an ImagesError; after `retry()` it is a new promise. */
  readonly ready: Promise<Image>;
  /** Calls the listener at each change. */
  readonly subscribe: (listener: () => void) => Unsubscribe;
  /**
   * Stops the upload or the waiting. If its id is new, the original is deleted; under an id that the app gave
   * there may be an older photo, so it stays.
   */
  readonly cancel: () => void;
  /** After a failure: uploads again under the same id, or waits on if the file was uploaded. Returns `ready`. */
  retry(): Promise<Image>;
}

export interface UploadOptions {
  /** A new random id by default. An existing id is overwritten, and the image keeps its token. */
  id?: string | undefined;
  /** The focal point, which variants with `:focal` are cropped around; the center by default. */
  focus?: Point | undefined;
  /** Cancels the upload. */
  signal?: AbortSignal | undefined;
}

/** What an upload needs of `createImagesWith`. */
export interface UploadContext {
  backend: Backend;
  errors: Errors;
  /** Object name of an original. @throws ImagesError `not-signed-in` */
  pathOf(id: string): string;
  /** @throws ImagesError `offline` */
  loadTransfers(): Promise<Transfers>;
  waitFor(
    id: string,
    options: { generation: string; signal: AbortSignal; onUpdate: (image: Image) => void },
  ): Promise<Image>;
}

/** @throws Error when the id is not valid */
export function startUpload(
  file: Blob,
  { id: givenId, signal, focus }: UploadOptions,
  context: UploadContext,
): Upload {
  const { backend, errors } = context;
  const id = givenId ?? newImageId();
  assertImageId(id);
  const listeners = new Set<() => void>();
  const stop = new AbortController();
  /** Where bytes were sent to. */
  let path: string | undefined;
  /** Of the object, once it is uploaded. */
  let generation: string | undefined;

  const upload = {
    id,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    cancel() {
      if (upload.state === 'ready' || upload.state === 'canceled') return;
      stop.abort();
      preview();
      set({ ...CLEARED, state: 'canceled', preview: undefined });
    },
    retry() {
      if (upload.state === 'failed') {
        set({ ...CLEARED, state: 'waiting', progress: 0 });
        start();
      }
      return upload.ready;
    },
    // `set` and `start` add the rest, at once.
  } as Upload as { -readonly [Name in keyof Upload]: Upload[Name] };

  function set(change: Partial<UploadStatus>): void {
    upload.status = { ...upload.status, ...change };
    Object.assign(upload, change);
    listeners.forEach((listener) => listener());
  }

  async function transfer(): Promise<string> {
    const target = context.pathOf(id);
    const transfers = await context.loadTransfers();
    const report = (change: Partial<UploadStatus>) => {
      path = target;
      set(change);
    };
    return transfers.send(file, target, stop.signal, report, focus);
  }

  async function run(): Promise<Image> {
    try {
      generation ??= await transfer();
      stop.signal.throwIfAborted();
      set({ state: 'processing', progress: 1, message: undefined });
      const image = await context.waitFor(id, {
        generation,
        signal: stop.signal,
        onUpdate: (update) => set({ image: update }),
      });
      preview();
      set({ state: 'ready', image, preview: undefined });
      return image;
    } catch (error) {
      if (!stop.signal.aborted) {
        const failure = errors.from(error);
        // A failed image needs another upload.
        if (failure.code === 'failed') generation = undefined;
        set({ state: 'failed', error: failure, message: failure.message });
        throw failure;
      }
      // A cancel that comes late leaves the object.
      if (givenId === undefined && path) await backend.delete(path).catch(() => {});
      throw errors.of('canceled', {}, { cause: error });
    }
  }

  function start(): void {
    upload.ready = run();
    // It may never be awaited; the status has the error.
    upload.ready.catch(() => {});
  }

  set({ state: 'waiting', progress: 0 });
  const preview = openPreview(file, (url) => set({ preview: url }));
  start();
  if (signal?.aborted) upload.cancel();
  signal?.addEventListener('abort', upload.cancel);
  return upload;
}
