/** Handles the upload of an original: processes it into renditions and records. */
import type { ImageFailure } from '../errors.js';
import type { Log } from '../log.js';
import { runAttempt, type AttemptOutcome } from './attempt.js';
import type { ProcessingContext } from './context.js';
import { imageDetails } from './image-details.js';
import type { FinalizedEvent } from './original-event.js';
import { withRetryWindow, type RetryMessages } from './retry.js';

export const PROCESSING_MESSAGES: RetryMessages = {
  willRetry: 'image processing failed, will retry',
  exhausted: 'image processing failed, retries exhausted',
};

const OUTCOME_MESSAGES: Record<AttemptOutcome, string> = {
  stale: 'upload ignored, a newer one has been recorded',
  done: 'upload ignored, it was already processed',
  missing: 'upload ignored, the original was deleted or overwritten',
  superseded: 'processing result discarded, a newer attempt has begun',
  ready: 'image is ready',
  failed: 'image processing failed',
};

/**
 * Handles one `finalized` event, which may be delivered late or more than once.
 * @throws Error whose message contains no names, for transient errors (network, contention): the platform
 *   retries until RETRY_WINDOW_MS have passed
 */
export async function originalFinalized(
  { owner, original, time }: FinalizedEvent,
  context: ProcessingContext,
): Promise<AttemptOutcome> {
  const details = imageDetails(original);
  const retry = { time, details, messages: PROCESSING_MESSAGES };
  const result = await withRetryWindow(retry, context, async (isFinalAttempt) => {
    const options = { isFinalAttempt, reprocess: 'never' } as const;
    const { outcome, failure } = await runAttempt(owner, original, options, context);
    logOutcome(context.log, outcome, failure, details);
    return outcome;
  });
  return result ?? 'failed';
}

/** Writes the log line of an attempt. */
export function logOutcome(
  log: Log,
  outcome: AttemptOutcome,
  failure: ImageFailure | undefined,
  details: object,
): void {
  if (failure) {
    const { code, message: reason } = failure;
    log('WARNING', OUTCOME_MESSAGES.failed, { ...details, code, reason });
  } else log('INFO', OUTCOME_MESSAGES[outcome], details);
}
