/** Deletes a user's originals, renditions, records and tokens. */
import { fillTemplate, originalsPrefix, ownerOf } from '../domain/path.js';
import type { PurgeTask } from '../domain/tasks.js';
import { recognizedRecord, type Page } from '../gcp/backend.js';
import type { LifecycleContext } from './context.js';
import { removeIfOriginalMissing } from './original-deleted.js';

/** Images, or token records, per task. */
const IMAGES_PER_TASK = 100;

/**
 * Handles one purge task: deletes some of a user's images and enqueues the next task until none are left.
 * Safe to run any number of times, and to die at any line.
 * @returns how many images were found
 * @throws transient errors; the queue retries the task
 */
export async function purge({ uid, after }: PurgeTask, context: LifecycleContext): Promise<number> {
  const { config, backend, log } = context;
  const { objects, records, shares, queues } = backend;
  const prefix = originalsPrefix(config.originalsPath, uid);
  const page = await objects.listOriginals(prefix, IMAGES_PER_TASK, after);
  let images = 0;
  // Thrown at the end, so that one failure does not stop the others.
  let lastError: unknown;
  const remove = async (work: () => Promise<unknown>) => {
    images += 1;
    await work().catch((error: unknown) => (lastError = error));
  };
  for (const { name, generation } of page.items) {
    const owner = ownerOf(config.originalsPath, name);
    if (owner?.uid !== uid) continue;
    await remove(async () => {
      await objects.deleteOriginal(name, generation);
      await removeIfOriginalMissing(owner, name, generation, context, true);
    });
  }
  if (page.next === undefined) {
    // Records whose originals something else deleted, for example the extension Delete User Data.
    const recorded = await firstItems((next) => records.listImages(IMAGES_PER_TASK, next, uid));
    const tokens = await firstItems((next) => records.listTokens(IMAGES_PER_TASK, next, uid));
    const shared = await firstItems((next) => shares.list(IMAGES_PER_TASK, next, uid));
    // IMAGES_COLLECTION has changed since: no query by image finds these tokens.
    const elsewhere = tokens.filter((token) => token.isElsewhere);
    for (const { hash } of elsewhere) await records.deleteToken(hash);
    const findable = tokens.filter((token) => !token.isElsewhere);
    const imageIds = new Set(
      [...recorded, ...findable, ...shared.map(({ share }) => share)].map(({ imageId }) => imageId),
    );
    for (const imageId of imageIds) {
      const owner = { uid, imageId };
      const newest = recognizedRecord(await records.findImage(owner))?.original.generation ?? '0';
      const name = fillTemplate(config.originalsPath, owner);
      await remove(() => removeIfOriginalMissing(owner, name, newest, context, true));
    }
    images += elsewhere.length;
  }
  if (lastError !== undefined) throw lastError as Error;
  if (images === 0 && page.next === undefined) await records.forgetUser(uid);
  log('INFO', 'deleted images of a user', { images });
  if (images > 0 || page.next !== undefined) {
    await queues.enqueuePurge({ uid, ...(page.next !== undefined && { after: page.next }) });
  }
  return images;
}

/** The items of the first page that is not empty. */
async function firstItems<T>(list: (after: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  let after: string | undefined;
  do {
    const { items, next } = await list(after);
    if (items.length > 0) return items;
    after = next;
  } while (after !== undefined);
  return [];
}
