/** What the package needs of Firebase: `/firebase` and `/firebase-lite` provide it. */

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** An upload that is running. */
export interface Task {
  /** Resolves with the generation of the object, a decimal string. */
  readonly done: Promise<string>;
  /** `done` then rejects with the code `storage/canceled`, unless the upload is complete. */
  cancel(): void;
}

/**
 * Receives data; returns whether more is expected soon. A backend without listeners reads again until nothing is.
 */
export type Next<Data> = (data: Data) => boolean;

/** Which documents of a collection are watched. */
export interface CollectionQuery {
  limit: number;
  /** A field and its value. Without it: ordered by `createdAt`, newest first. */
  where?: readonly [field: string, value: string];
}

/** Errors have the `code` of the Firebase SDK; other errors are reported as `unknown`. */
export interface Backend {
  /** The signed-in user. */
  uid(): string | undefined;
  /** `next` receives undefined while there is no such document. */
  watchDocument(path: string, next: Next<unknown>, error: (error: unknown) => void): Unsubscribe;
  watchCollection(
    path: string,
    query: CollectionQuery,
    next: Next<{ id: string; data: unknown }[]>,
    error: (error: unknown) => void,
  ): Unsubscribe;
  /** @param onProgress called with the fraction of bytes that are uploaded, 0 to 1 */
  upload(
    path: string,
    data: Blob,
    metadata: { contentType: string; customMetadata?: Record<string, string> },
    onProgress: (fraction: number) => void,
  ): Task;
  /** Deletes an object. */
  delete(path: string): Promise<void>;
  /** Calls the function `sharing`; resolves with its answer. */
  call(data: object): Promise<unknown>;
}
