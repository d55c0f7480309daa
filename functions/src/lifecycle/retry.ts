/** Retries: which errors of a handler the platform may retry, and for how long. */
import { reasonOf } from '../errors.js';
import { isPermanentError } from '../gcp/permanent-error.js';
import type { LogMessage } from '../log-events.js';
import { logDetails, type Log } from '../log.js';
import type { RetryContext } from './context.js';

/** How long after an event its handler may still be retried, milliseconds. */
export const RETRY_WINDOW_MS = 60 * 60 * 1000;

/** The runtime logs what a handler throws; messages of Google's clients contain object and document names. */
export function redacted(error: unknown): Error {
  return new Error(reasonOf(error));
}

interface TaskOptions<T> {
  log: Log;
  work: () => Promise<T>;
  /** Awaited after a permanent error was logged. */
  onRejected?: () => Promise<void>;
}

/**
 * Runs the handler of a task; the queue retries whatever is thrown. A permanent error is logged instead.
 * @returns the result of `work`, or undefined after a permanent error
 * @throws Error whose message contains no names
 */
export async function runTask<T>({
  log,
  work,
  onRejected,
}: TaskOptions<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isPermanentError(error)) throw redacted(error);
    log('ERROR', 'a task failed, and a retry cannot succeed: dropped', logDetails({ error }));
    await onRejected?.();
    return undefined;
  }
}

/** Log messages. */
export interface RetryMessages {
  /** The platform will retry the event. */
  willRetry: LogMessage;
  /** The retry window has passed. */
  exhausted: LogMessage;
  /** A retry cannot succeed; absent: retried nevertheless. */
  rejected?: LogMessage;
}

export interface RetryOptions {
  /** Time of the event, milliseconds since 1970. */
  time: number;
  /** Added to each log line; see log.ts. */
  details: object;
  messages: RetryMessages;
}

/**
 * Runs the handler of an event once, and lets the platform retry it within the retry window.
 * @param work receives whether this is the final attempt
 * @returns the result of `work`, or undefined when the final attempt failed, or a retry cannot succeed
 * @throws Error whose message contains no names, when `work` failed and the platform may retry
 */
export async function withRetryWindow<T>(
  { time, details, messages }: RetryOptions,
  { now, log }: RetryContext,
  work: (isFinalAttempt: boolean) => Promise<T>,
): Promise<T | undefined> {
  const isFinalAttempt = now() - time > RETRY_WINDOW_MS;
  try {
    return await work(isFinalAttempt);
  } catch (error) {
    const errorDetails = logDetails({ error }, details);
    if (messages.rejected !== undefined && isPermanentError(error)) {
      log('ERROR', messages.rejected, errorDetails);
      return undefined;
    }
    if (isFinalAttempt) {
      log('ERROR', messages.exhausted, errorDetails);
      return undefined;
    }
    log('WARNING', messages.willRetry, errorDetails);
    throw redacted(error);
  }
}
