import pLimit from 'p-limit';

/**
 * Runs tasks in order, at most `concurrency` at a time. After the first failure no further task
 * starts; the call rejects once every task that did start has ended.
 * @returns the results in the order of the tasks
 * @throws the error of the task that failed first
 */
export async function runWithConcurrency<T>(
  concurrency: number,
  tasks: readonly (() => Promise<T>)[],
): Promise<T[]> {
  const limit = pLimit({ concurrency, rejectOnClear: true });
  const failure = new AbortController();
  const results = tasks.map((task) =>
    limit(async () => {
      // Clearing the queue misses a task that was already dequeued.
      failure.signal.throwIfAborted();
      try {
        return await task();
      } catch (error) {
        failure.abort(error);
        limit.clearQueue();
        throw error;
      }
    }),
  );
  await Promise.allSettled(results);
  failure.signal.throwIfAborted();
  return Promise.all(results);
}
