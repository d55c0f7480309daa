/** Handles the upload of an original: revokes its download token and enqueues its processing. */
import { processTaskId, type ProcessTask } from '../domain/tasks.js';
import type { LogMessage } from '../log-events.js';
import { logDetails } from '../log.js';
import type { LightContext } from './context.js';
import { imageDetails } from './image-details.js';
import type { FinalizedEvent } from './original-event.js';
import { redacted, RETRY_WINDOW_MS } from './retry.js';

const REVOKED = 'revoked download token';
const REVOKE_FAILED =
  'failed to revoke download token, will retry: anyone who has the token can download the object';
const INVALID_IDS =
  'upload not processed: an id in its name is not a valid Firestore document id; its download token is revoked';
const ENQUEUE_FAILED = 'failed to enqueue an upload, will retry';

/**
 * Handles one `finalized` event, which may be delivered late or more than once. Neither step waits for the
 * other, so that an outage of Cloud Tasks leaves no original unlocked, and an outage of Cloud Storage loses
 * no upload.
 * @throws Error whose message contains no names, when a step failed: the platform retries for 24 hours
 */
export async function originalFinalized(
  { hasOwner, original, hasDownloadToken, time }: FinalizedEvent,
  { config, backend, now, log }: LightContext,
): Promise<void> {
  const { bucket, name, generation, contentType, bytes } = original;
  if (!hasOwner) log('WARNING', INVALID_IDS, imageDetails(original));
  const task: ProcessTask = { name, generation, contentType, bytes };
  const mustRevoke = hasDownloadToken && config.lockOriginals;
  const [revoked, enqueued] = await Promise.allSettled([
    mustRevoke ? backend.objects.revokeDownloadTokens(name, generation) : undefined,
    hasOwner ? backend.queues.enqueueProcess(task, processTaskId(bucket, task)) : undefined,
  ]);
  // After the retries of other events have ended, an operator should know.
  const severity = now() - time > RETRY_WINDOW_MS ? 'ERROR' : 'WARNING';
  const report = (message: LogMessage, { reason }: PromiseRejectedResult): Error => {
    log(severity, message, logDetails({ error: reason }, imageDetails(original)));
    return redacted(reason);
  };
  if (mustRevoke && revoked.status === 'fulfilled') {
    log('INFO', REVOKED, { ...imageDetails(original), afterMs: now() - time });
  }
  const errors = [
    ...(revoked.status === 'rejected' ? [report(REVOKE_FAILED, revoked)] : []),
    ...(enqueued.status === 'rejected' ? [report(ENQUEUE_FAILED, enqueued)] : []),
  ];
  if (errors[0]) throw errors[0];
}
