/** Handles the task of `revokeAll` for all images of a user. */
import type { RevokeTask } from '../domain/tasks.js';
import { SharingFailure } from '../errors.js';
import { publish } from '../gcp/publish.js';
import type { RevocationContext } from './context.js';

/** Images per task. */
const IMAGES_PER_TASK = 100;

/**
 * Revokes the tokens of some images of a user that were created before the call, and enqueues the next task until
 * none are left. Safe to run any number of times, and to die at any line.
 * @returns how many images were found
 * @throws transient errors; the queue retries the task
 */
export async function revokeUserTokens(
  { uid, revokeBefore, after }: RevokeTask,
  context: RevocationContext,
): Promise<number> {
  const { backend, log } = context;
  const page = await backend.records.listImages(IMAGES_PER_TASK, after, uid);
  let shares = 0;
  // Thrown at the end, so that one failure does not stop the others.
  let lastError: unknown;
  for (const owner of page.items) {
    try {
      shares += (await backend.shares.revokeAll(owner, revokeBefore)).shares;
      await publish({ name: 'onRevoked', data: { ...owner, tokens: 'all' } }, context);
    } catch (error) {
      const wasDeleted = error instanceof SharingFailure && error.reason === 'no-image';
      if (!wasDeleted) lastError = error;
    }
  }
  if (lastError !== undefined) throw lastError as Error;
  log('INFO', 'revoked the tokens of a user', { images: page.items.length, shares });
  if (page.next !== undefined) {
    await backend.queues.enqueuePurge({ uid, revokeBefore, after: page.next });
  }
  return page.items.length;
}
