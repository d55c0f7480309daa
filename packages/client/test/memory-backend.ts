/** A backend in memory: the test plays Firebase. */
import type * as Timers from 'node:timers';
import type { Backend, CollectionQuery, Next, Task } from '../src/backend.js';
import type { ImageRecord } from '../src/records.js';

/** A file of the beginning of a JPEG and some bytes. */
export function jpegFile(name = 'photo.jpg', bytes = 100): File {
  const data = new Uint8Array(bytes);
  data.set([0xff, 0xd8, 0xff, 0xe0]);
  return new File([data], name);
}

/** An error as Firebase's SDKs throw it. */
export function firebaseError(code: string, details?: object): Error {
  return Object.assign(new Error(code), { code, ...(details && { details }) });
}

/** A timestamp as Firestore's SDKs have it. */
export function timestamp(time: number): { toDate(): Date } {
  return { toDate: () => new Date(time) };
}

/** An image record as Firestore's SDKs read it. */
export function imageData(change: Partial<ImageRecord> = {}): object {
  return {
    state: 'ready',
    original: { bucket: 'b', name: 'n', generation: '1', contentType: 'image/jpeg', bytes: 100 },
    token: 'spv_x',
    createdAt: timestamp(1_000),
    updatedAt: timestamp(2_000),
    ...change,
  };
}

export interface Transfer {
  path: string;
  data: Blob;
  contentType: string;
  customMetadata?: Record<string, string>;
  progress(fraction: number): void;
  finish(generation: string): void;
  fail(error: Error): void;
}

export interface MemoryBackend extends Backend {
  user: string | undefined;
  /** Uploads that have started, oldest first. */
  transfers: Transfer[];
  deleted: string[];
  calls: object[];
  /** Answers of the next calls. */
  answers: (object | Error)[];
  /** Paths that are watched now, with their query. */
  watched(): (string | [string, CollectionQuery])[];
  /** Sends a document to all that watch it; returns what `next` returned. */
  send(path: string, data: unknown): boolean[];
  sendAll(path: string, documents: { id: string; data: unknown }[]): boolean[];
  sendError(path: string, error: Error): void;
}

interface Watch {
  path: string;
  query?: CollectionQuery;
  next: Next<never>;
  error: (error: unknown) => void;
}

export function openMemoryBackend(): MemoryBackend {
  const watches = new Set<Watch>();
  const watch = (entry: Watch) => {
    watches.add(entry);
    return () => void watches.delete(entry);
  };
  const at = (path: string) => [...watches].filter((entry) => entry.path === path);
  const backend: MemoryBackend = {
    user: 'alice',
    transfers: [],
    deleted: [],
    calls: [],
    answers: [],
    uid: () => backend.user,
    watchDocument: (path, next, error) => watch({ path, next, error }),
    watchCollection: (path, query, next, error) => watch({ path, query, next, error }),
    upload(path, data, metadata, onProgress): Task {
      const transfer = { path, data, ...metadata, progress: onProgress } as Transfer;
      const done = new Promise<string>((resolve, reject) => {
        transfer.finish = resolve;
        transfer.fail = reject;
      });
      backend.transfers.push(transfer);
      const cancel = () => transfer.fail(firebaseError('storage/canceled'));
      return { done, cancel };
    },
    delete(path) {
      backend.deleted.push(path);
      return Promise.reject(firebaseError('storage/object-not-found'));
    },
    call(data) {
      backend.calls.push(data);
      const answer = backend.answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    watched: () => [...watches].map(({ path, query }) => (query ? [path, query] : path)),
    send: (path, data) => at(path).map(({ next }) => (next as Next<unknown>)(data)),
    sendAll: (path, documents) => at(path).map(({ next }) => (next as Next<unknown>)(documents)),
    sendError(path, error) {
      for (const entry of at(path)) {
        watches.delete(entry);
        entry.error(error);
      }
    },
  };
  return backend;
}

/** Lets everything that needs no timer happen. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  await new Promise<void>((resolve) =>
    jest.requireActual<typeof Timers>('node:timers').setImmediate(resolve),
  );
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
