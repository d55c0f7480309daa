import type { Backend, Task, Unsubscribe } from './backend.js';
import type { Image } from './documents.js';
import type { Errors, ImagesError } from './errors.js';
import { imageType } from './image-type.js';
import { newImageId } from './paths.js';
import { openPreview } from './preview.js';

/** Bytes that the `storage.rules` of the project allow. */
const MAX_BYTES = 25 * 1024 * 1024;
/** TIFF is off unless the parameter `TIFF` is set. */
const TYPES = ['jpeg', 'png', 'webp', 'gif', 'avif', 'heic'].map((name) => `image/${name}`);

/** `waiting`: other uploads come first. `canceled` and `ready` are final; `failed` may be retried. */
export type UploadState = 'waiting' | 'uploading' | 'processing' | 'ready' | 'failed' | 'canceled';

/** An upload at one time. */
export interface UploadStatus {
  readonly state: UploadState;
  /** Fraction of the bytes, 0 to 1. It changes once a chunk, so animate between the values. */
  readonly progress: number;
  /** Object URL of the file, if this browser can show it; until the image is ready. */
  readonly preview?: string | undefined;
  /** The image record, from `processing` on. */
  readonly image?: Image | undefined;
  readonly error?: ImagesError | undefined;
  /** A sentence for the user: the error, or that there is no connection. */
  readonly message?: string | undefined;
}

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
  /** Cancels the upload. */
  signal?: AbortSignal | undefined;
}

/** What an app decides about all uploads. */
export interface UploadSettings {
  /** The limit of `storage.rules`; 25 MiB by default. */
  maxBytes?: number | undefined;
  /** Media types that are not refused; by default JPEG, PNG, WebP, GIF, AVIF and HEIC. */
  types?: readonly string[] | undefined;
  /** Changes the file before it is uploaded, for example its size for people who pay for data. */
  prepare?: ((file: Blob) => Promise<Blob>) | undefined;
}

/** What an upload needs of `createImagesWith`. */
export interface UploadContext extends UploadSettings {
  backend: Backend;
  errors: Errors;
  /** Object name of an original. @throws ImagesError `not-signed-in` */
  pathOf(id: string): string;
  /** Resolves with a function that must be called at the end of the transfer. */
  takeSlot(): Promise<() => void>;
  waitFor(
    id: string,
    options: { generation: string; signal: AbortSignal; onUpdate: (image: Image) => void },
  ): Promise<Image>;
}

/** @throws Error when the id is not valid */
export function startUpload(
  file: Blob,
  { id: givenId, signal }: UploadOptions,
  context: UploadContext,
): Upload {
  const { backend, errors, prepare, maxBytes = MAX_BYTES, types = TYPES } = context;
  const id = givenId ?? newImageId();
  const preview = openPreview(file, (url) => set({ preview: url }));
  const listeners = new Set<() => void>();
  let status: UploadStatus = { state: 'waiting', progress: 0 };
  let stop = new AbortController();
  let task: Task | undefined;
  /** Where bytes were sent to. */
  let path: string | undefined;
  /** Of the object, once it is uploaded. */
  let generation: string | undefined;
  let ready = start();

  function set(change: Partial<UploadStatus>): void {
    status = { ...status, ...change };
    for (const listener of [...listeners]) listener();
  }

  function throwIfCanceled(): void {
    if (stop.signal.aborted) throw errors.of('canceled');
  }

  async function check(): Promise<{ data: Blob; type: string }> {
    const data = prepare ? await prepare(file) : file;
    const type = await imageType(data);
    const name = (file as Partial<File>).name || undefined;
    const named = name === undefined ? {} : { file: name };
    if (data.size === 0) throw errors.of('empty-file', named);
    if (type === undefined || !types.includes(type)) throw errors.of('not-an-image', named);
    if (data.size > maxBytes) {
      const limit = Math.floor(maxBytes / 2 ** 20);
      // A file just above the limit must not seem to have as many.
      const megabytes = Math.max(limit + 1, Math.round(data.size / 2 ** 20));
      throw errors.of('too-many-bytes', { ...named, megabytes, limit });
    }
    return { data, type };
  }

  async function transfer(): Promise<string> {
    const target = context.pathOf(id);
    const { data, type } = await check();
    const release = await context.takeSlot();
    const events = ['online', 'offline'];
    const showConnection = () => {
      const isOffline = (globalThis.navigator as Navigator | undefined)?.onLine === false;
      set({ message: isOffline ? errors.waiting() : undefined });
    };
    try {
      throwIfCanceled();
      set({ state: 'uploading' });
      for (const event of events) globalThis.addEventListener?.(event, showConnection);
      showConnection();
      path = target;
      task = backend.upload(target, data, type, (progress) => set({ progress }));
      return await task.done;
    } catch (error) {
      const failure = errors.from(error);
      if (failure.code === 'refused-by-rules') {
        console.error(
          `The rules refused an upload of ${data.size} bytes, ${type}, to ${target}: compare storage.rules.`,
        );
      }
      throw failure;
    } finally {
      task = undefined;
      for (const event of events) globalThis.removeEventListener?.(event, showConnection);
      release();
    }
  }

  async function run(): Promise<Image> {
    try {
      generation ??= await transfer();
      throwIfCanceled();
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

  function start(): Promise<Image> {
    const started = run();
    // It may never be awaited; the status has the error.
    started.catch(() => {});
    return started;
  }

  const upload: Upload = {
    id,
    get state() {
      return status.state;
    },
    get progress() {
      return status.progress;
    },
    get preview() {
      return status.preview;
    },
    get image() {
      return status.image;
    },
    get error() {
      return status.error;
    },
    get message() {
      return status.message;
    },
    get status() {
      return status;
    },
    get ready() {
      return ready;
    },
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    cancel() {
      if (status.state === 'ready' || status.state === 'canceled') return;
      stop.abort();
      task?.cancel();
      preview();
      set({ ...CLEARED, state: 'canceled', preview: undefined });
    },
    retry() {
      if (status.state !== 'failed') return ready;
      stop = new AbortController();
      set({ ...CLEARED, state: 'waiting', progress: 0 });
      return (ready = start());
    },
  };
  if (signal?.aborted) upload.cancel();
  signal?.addEventListener('abort', upload.cancel);
  return upload;
}
