/** One attempt: processes one generation of an original into renditions, image record and token records. */
import { ImageFailure } from '../errors.js';
import { contentDigest } from '../domain/entity-tag.js';
import { renditionNameOf, type Owner } from '../domain/path.js';
import type { OriginalInfo, TokenVariant, VariantInfo } from '../domain/records.js';
import { settingsHashes } from '../domain/settings.js';
import { isCropped } from '../domain/variant.js';
import type { ProcessingResult, ReprocessMode } from '../gcp/backend.js';
import { checkBytes } from '../processing/limits.js';
import { scheduleCleanup } from './cleanup.js';
import type { ProcessingContext } from './context.js';
import { removeIfOriginalMissing } from './original-deleted.js';

/**
 * - `stale`: a newer upload has been recorded
 * - `done`: this upload is already `ready` or `failed`
 * - `missing`: the original was overwritten or deleted; its records are deleted unless a newer upload exists
 * - `superseded`: a newer upload or another attempt has begun
 * - `ready`, `failed`: the state that was recorded
 */
export type AttemptOutcome = 'stale' | 'done' | 'missing' | 'superseded' | 'ready' | 'failed';

/** An attempt that began earlier than this has died or failed: no function runs as long, milliseconds. */
const MAX_ATTEMPT_MS = 5 * 60_000;

export interface ProcessOptions {
  /**
   * Whether the platform will not retry. Then an upload whose previous attempt died is not processed, and
   * transient errors are recorded as `retries-exhausted`.
   */
  isFinalAttempt: boolean;
  /** Whether to process an image that is already `ready` or `failed`. */
  reprocess: ReprocessMode;
}

/**
 * Runs one attempt. The process may die at any line: a cleanup task is scheduled before anything is written
 * that could be left behind.
 * @throws transient errors; the next attempt completes the work
 */
export async function runAttempt(
  owner: Owner,
  original: OriginalInfo,
  { isFinalAttempt, reprocess }: ProcessOptions,
  context: ProcessingContext,
): Promise<{ outcome: AttemptOutcome; failure?: ImageFailure }> {
  const { backend, config } = context;
  const { name, generation } = original;
  const settings = settingsHashes(config);
  const revokeDownloadTokens = async () => {
    if (config.lockOriginals) await backend.objects.revokeDownloadTokens(name, generation);
  };
  const start = await backend.records
    .begin(owner, { original, settings, reprocess })
    .catch(async (error: unknown) => {
      // Download tokens are revoked even when Firestore is unavailable.
      await revokeDownloadTokens();
      throw error;
    });
  if (start === 'stale') {
    // This may be a retry of an attempt that wrote renditions before a newer upload was recorded.
    await scheduleCleanup(name, context);
    await revokeDownloadTokens();
    return { outcome: 'stale' };
  }
  if (start === 'done') return { outcome: 'done' };
  const { attempt, hasStaleRenditions, triedAt } = start;
  try {
    // First of all: until then, anyone who has a download token can download the original.
    await revokeDownloadTokens();
    if (hasStaleRenditions) await scheduleCleanup(name, context);
    // With object versioning, a deleted original can still be read by its generation.
    const isLive = (await backend.objects.findOriginal(name))?.generation === generation;
    if (!isLive) return await removeMissing(owner, original, context);
    // Checked before processing: an upload that crashes the process each time must not be retried forever.
    const hasDied = triedAt !== undefined && context.now() - triedAt > MAX_ATTEMPT_MS;
    if (isFinalAttempt && hasDied) throw retriesExhausted();
    const result = await processOriginal(original, context);
    if (result === undefined) return await removeMissing(owner, original, context);
    if (await backend.records.finish(owner, attempt, result, settings)) return { outcome: 'ready' };
  } catch (error) {
    const failure = error instanceof ImageFailure ? error : retriesExhausted();
    if (failure !== error && !isFinalAttempt) throw error;
    const { code, publicMessage: message } = failure;
    const isRecorded = await backend.records.fail(owner, attempt, { code, message }, settings);
    if (failure !== error) throw error;
    if (isRecorded) return { outcome: 'failed', failure };
  }
  await scheduleCleanup(name, context);
  return { outcome: 'superseded' };
}

function retriesExhausted(): ImageFailure {
  return new ImageFailure('retries-exhausted', 'expected success within an hour, found none');
}

async function removeMissing(
  owner: Owner,
  { name, generation }: OriginalInfo,
  context: ProcessingContext,
) {
  await removeIfOriginalMissing(owner, name, generation, context);
  return { outcome: 'missing' as const };
}

/**
 * Reads and processes the original, and writes its renditions.
 * @returns undefined when the original does not exist
 */
async function processOriginal(
  original: OriginalInfo,
  { config, backend, processImage }: ProcessingContext,
): Promise<ProcessingResult | undefined> {
  // Checked before reading: an object may have any size.
  checkBytes(original.bytes, config);
  const bytes = await backend.objects.readOriginal(original.name, original.generation);
  if (bytes === undefined) return undefined;
  const image = await processImage(bytes, config);
  const variants: Record<string, VariantInfo> = {};
  const renditions: Record<string, TokenVariant> = {};
  const writes = image.renditions.map(async ({ data, ...rendition }) => {
    const { variants: names, format } = rendition;
    const digest = contentDigest(data);
    // Variants of the same size share one object, named after the first of them.
    const variant = names[0] as string;
    const name = renditionNameOf(config.variantsPath, original, variant, format, digest);
    return { ...rendition, info: await backend.objects.writeRendition(name, format, data, digest) };
  });
  for (const { variants: names, format, width, height, info } of await Promise.all(writes)) {
    const cropped = isCropped({ width, height }, image.original);
    const size = { width, height, ...(cropped && { cropped }) };
    for (const name of names) {
      (variants[name] ??= { ...size, formats: {} }).formats[format] = info;
      (renditions[name] ??= { ...size })[format] = info;
    }
  }
  return {
    original: { ...original, ...image.original },
    placeholder: image.placeholder,
    variants,
    renditions,
  };
}
