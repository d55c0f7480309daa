/** Handles the deletion of an original: deletes its records and renditions. */
import type { Owner } from '../domain/path.js';
import { compareGenerations } from '../gcp/backend.js';
import { publish } from '../gcp/publish.js';
import { cleanupRenditions, scheduleCleanup } from './cleanup.js';
import type { LifecycleContext } from './context.js';
import { imageDetails } from './image-details.js';
import type { DeletedEvent } from './original-event.js';
import { withRetryWindow, type RetryMessages } from './retry.js';

/**
 * - `overwritten`: a newer upload exists or has been recorded; its own event updates the image
 * - `kept`: the functions deleted the original of a refused upload; its record says why
 * - `removed`: records, tokens and renditions were deleted
 * - `not-deleted`: the deletion failed for longer than the retry window, or a retry cannot succeed
 */
export type DeletionResult = 'overwritten' | 'kept' | 'removed' | 'not-deleted';

const MESSAGES: RetryMessages = {
  willRetry: 'failed to delete image, will retry',
  exhausted: 'failed to delete image, retries exhausted: its URLs may still work',
  rejected: 'failed to delete image, and a retry cannot succeed: its URLs may still work',
};

/**
 * Handles one `deleted` or `archived` event, which an upload over an original causes too. The event may be
 * delivered late, more than once, and before the event of the upload.
 * @throws Error whose message contains no names, for transient errors: the platform retries
 */
export async function originalDeleted(
  { owner, original, time }: DeletedEvent,
  context: LifecycleContext,
): Promise<DeletionResult> {
  const { backend, log } = context;
  const details = imageDetails(original);
  const retry = { time, details, messages: MESSAGES };
  const result = await withRetryWindow(retry, context, async () => {
    const image = await backend.records.findImage(owner);
    if (image?.original) {
      const order = compareGenerations(image.original, original);
      if (order > 0) return 'overwritten';
      if (order === 0 && image.original.deleted) return 'kept';
    }
    return removeIfOriginalMissing(owner, original.name, original.generation, context);
  });
  if (result === 'removed') log('INFO', 'deleted image and its renditions', details);
  return result ?? 'not-deleted';
}

/**
 * Deletes the records and renditions of an original unless the original exists.
 * @param newest the newest generation known to be deleted, or recorded before this call
 * @param includesRefused whether to delete the record of a refused upload, too, whose original the functions deleted
 * @returns `overwritten` when there is a newer upload, or the record of a refused one
 * @throws transient errors; the caller's retry completes the deletion
 */
export async function removeIfOriginalMissing(
  owner: Owner,
  name: string,
  newest: string,
  context: LifecycleContext,
  includesRefused = false,
): Promise<'overwritten' | 'removed'> {
  const { backend } = context;
  if ((await backend.objects.findOriginal(name)) !== undefined) return 'overwritten';
  // Scheduled first: if the process dies below and a new upload follows, the task deletes the rest.
  // A failure is thrown at the end, because URLs must stop working even when Cloud Tasks is unavailable.
  const [scheduled] = await Promise.allSettled([scheduleCleanup(name, context)]);
  const removal = { newest, includesRefused };
  if (!(await backend.records.remove(owner, removal))) return 'overwritten';
  await publish({ name: 'onDeleted', data: { ...owner, generation: newest } }, context);
  // No record references the renditions now. Instance memory holds copies no longer than the revocation bound.
  await cleanupRenditions(owner, name, context);
  if (scheduled.status === 'rejected') throw scheduled.reason as Error;
  return 'removed';
}
