/** Runs an asynchronous set-up at first need and hands its result to all; a failure is tried again. */
export function once<T>(setUp: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () =>
    (result ??= setUp().catch((error: unknown) => {
      result = undefined;
      throw error;
    }));
}
