/** What the handlers of storage events share: which errors the platform may retry, and for how long. */
import { reasonOf } from '../errors.js';

/** After so long the platform's retries end, milliseconds. */
export const RETRY_WINDOW_MS = 60 * 60 * 1000;

export type Log = (
  severity: 'INFO' | 'WARNING' | 'ERROR',
  message: string,
  details: object,
) => void;

export interface Handler {
  /** Milliseconds since 1970. */
  now: () => number;
  log: Log;
}

/** What may be thrown to the runtime, which prints it: Google's messages hold names of objects and documents. */
function nameless(error: unknown): Error {
  return new Error(reasonOf(error));
}

/**
 * Handles a task: its queue tries again whatever is thrown.
 * @throws Error that tells no names
 */
export async function withRedactedErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw nameless(error);
  }
}

/** What the log says; neither sentence may name an object. */
export interface RetryMessages {
  again: string;
  givenUp: string;
}

/**
 * Makes one try.
 * @param time when the event happened, milliseconds since 1970
 * @param work is told whether this try is the last one
 * @returns what `work` gave, or undefined when it failed and its time is over
 * @throws Error that tells no names, when `work` threw and the platform may try again
 */
export async function withRetryWindow<T>(
  time: number,
  { now, log }: Handler,
  details: object,
  words: RetryMessages,
  work: (isFinalAttempt: boolean) => Promise<T>,
): Promise<T | undefined> {
  const isFinalAttempt = now() - time > RETRY_WINDOW_MS;
  try {
    return await work(isFinalAttempt);
  } catch (error) {
    const reason = reasonOf(error);
    if (isFinalAttempt) {
      log('ERROR', words.givenUp, { ...details, reason });
      return undefined;
    }
    log('WARNING', words.again, { ...details, reason });
    throw nameless(error);
  }
}
