/** Deletes renditions that no record references, once the revocation bound has passed. */
import { FORMATS, type Format } from '../domain/format.js';
import {
  generationOfRendition,
  isOnDemandName,
  ownerOf,
  renditionsFolder,
  type Owner,
} from '../domain/path.js';
import { MAX_MAKING_MS, roundCleanupTime, type CleanupTask } from '../domain/tasks.js';
import {
  compareGenerations,
  servedGeneration,
  type ImageRecords,
  type StoredRendition,
} from '../gcp/backend.js';
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
 * @param current generation of the renditions that are referenced now: older ones have been replaced
 * @param extraDelay milliseconds after the bound
 */
export async function scheduleCleanup(
  name: string,
  { backend, config, now }: LifecycleContext,
  { current, extraDelay = 0 }: { current?: string | undefined; extraDelay?: number } = {},
): Promise<void> {
  const until = now() + config.revocationSeconds * 1000;
  const task = { name, ...(current !== undefined && { replaced: { before: current, until } }) };
  const at = roundCleanupTime(until + extraDelay, config.revocationSeconds);
  await backend.queues.scheduleCleanup(task, at);
}

/**
 * Handles one cleanup task. Safe to run at any time and any number of times.
 * @throws transient errors; the queue retries the task
 */
export async function cleanup(
  task: CleanupTask,
  context: LifecycleContext,
): Promise<CleanupResult> {
  const { config, backend, now } = context;
  const { name, replaced } = task;
  const owner = ownerOf(config.originalsPath, name);
  if (owner === undefined) return 'ignored';
  if (replaced !== undefined && replaced.until > now()) {
    // Cloud Tasks ran the task early, before its identity token expires.
    const at = roundCleanupTime(replaced.until, config.revocationSeconds);
    await backend.queues.scheduleCleanup(task, at);
    return 'rescheduled';
  }
  return cleanupRenditions(owner, name, context, replaced?.before);
}

/**
 * Deletes the renditions of one original that no record references and that no cache may hold.
 * @param before renditions of older generations were replaced longer than the revocation bound ago. Without
 *   it, no rendition is deleted while the image is being processed or was updated within the bound.
 * @throws transient errors
 */
export async function cleanupRenditions(
  owner: Owner,
  name: string,
  context: LifecycleContext,
  before?: string,
): Promise<CleanupResult> {
  const { config, backend, now } = context;
  // List the objects before reading the records: renditions that are written later are not on the list.
  const listed = await backend.objects.listRenditions(
    renditionsFolder(config.variantsPath, config.bucket, name),
  );
  if (listed.length === 0) return 'completed';
  const records = await backend.records.find(owner);
  const { image } = records;
  const referenced = referencedRenditions(records);
  const unreferenced = listed.filter((rendition) => !referenced.has(rendition.name));
  const boundEnd = (image?.updatedAt ?? 0) + config.revocationSeconds * 1000;
  const isSettled = image === undefined || (image.attempt === undefined && now() >= boundEnd);
  const mayBeRecorded = ({ name: object, time }: StoredRendition) =>
    image !== undefined && isOnDemandName(object) && now() - time < MAX_MAKING_MS;
  const deletable = unreferenced.filter(
    (rendition) => (isSettled || isOlder(rendition.name, before)) && !mayBeRecorded(rendition),
  );
  await deleteRenditions(deletable, name, context);
  const current = servedGeneration(image);
  if (image?.attempt !== undefined) {
    // The renditions that the attempt replaces stay referenced until it ends, so check again later.
    // After twice the retry window the platform no longer retries its event: the attempt has died.
    const age = Math.max(0, now() - image.updatedAt);
    if (age > RETRY_WINDOW_MS * 2) await backend.records.abandon(owner, image.attempt);
    // The delay grows with the age, so a dead attempt causes about a dozen tasks instead of hundreds.
    const extraDelay = MIN_RESCHEDULE_MS + Math.min(age, RETRY_WINDOW_MS);
    await scheduleCleanup(name, context, { current, extraDelay });
    return 'rescheduled';
  }
  if (deletable.length === unreferenced.length) return 'completed';
  await scheduleCleanup(name, context, { current });
  return 'rescheduled';
}

function isOlder(rendition: string, before: string | undefined): boolean {
  const generation = generationOfRendition(rendition);
  if (generation === undefined || before === undefined) return false;
  return compareGenerations({ generation }, { generation: before }) < 0;
}

async function deleteRenditions(
  renditions: readonly StoredRendition[],
  name: string,
  { backend, config, log }: LifecycleContext,
): Promise<void> {
  if (renditions.length === 0) return;
  for (const rendition of renditions) await backend.objects.deleteRendition(rendition);
  const details = imageDetails({ bucket: config.bucket, name });
  log('INFO', 'deleted unreferenced renditions', { ...details, renditions: renditions.length });
}

/** Object names of all renditions that an image's records reference. */
export function referencedRenditions({ image, tokens }: ImageRecords): Set<string> {
  const infos = [
    ...[image?.variants, image?.widths].flatMap((variants = {}) =>
      Object.values(variants).flatMap(({ formats }) => Object.values(formats)),
    ),
    ...[...tokens.values()].flatMap(({ image: { renditions, widths } = {} }) =>
      [renditions, widths].flatMap((variants = {}) =>
        Object.values(variants).flatMap((variant) =>
          FORMAT_NAMES.flatMap((format) => variant[format] ?? []),
        ),
      ),
    ),
  ];
  return new Set(infos.map(({ object }) => object));
}
