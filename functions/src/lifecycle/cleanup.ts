/** Deletes renditions that no record references, once the revocation bound has passed. */
import { FORMATS, type Format } from '../domain/format.js';
import { ownerOf, renditionsFolder, type Owner } from '../domain/path.js';
import type { CleanupTask } from '../domain/tasks.js';
import type { ImageRecords } from '../gcp/backend.js';
import type { LifecycleContext } from './context.js';
import { imageDetails } from './image-details.js';
import { RETRY_WINDOW_MS } from './retry.js';

/** The shortest delay, beyond the revocation bound, before a cleanup runs again during an attempt, milliseconds. */
const MIN_RESCHEDULE_MS = 10_000;

const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

/**
 * - `ignored`: the name is not that of an original
 * - `completed`: no unreferenced rendition is left
 * - `rescheduled`: another cleanup task is scheduled
 */
export type CleanupResult = 'ignored' | 'completed' | 'rescheduled';

/**
 * Schedules a cleanup of an original's renditions for when the revocation bound has passed.
 * @param extraDelay milliseconds after the bound
 */
export async function scheduleCleanup(
  name: string,
  context: LifecycleContext,
  extraDelay = 0,
): Promise<void> {
  const at = context.now() + context.config.revocationSeconds * 1000 + extraDelay;
  await context.backend.queues.scheduleCleanup({ name }, at);
}

/**
 * Handles one cleanup task. Safe to run at any time and any number of times.
 * @throws transient errors; the queue retries the task
 */
export async function cleanup(
  { name }: CleanupTask,
  context: LifecycleContext,
): Promise<CleanupResult> {
  const owner = ownerOf(context.config.originalsPath, name);
  return owner === undefined ? 'ignored' : cleanupRenditions(owner, name, context);
}

/**
 * Deletes the renditions of one original that no record references and no running attempt may reference.
 * @throws transient errors
 */
export async function cleanupRenditions(
  owner: Owner,
  name: string,
  context: LifecycleContext,
): Promise<CleanupResult> {
  const { config, backend, now, log } = context;
  const { bucket } = config;
  // List the objects before reading the records: renditions that are written later are not on the list.
  const listed = await backend.objects.listRenditions(
    renditionsFolder(config.variantsPath, bucket, name),
  );
  if (listed.length === 0) return 'completed';
  const records = await backend.records.find(owner);
  const { image } = records;
  const referenced = referencedRenditions(records);
  const unreferenced = listed.filter((rendition) => !referenced.has(rendition.name));
  if (image?.attempt !== undefined) {
    // The renditions that the attempt replaces stay referenced until it ends, so check again later.
    // After twice the retry window the platform no longer retries its event: the attempt has died.
    const age = Math.max(0, now() - image.updatedAt);
    if (age > RETRY_WINDOW_MS * 2) await backend.records.abandon(owner, image.attempt);
    // The delay grows with the age, so a dead attempt causes about a dozen tasks instead of hundreds.
    await scheduleCleanup(name, context, MIN_RESCHEDULE_MS + Math.min(age, RETRY_WINDOW_MS));
    return 'rescheduled';
  }
  if (unreferenced.length === 0) return 'completed';
  if (image !== undefined) {
    const remaining = image.updatedAt + config.revocationSeconds * 1000 - now();
    if (remaining > 0) {
      await backend.queues.scheduleCleanup({ name }, now() + remaining);
      return 'rescheduled';
    }
  }
  for (const rendition of unreferenced) await backend.objects.deleteRendition(rendition);
  const details = { ...imageDetails({ bucket, name }), renditions: unreferenced.length };
  log('INFO', 'deleted unreferenced renditions', details);
  return 'completed';
}

/** Object names of all renditions that an image's records reference. */
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
