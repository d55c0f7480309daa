/** The first half of an upload: checks the file, and sends its bytes. Not loaded with the page, but after it. */
import type { Backend } from './backend.js';
import type { Image } from './documents.js';
import type { EnglishSentences, Errors, ImagesError, ImagesErrorCode } from './errors.js';
import { imageType } from './image-type.js';
import type { Point } from './records.js';

/** At one time. */
const MAX_TRANSFERS = 4;
/** Bytes that the `storage.rules` of the project allow. */
const MAX_BYTES = 25 * 1024 * 1024;
/** TIFF is off unless the parameter `TIFF` is set. */
const TYPES = ['jpeg', 'png', 'webp', 'gif', 'avif', 'heic'].map((name) => `image/${name}`);

/** Sentences in English that only this module shows. */
const SENTENCES: EnglishSentences = {
  waiting: 'Waiting for a connection…',
  'empty-file': '{file} is empty.',
  'not-an-image': '{file} is not a photo that can be read: JPEG, PNG, WebP, GIF, AVIF or HEIC.',
  'too-many-bytes': '{file} has {megabytes} MB; the limit is {limit} MB.',
  'refused-by-rules': 'The upload was refused.',
  quota: "Photos can't be stored at the moment.",
};

/** Codes of Cloud Storage. */
const CODES: Record<string, ImagesErrorCode> = {
  'storage/unauthenticated': 'not-signed-in',
  'storage/unauthorized': 'refused-by-rules',
  'storage/unauthorized-app': 'app-not-verified',
  'storage/retry-limit-exceeded': 'offline',
  'storage/quota-exceeded': 'quota',
  'storage/canceled': 'canceled',
};

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

/** What an app decides about all uploads. */
export interface UploadSettings {
  /** The limit of `storage.rules`; 25 MiB by default. */
  maxBytes?: number | undefined;
  /** Media types that are not refused; by default JPEG, PNG, WebP, GIF, AVIF and HEIC. */
  types?: readonly string[] | undefined;
  /** Changes the file before it is uploaded, for example its size for people who pay for data. */
  prepare?: ((file: Blob) => Promise<Blob>) | undefined;
}

export interface TransferContext extends UploadSettings {
  backend: Backend;
  errors: Errors;
}

/** Cloud Storage, with the errors of this package. */
export interface Transfers {
  /**
   * Checks a file, and sends it.
   *
   * @param path object name of the original
   * @param set reports what changes; not called before the first byte is about to be sent
   * @param focus the focal point
   * @returns the generation of the object
   */
  send(
    file: Blob,
    path: string,
    signal: AbortSignal,
    set: (change: Partial<UploadStatus>) => void,
    focus?: Point,
  ): Promise<string>;
  /** Deletes an original, if there is one. @param path returns its object name */
  remove(path: () => string): Promise<void>;
}

/** Opens the transfers of one app: a few at a time, the others wait. */
export function openTransfers({
  backend,
  errors,
  prepare,
  maxBytes = MAX_BYTES,
  types = TYPES,
}: TransferContext): Transfers {
  const takeSlot = openSlots(MAX_TRANSFERS);

  function convert(cause: unknown): ImagesError {
    const { code = '' } = Object(cause) as { code?: string };
    const known = CODES[code];
    if (known === undefined) return errors.from(cause);
    return errors.of(known, {}, { cause }, SENTENCES[known]);
  }

  async function send(
    ...[file, path, signal, set, focus]: Parameters<Transfers['send']>
  ): Promise<string> {
    function refuse(
      code: 'empty-file' | 'not-an-image' | 'too-many-bytes',
      values: object = {},
    ): never {
      const { name } = file as Partial<File>;
      throw errors.of(code, { ...(name && { file: name }), ...values }, {}, SENTENCES[code]);
    }

    const data = prepare ? await prepare(file) : file;
    const type = await imageType(data);
    if (data.size === 0) refuse('empty-file');
    if (type === undefined || !types.includes(type)) refuse('not-an-image');
    if (data.size > maxBytes) {
      const limit = Math.floor(maxBytes / 2 ** 20);
      // A file just above the limit must not seem to have as many.
      const megabytes = Math.max(limit + 1, Math.round(data.size / 2 ** 20));
      refuse('too-many-bytes', { megabytes, limit });
    }
    const release = await takeSlot();
    const showConnection = () => {
      const isOffline = (globalThis.navigator as Navigator | undefined)?.onLine === false;
      set({ message: isOffline ? errors.sentence('waiting', {}, SENTENCES.waiting) : undefined });
    };
    const events = ['online', 'offline'];
    try {
      signal.throwIfAborted();
      set({ state: 'uploading' });
      for (const event of events) globalThis.addEventListener?.(event, showConnection);
      showConnection();
      const metadata = {
        contentType: type,
        ...(focus && { customMetadata: { focus: `${focus.x.toFixed(4)},${focus.y.toFixed(4)}` } }),
      };
      const task = backend.upload(path, data, metadata, (progress) => set({ progress }));
      signal.addEventListener('abort', () => task.cancel());
      return await task.done;
    } catch (error) {
      const failure = convert(error);
      if (failure.code === 'refused-by-rules') {
        console.error(
          `The rules refused an upload of ${data.size} bytes, ${type}, to ${path}: compare storage.rules.`,
        );
      }
      throw failure;
    } finally {
      for (const event of events) globalThis.removeEventListener?.(event, showConnection);
      release();
    }
  }

  async function remove(path: () => string): Promise<void> {
    try {
      await backend.delete(path());
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'storage/object-not-found') throw convert(error);
    }
  }

  return { send, remove };
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
