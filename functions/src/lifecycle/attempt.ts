/** An original -> renditions, image record and token records: one attempt, safe to die at any line. */
import { checkBytes } from '../processing/limits.js';
import { ImageFailure } from '../errors.js';
import { renditionName, type Owner } from '../domain/path.js';
import type { OriginalInfo, TokenVariant, VariantInfo } from '../domain/records.js';
import { settingsHashes } from '../domain/settings.js';
import { isCropped } from '../domain/variant.js';
import type { ReprocessMode, ProcessingResult } from '../gcp/backend.js';
import { removeIfGone } from './original-deleted.js';
import type { ProcessingContext } from './context.js';
import { scheduleCleanup } from './cleanup.js';

/**
 * - `stale`, `done`: a newer upload, or this one, has been seen before
 * - `gone`: overwritten or deleted in the meantime; nothing of it is left unless a newer upload came
 * - `superseded`: a newer upload or another attempt has taken over
 * - `ready`, `failed`: how it ended
 */
export type AttemptOutcome = 'stale' | 'done' | 'gone' | 'superseded' | 'ready' | 'failed';

/** A try that began longer ago has died, or failed: no function works on one upload for so long, milliseconds. */
const LONGEST_TRY_MS = 5 * 60_000;

export interface ProcessOptions {
  /** Whether this is the last try: what was tried before is not made any more, and the record says so. */
  isFinalAttempt: boolean;
  /** Whether an image that has ended is made anew. */
  reprocess: ReprocessMode;
}

/**
 * Before anything is made, whoever may leave something behind has a sweep appointed: dying later than
 * that, it leaves nothing that is not found.
 * @throws what will pass by itself; trying again ends as if nothing had happened
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
  const lock = async () => {
    if (config.lockOriginals) await backend.objects.revokeDownloadTokens(name, generation);
  };
  const beginning = await backend.records
    .begin(owner, { original, settings, reprocess })
    .catch(async (error: unknown) => {
      // An original must not stay open because Firestore can't be reached.
      await lock();
      throw error;
    });
  if (beginning === 'stale') {
    // Perhaps this is the second try of one that wrote renditions before it was overtaken.
    await scheduleCleanup(name, context);
    await lock();
    return { outcome: 'stale' };
  }
  if (beginning === 'done') return { outcome: 'done' };
  const { attempt, hasStaleRenditions, triedAt } = beginning;
  try {
    // Before any other work: until then, a download token opens the original to whoever has it.
    await lock();
    if (hasStaleRenditions) await scheduleCleanup(name, context);
    // In a bucket with object versioning, what was deleted can still be read by its generation.
    const isThere = (await backend.objects.findOriginal(name))?.generation === generation;
    if (!isThere) return await gone(owner, original, context);
    // Before the work: an upload that ends the process each time must not be tried for ever.
    const isLeft = triedAt !== undefined && context.now() - triedAt > LONGEST_TRY_MS;
    if (isFinalAttempt && isLeft) throw gaveUp();
    const result = await makeRenditions(original, context);
    if (result === undefined) return await gone(owner, original, context);
    if (await backend.records.finish(owner, attempt, result, settings)) return { outcome: 'ready' };
  } catch (error) {
    const failure = error instanceof ImageFailure ? error : gaveUp();
    if (failure !== error && !isFinalAttempt) throw error;
    const { code, publicMessage: message } = failure;
    const isTold = await backend.records.fail(owner, attempt, { code, message }, settings);
    if (failure !== error) throw error;
    if (isTold) return { outcome: 'failed', failure };
  }
  await scheduleCleanup(name, context);
  return { outcome: 'superseded' };
}

function gaveUp(): ImageFailure {
  return new ImageFailure('retries-exhausted', 'expected an end within an hour, found none');
}

async function gone(owner: Owner, { name, generation }: OriginalInfo, context: ProcessingContext) {
  await removeIfGone(owner, name, generation, context);
  return { outcome: 'gone' as const };
}

/** @returns undefined when the original is gone */
async function makeRenditions(
  original: OriginalInfo,
  { config, backend, processImage }: ProcessingContext,
): Promise<ProcessingResult | undefined> {
  // Before a byte is read: an object may be of any size.
  checkBytes(original.bytes, config);
  const bytes = await backend.objects.readOriginal(original.name, original.generation);
  if (bytes === undefined) return undefined;
  const derived = await processImage(bytes, config);
  const variants: Record<string, VariantInfo> = {};
  const renditions: Record<string, TokenVariant> = {};
  const writes = derived.renditions.map(async ({ data, ...rendition }) => {
    const { variants: names, format } = rendition;
    // Variants that come to the same share one object, under the name of the first.
    const name = renditionName(config.variantsPath, original, names[0] as string, format, data);
    return { ...rendition, info: await backend.objects.writeRendition(name, format, data) };
  });
  for (const { variants: names, format, width, height, info } of await Promise.all(writes)) {
    const cropped = isCropped({ width, height }, derived.original);
    const size = { width, height, ...(cropped && { cropped }) };
    for (const name of names) {
      (variants[name] ??= { ...size, formats: {} }).formats[format] = info;
      (renditions[name] ??= { ...size })[format] = info;
    }
  }
  return {
    original: { ...original, ...derived.original },
    placeholder: derived.placeholder,
    variants,
    renditions,
  };
}
