/** Ends the wait for a promise that takes too long. */

/**
 * @param signal aborted when the time is over, such as `AbortSignal.timeout(ms)`
 * @returns the result of the work
 * @throws the reason of the signal when it is aborted first; what the work does then is ignored
 */
export function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
