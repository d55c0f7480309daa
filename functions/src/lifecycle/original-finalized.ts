/** A finished upload -> its renditions and records. */
import type { ImageFailure } from '../errors.js';
import { hashedFolder, ownerOf } from '../domain/path.js';
import { withRetryWindow } from './retry.js';
import { runAttempt, type AttemptOutcome } from './attempt.js';
import type { ProcessingContext } from './context.js';

/** What Storage says of an object that was just finished. */
export interface FinishedUpload {
  bucket: string;
  name: string;
  /** Decimal. */
  generation: string;
  contentType?: string;
  bytes: number;
  /** When the event happened, milliseconds since 1970. */
  time: number;
}

/**
 * Handles one `finalized` event. May be called twice for one upload, and late.
 * @throws Error that tells no names, for what will pass by itself (network, contention): the platform
 *   tries again, until GIVE_UP_AFTER_MS have passed
 */
export async function originalFinalized(
  upload: FinishedUpload,
  context: ProcessingContext,
): Promise<AttemptOutcome | 'ignored'> {
  const { config, log } = context;
  const owner = ownerOf(config.originalsPath, upload.name);
  if (owner === undefined || upload.bucket !== config.bucket) return 'ignored';
  const details = {
    image: hashedFolder(upload.bucket, upload.name),
    generation: upload.generation,
  };
  const words = {
    again: 'image is tried again',
    givenUp: 'image was given up',
  };
  const ended = await withRetryWindow(
    upload.time,
    context,
    details,
    words,
    async (isFinalAttempt) => {
      const { bucket, name, generation, bytes } = upload;
      const contentType = upload.contentType ?? 'application/octet-stream';
      const original = { bucket, name, generation, contentType, bytes };
      const { outcome, failure } = await runAttempt(
        owner,
        original,
        { isFinalAttempt, reprocess: 'never' },
        context,
      );
      tell(log, outcome, failure, details);
      return outcome;
    },
  );
  return ended ?? 'failed';
}

/** One line a picture, the same for all that make some. */
export function tell(
  log: ProcessingContext['log'],
  outcome: AttemptOutcome,
  failure: ImageFailure | undefined,
  details: object,
): void {
  if (failure) {
    const { code, message: reason } = failure;
    log('WARNING', 'image has failed', { ...details, code, reason });
  } else log('INFO', `image is ${outcome}`, details);
}
