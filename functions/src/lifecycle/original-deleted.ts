/** An original that was deleted -> nothing of it is left. */
import { hashedFolder, ownerOf, type Owner } from '../domain/path.js';
import { compareGenerations } from '../gcp/backend.js';
import { withRetryWindow } from './retry.js';
import type { LifecycleContext } from './context.js';
import { cleanup, scheduleCleanup } from './cleanup.js';

/** What Storage says of an object that is gone. */
export interface DeletedObject {
  bucket: string;
  name: string;
  /** Decimal; of what was deleted. */
  generation: string;
  /** When it happened, milliseconds since 1970. */
  time: number;
}

/**
 * - `ignored`: not an original
 * - `overwritten`: something newer is there, or was; its own event says what becomes of the image
 * - `removed`: records, tokens and renditions are gone
 * - `given-up`: for more than an hour it could not be told
 */
export type Removal = 'ignored' | 'overwritten' | 'removed' | 'given-up';

/**
 * Handles one `deleted` event, which an upload over an original causes as well. May be called twice,
 * late and before the event of the upload itself.
 * @throws Error that tells no names, for what will pass by itself: the platform tries again
 */
export async function originalDeleted(
  object: DeletedObject,
  context: LifecycleContext,
): Promise<Removal> {
  const { config, backend, log } = context;
  const { bucket, name, generation, time } = object;
  const owner = ownerOf(config.originalsPath, name);
  if (owner === undefined || bucket !== config.bucket) return 'ignored';
  const details = { image: hashedFolder(bucket, name), generation };
  const words = {
    again: 'a deleted image is removed with the next try',
    givenUp: 'a deleted image could not be removed: its addresses may still work',
  };
  const removal = await withRetryWindow(time, context, details, words, async () => {
    const image = await backend.records.findImage(owner);
    if (image?.original && compareGenerations(image.original, { generation }) > 0)
      return 'overwritten';
    return removeIfGone(owner, name, generation, context);
  });
  if (removal === 'removed') log('INFO', 'image was deleted, and all that was made of it', details);
  return removal ?? 'given-up';
}

/**
 * Removes all that was made of an original unless there is one by now.
 * @param newest the newest generation that is known to be gone, or that was seen before this was asked
 */
export async function removeIfGone(
  owner: Owner,
  name: string,
  newest: string,
  context: LifecycleContext,
): Promise<'overwritten' | 'removed'> {
  const { backend } = context;
  if ((await backend.objects.findOriginal(name)) !== undefined) return 'overwritten';
  // Dying in the middle of what follows, with a new upload right behind, nobody would know of the rest.
  // An address must not live on because a queue can't be reached: that is tried again afterwards.
  const [appointment] = await Promise.allSettled([scheduleCleanup(name, context)]);
  if (!(await backend.records.remove(owner, newest))) return 'overwritten';
  // No record names them: they go at once. What is in memory somewhere is bounded as ever.
  await cleanup({ name }, context);
  if (appointment.status === 'rejected') throw appointment.reason as Error;
  return 'removed';
}
