/** Wraps an asynchronous function so that it runs once and all callers share its result; retries after a failure. */
export function once<T>(create: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () =>
    (result ??= create().catch((error: unknown) => {
      result = undefined;
      throw error;
    }));
}
