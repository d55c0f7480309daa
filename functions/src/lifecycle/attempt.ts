/** One attempt: processes one generation of an original into renditions, image record and token records. */
import type { Config } from '../config/config.js';
import { ImageFailure, reasonOf } from '../errors.js';
import { MAX_ATTEMPT_MS } from '../domain/attempt-id.js';
import { endEvent } from '../domain/events.js';
import { focusFor } from '../domain/focus.js';
import type { Owner } from '../domain/path.js';
import type { OriginalInfo } from '../domain/records.js';
import { settingsHashes } from '../domain/settings.js';
import type { Point } from '../domain/variant.js';
import type { AttemptStart, Refusal, ReprocessMode, UploadQuota } from '../gcp/backend.js';
import { isPermanentError } from '../gcp/permanent-error.js';
import { checkBytes } from '../processing/limits.js';
import { publish } from '../gcp/publish.js';
import { scheduleCleanup } from './cleanup.js';
import { checkContent } from './check-content.js';
import type { ProcessingContext } from './context.js';
import { removeIfOriginalMissing } from './original-deleted.js';
import { writeRenditions } from './write-renditions.js';

/**
 * - `stale`: a newer upload has been recorded
 * - `done`: this upload is already `ready` or `failed`
 * - `busy`: an attempt for an older upload of the image is running; nothing was changed
 * - `waiting`: the owner's share is used by other attempts; this one has been ended
 * - `missing`: the original was overwritten or deleted; its records are deleted unless a newer upload exists
 * - `superseded`: a newer upload or another attempt has begun
 * - `ready`, `held`, `failed`: the state that was recorded
 */
export type AttemptOutcome =
  'stale' | 'done' | 'busy' | 'waiting' | 'missing' | 'superseded' | 'ready' | 'held' | 'failed';

export interface ProcessOptions {
  /**
   * Whether nothing will retry. Then an upload whose previous attempt died is not processed, and transient
   * errors are recorded as `retries-exhausted`.
   */
  isFinalAttempt: boolean;
  /** Whether the process of the previous attempt is known to have died. */
  isRedelivery?: boolean;
  /** Whether to process an image that is already `ready` or `failed`. */
  reprocess: ReprocessMode;
  /** How many attempts of the owner may run at the same time; absent: any number. */
  share?: number;
  /** Whether the original is deleted if the owner has too many images. */
  deletesExcess?: boolean;
  /** Whether the image usually needs processing: then the original is read before that is known. */
  readsEarly?: boolean;
}

type Result = { outcome: AttemptOutcome; failure?: ImageFailure };

/**
 * Runs one attempt. The process may die at any line: a cleanup task is scheduled before anything is written
 * that could be left behind.
 * @throws transient errors; the next attempt completes the work. A permanent error (see permanent-error.ts)
 *   only if it can't be recorded.
 */
export async function runAttempt(
  owner: Owner,
  original: OriginalInfo,
  options: ProcessOptions,
  context: ProcessingContext,
): Promise<Result> {
  const { isFinalAttempt, reprocess } = options;
  const { backend, config } = context;
  const { name, generation } = original;
  const settings = settingsHashes(config);
  const quota = quotaOf(options, context);
  // With a limit, an upload may well be refused.
  const readsEarly = options.readsEarly && quota === undefined;
  const early = readsEarly ? settled(readOriginal(original, context)) : undefined;
  const plan = { original, settings, reprocess, ...(quota && { quota }) };
  const start = await backend.records.begin(owner, plan);
  if (start === 'refused' || start === 'refused-deleted') {
    return handleRefusal(owner, original, start, context);
  }
  if (typeof start === 'string') {
    // This may be a retry of an attempt that wrote renditions before a newer upload was recorded.
    if (start === 'stale') await scheduleCleanup(name, context);
    await early;
    return { outcome: start };
  }
  const { attempt, hasStaleRenditions, triedAt } = start;
  try {
    const read = early ?? settled(readOriginal(original, context));
    const { obstacle, focus } = await findObstacle(owner, original, start, options, context);
    if (obstacle === 'waiting') {
      // The bytes that were asked for take memory until they are here.
      await Promise.all([read, backend.records.release(owner, attempt, hasStaleRenditions)]);
      return { outcome: 'waiting' };
    }
    if (obstacle === 'missing') return await removeMissing(owner, original, attempt, context);
    // Checked before processing: an upload that crashes the process each time must not be retried forever.
    const hasDied =
      triedAt !== undefined && (options.isRedelivery || context.now() - triedAt > MAX_ATTEMPT_MS);
    if (isFinalAttempt && hasDied) throw retriesExhausted();
    await publish(
      { name: 'onStart', data: { ...owner, generation, state: 'processing' } },
      context,
    );
    const state = start.isAllowed ? 'ready' : await checkContent(owner, original, context);
    // An object may have any size: one with too many bytes was not read.
    checkBytes(original.bytes, config);
    const bytes = (await read)();
    if (bytes === undefined) return await removeMissing(owner, original, attempt, context);
    const result = await writeRenditions(withFocus(original, focus), bytes, context);
    if (await backend.records.finish(owner, attempt, result, settings, state)) {
      await publish(endEvent({ ...owner, generation }, state), context);
      return { outcome: state };
    }
  } catch (error) {
    const failure = failureOf(error);
    const isTransient = failure.code === 'retries-exhausted' && failure !== error;
    if (isTransient && !isFinalAttempt) {
      // Other uploads need not wait until it counts as dead; without success they do.
      await backend.records.release(owner, attempt, true).catch(() => {});
      throw error;
    }
    const { code, publicMessage: message } = failure;
    const state = await backend.records.fail(owner, attempt, { code, message }, settings);
    if (state !== undefined) {
      const data = { ...owner, generation, state, error: code };
      await publish({ name: 'onFailed', data }, context);
    }
    if (isTransient) throw error;
    if (state !== undefined) return { outcome: 'failed', failure };
  }
  await scheduleCleanup(name, context);
  return { outcome: 'superseded' };
}

function tooManyImages({ maxImagesPerUser }: Config): ImageFailure {
  return new ImageFailure(
    'too-many-images',
    `expected at most ${maxImagesPerUser} images of a user`,
  );
}

function quotaOf(
  { deletesExcess = false }: ProcessOptions,
  { config }: ProcessingContext,
): UploadQuota | undefined {
  if (config.maxImagesPerUser === 0) return undefined;
  const { code, publicMessage: message } = tooManyImages(config);
  return {
    maxImages: config.maxImagesPerUser,
    failure: { code, message },
    deletesOriginal: deletesExcess,
  };
}

/** Completes a refusal, which is recorded. Safe to repeat. */
async function handleRefusal(
  owner: Owner,
  { name, generation }: OriginalInfo,
  refusal: Refusal,
  context: ProcessingContext,
): Promise<Result> {
  const { objects } = context.backend;
  if (refusal === 'refused-deleted') await objects.deleteOriginal(name, generation);
  else if ((await objects.findOriginal(name)) === undefined) {
    // It was deleted before the refusal was recorded.
    await removeIfOriginalMissing(owner, name, generation, context);
    return { outcome: 'missing' };
  }
  const failure = tooManyImages(context.config);
  const data = { ...owner, generation, state: 'failed' as const, error: failure.code };
  await publish({ name: 'onFailed', data }, context);
  return { outcome: 'failed', failure };
}

/**
 * What must be known before the original is processed, asked for at the same time. The original is looked up
 * after the attempt has begun: from then on, its deletion deletes the record too. With object versioning, a
 * deleted original can still be read by its generation.
 */
async function findObstacle(
  { uid }: Owner,
  { name, generation }: OriginalInfo,
  { attempt, hasStaleRenditions, current }: Exclude<AttemptStart, string>,
  { share }: ProcessOptions,
  context: ProcessingContext,
): Promise<{ obstacle?: 'missing' | 'waiting'; focus?: Point }> {
  const { objects, records } = context.backend;
  const [stored, running] = await Promise.all([
    objects.findOriginal(name),
    share === undefined ? [attempt] : records.runningAttempts(uid, share),
    hasStaleRenditions ? scheduleCleanup(name, context, { current }) : undefined,
  ]);
  if (stored?.generation !== generation) return { obstacle: 'missing' };
  // Usually done when the upload's event was handled.
  if (stored.hasDownloadToken && context.config.lockOriginals) {
    await objects.revokeDownloadTokens(name, generation);
  }
  if (!running.includes(attempt)) return { obstacle: 'waiting' };
  return focusFor(stored, context.config);
}

/** The original with the focal point that its metadata has now. */
function withFocus(original: OriginalInfo, focus: Point | undefined): OriginalInfo {
  const current = { ...original };
  delete current.focus;
  return focus ? { ...current, focus } : current;
}

function failureOf(error: unknown): ImageFailure {
  if (error instanceof ImageFailure) return error;
  if (!isPermanentError(error)) return retriesExhausted();
  return new ImageFailure('request-rejected', `expected success, found ${reasonOf(error)}`);
}

function retriesExhausted(): ImageFailure {
  return new ImageFailure('retries-exhausted', 'expected success within an hour, found none');
}

async function removeMissing(
  owner: Owner,
  { name, generation }: OriginalInfo,
  attempt: string,
  context: ProcessingContext,
) {
  const result = await removeIfOriginalMissing(owner, name, generation, context);
  // The attempt of the newer upload need not wait until this one counts as dead.
  if (result === 'overwritten') await context.backend.records.release(owner, attempt, true);
  return { outcome: 'missing' as const };
}

/** Reads the original; undefined when it does not exist, or has too many bytes. */
async function readOriginal(
  { name, generation, bytes }: OriginalInfo,
  { config, backend }: ProcessingContext,
): Promise<Buffer | undefined> {
  return bytes > config.maxBytes ? undefined : backend.objects.readOriginal(name, generation);
}

/** A promise that never rejects; the function that it resolves to returns the result or throws the error. */
function settled<T>(promise: Promise<T>): Promise<() => T> {
  return promise.then(
    (value) => () => value,
    (error: Error) => () => {
      throw error;
    },
  );
}
