/** A user who is gone -> none of their originals, renditions, records and tokens is left. */
import { originalsPrefix, ownerOf, fillTemplate } from '../domain/path.js';
import type { PurgeTask } from '../domain/tasks.js';
import { recognizedRecord, type Page } from '../gcp/backend.js';
import { removeIfGone } from './original-deleted.js';
import type { LifecycleContext } from './context.js';

/** Images of one task. */
const IMAGES_A_TASK = 100;

/**
 * Deletes some of a user's images and, until there are none, appoints the next task. May be called as
 * often as one likes; dying in the middle loses nothing.
 * @returns how many images it found
 * @throws what will pass by itself; the task is tried again
 */
export async function purge({ uid, after }: PurgeTask, context: LifecycleContext): Promise<number> {
  const { config, backend, log } = context;
  const { objects, records, queues } = backend;
  const prefix = originalsPrefix(config.originalsPath, uid);
  const page = await objects.listOriginals(prefix, IMAGES_A_TASK, after);
  let found = 0;
  // One that fails keeps none of the others.
  let passing: unknown;
  const each = async (work: () => Promise<unknown>) => {
    found += 1;
    await work().catch((error: unknown) => (passing = error));
  };
  for (const { name, generation } of page.items) {
    const owner = ownerOf(config.originalsPath, name);
    if (owner?.uid !== uid) continue;
    await each(async () => {
      await objects.deleteOriginal(name, generation);
      await removeIfGone(owner, name, generation, context);
    });
  }
  if (page.next === undefined) {
    // Records whose originals were deleted before, by somebody else: delete-user-data, for one.
    const images = await some((next) => records.listImages(IMAGES_A_TASK, next, uid));
    const tokens = await some((next) => records.listTokens(IMAGES_A_TASK, next, uid));
    // Those of a collection that was changed later: no image's tokens are found by them.
    const elsewhere = tokens.filter((token) => token.isElsewhere);
    for (const { hash } of elsewhere) await records.deleteToken(hash);
    const rest = tokens.filter((token) => !token.isElsewhere);
    const owners = new Map([...images, ...rest].map((owner) => [owner.imageId, owner]));
    for (const { imageId } of owners.values()) {
      const owner = { uid, imageId };
      const newest = recognizedRecord(await records.findImage(owner))?.original.generation ?? '0';
      const name = fillTemplate(config.originalsPath, owner);
      await each(() => removeIfGone(owner, name, newest, context));
    }
    found += elsewhere.length;
  }
  if (passing !== undefined) throw passing as Error;
  log('INFO', 'images of a deleted user were deleted', { images: found });
  if (found > 0 || page.next !== undefined) {
    await queues.enqueuePurge({ uid, ...(page.next !== undefined && { after: page.next }) });
  }
  return found;
}

/** The first page that has something. */
async function some<T>(list: (after: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  let after: string | undefined;
  do {
    const { items, next } = await list(after);
    if (items.length > 0) return items;
    after = next;
  } while (after !== undefined);
  return [];
}
