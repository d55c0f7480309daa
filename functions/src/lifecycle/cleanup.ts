/** Renditions that no record names any more -> gone, once the revocation bound has passed. */
import { hashedFolder, ownerOf, renditionsFolder } from '../domain/path.js';
import { FORMATS, type Format } from '../domain/format.js';
import type { ImageRecords } from '../gcp/backend.js';
import { RETRY_WINDOW_MS } from './retry.js';
import type { LifecycleContext } from './context.js';

/** So long after the bound, at the least, an image is looked at again while it is being made, milliseconds. */
const AGAIN_MS = 10_000;

const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

/** How a sweep ended; `waiting`: another one is appointed. */
export type CleanupResult = 'ignored' | 'swept' | 'waiting';

/** Appoints a sweep of an original's renditions for when the bound has passed. */
export async function scheduleCleanup(
  name: string,
  context: LifecycleContext,
  wait = 0,
): Promise<void> {
  const at = context.now() + context.config.revocationSeconds * 1000 + wait;
  await context.backend.queues.scheduleCleanup({ name }, at);
}

/**
 * Deletes the renditions of one original that neither a record names nor an attempt may be about to.
 * May be called at any time and as often as one likes.
 * @throws what will pass by itself; the task is tried again
 */
export async function cleanup(
  { name }: { name: string },
  context: LifecycleContext,
): Promise<CleanupResult> {
  const { config, backend, now, log } = context;
  const owner = ownerOf(config.originalsPath, name);
  if (owner === undefined) return 'ignored';
  // First the objects, then who names them: what is written later is not on the list.
  const folder = renditionsFolder(config.variantsPath, config.bucket, name);
  const listed = await backend.objects.listRenditions(folder);
  if (listed.length === 0) return 'swept';
  const records = await backend.records.find(owner);
  const { image } = records;
  const named = referencedRenditions(records);
  const leftovers = listed.filter((rendition) => !named.has(rendition.name));
  if (image?.attempt !== undefined) {
    // What it replaces is named until it ends; then nobody else comes to look.
    // Its first event is over by now, and so are the platform's retries.
    const age = Math.max(0, now() - image.updatedAt);
    if (age > RETRY_WINDOW_MS * 2) await backend.records.abandon(owner, image.attempt);
    // Each time twice as long: a dead one costs a dozen looks, not hundreds.
    await scheduleCleanup(name, context, AGAIN_MS + Math.min(age, RETRY_WINDOW_MS));
    return 'waiting';
  }
  if (leftovers.length === 0) return 'swept';
  if (image !== undefined) {
    const left = image.updatedAt + config.revocationSeconds * 1000 - now();
    if (left > 0) {
      await backend.queues.scheduleCleanup({ name }, now() + left);
      return 'waiting';
    }
  }
  for (const rendition of leftovers) await backend.objects.deleteRendition(rendition);
  const details = { image: hashedFolder(config.bucket, name), renditions: leftovers.length };
  log('INFO', 'renditions that nothing shows any more were deleted', details);
  return 'swept';
}

/** Names of all objects that an image's records show, or may show to a token that is yet to come. */
export function referencedRenditions({ image, tokens }: ImageRecords): Set<string> {
  const infos = [
    ...Object.values(image?.variants ?? {}).flatMap(({ formats }) => Object.values(formats)),
    ...[...tokens.values()].flatMap((token) =>
      Object.values(token.image?.renditions ?? {}).flatMap((variant) =>
        FORMAT_NAMES.flatMap((format) => variant[format] ?? []),
      ),
    ),
  ];
  return new Set(infos.map(({ object }) => object));
}
