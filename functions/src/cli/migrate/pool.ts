/** Does work on many items, some at a time. */
import pLimit from 'p-limit';

/**
 * Calls a function for each item, in any order of completion.
 * @param concurrency calls at the same time
 * @throws the first error; calls that are running are awaited, no further ones are begun
 */
export async function forEachOf<T>(
  items: Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let failure: { error: unknown } | undefined;
  await pLimit(concurrency).map(items, async (item) => {
    if (failure !== undefined) return;
    await work(item).catch((error: unknown) => (failure ??= { error }));
  });
  if (failure !== undefined) throw failure.error;
}
