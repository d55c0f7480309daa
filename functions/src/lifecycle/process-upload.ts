/** Handles the tasks that process uploads: retries, and the share of the instances that one owner may use. */
import type { ImageFailure } from '../errors.js';
import { MAX_ATTEMPT_MS } from '../domain/attempt-id.js';
import { endEvent } from '../domain/events.js';
import { focusFor } from '../domain/focus.js';
import { ownerOf, type Owner } from '../domain/path.js';
import type { OriginalInfo } from '../domain/records.js';
import {
  processTaskId,
  TRIES_PER_TASK,
  UPLOADS_PER_OWNER,
  type ProcessTask,
} from '../domain/tasks.js';
import { compareGenerations, recognizedRecord } from '../gcp/backend.js';
import { isPermanentError } from '../gcp/permanent-error.js';
import type { LogMessage } from '../log-events.js';
import { logDetails, type Log } from '../log.js';
import { publish } from '../gcp/publish.js';
import { runAttempt, type AttemptOutcome } from './attempt.js';
import type { ProcessingContext } from './context.js';
import { imageDetails } from './image-details.js';
import { redacted, RETRY_WINDOW_MS, type RetryMessages } from './retry.js';

/** How long an upload is retried when not even its failure can be recorded, milliseconds. As Eventarc does. */
const GIVE_UP_MS = 24 * 60 * 60 * 1000;
/** Delays of retries: doubled each time, milliseconds. */
export const RETRY_DELAY = { min: 10_000, max: 300_000 } as const;
/**
 * Delays of an upload that waits for its turn: a share of the time that it has waited, which is about the time
 * that the uploads before it still need. Milliseconds.
 */
export const WAIT_DELAY = { min: 2_000, max: 180_000, share: 0.25 } as const;

export const PROCESSING_MESSAGES = {
  willRetry: 'image processing failed, will retry',
  exhausted: 'image processing failed, retries exhausted',
  rejected:
    'image processing failed, and Firestore rejects a record of the failure: the upload is not processed, and not retried',
} as const satisfies RetryMessages;

/** An upload that waits for others of its owner may do so many times: that is not logged. */
type LoggedOutcome = Exclude<AttemptOutcome, 'waiting'>;

const OUTCOME_MESSAGES = {
  stale: 'upload ignored, a newer one has been recorded',
  done: 'upload ignored, it was already processed',
  missing: 'upload ignored, the original was deleted or overwritten',
  superseded: 'processing result discarded, a newer attempt has begun',
  ready: 'image is ready',
  held: 'image is held for review by the content filter',
  failed: 'image processing failed',
  busy: 'upload waits for the attempt of an older one',
} as const satisfies Record<LoggedOutcome, LogMessage>;

/**
 * - `ignored`: the name is not that of an original
 * - `retried`: the next task will try again
 */
export type UploadOutcome = AttemptOutcome | 'ignored' | 'retried';

/** How the queue delivered a task. */
export interface ProcessDelivery {
  /** How often the queue has delivered the task before, without success. */
  retryCount: number;
  /** From 0 to 1; spreads the tasks of a flood. */
  random: () => number;
}

/**
 * Handles one task. The queue may deliver it late or more than once, and the process may die at any line.
 * @throws Error whose message contains no names, when the next task can't be enqueued: the queue retries
 */
export async function processUpload(
  task: ProcessTask,
  delivery: ProcessDelivery,
  context: ProcessingContext,
): Promise<UploadOutcome> {
  const { config, backend, now, log } = context;
  const { name, generation, contentType, bytes } = task;
  const owner = ownerOf(config.originalsPath, name);
  if (owner === undefined) return 'ignored';
  const uploaded = { bucket: config.bucket, name, generation, contentType, bytes };
  const details = imageDetails(uploaded);
  const isRedelivery = delivery.retryCount > 0;
  const triedSince = task.triedSince ?? now();
  const enqueueNext = (delay: number, changes: Partial<ProcessTask>) => {
    const next = { ...task, turn: (task.turn ?? 0) + 1, ...changes };
    return backend.queues.enqueueProcess(
      next,
      processTaskId(config.bucket, next),
      now() + Math.round(delay),
    );
  };
  const wait = async (outcome: 'busy' | 'waiting') => {
    const waitingSince = task.waitingSince ?? now();
    const share = (now() - waitingSince) * WAIT_DELAY.share;
    const delay = Math.min(Math.max(share, WAIT_DELAY.min), WAIT_DELAY.max);
    const jittered = delay * (0.5 + delivery.random());
    // Waiting is not counted as a retry.
    const tried = task.triedSince && { triedSince: task.triedSince + Math.round(jittered) };
    await enqueueNext(jittered, { waitingSince, ...tried });
    return outcome;
  };
  try {
    // The process may have died, and may do so in each delivery: the next task exists before the last of them.
    if (isRedelivery) {
      const isLast = delivery.retryCount >= TRIES_PER_TASK;
      await enqueueNext(isLast ? 0 : MAX_ATTEMPT_MS * 1.2, { triedSince });
      if (isLast) return 'retried';
    }
    if (task.waitingSince !== undefined && (await isShareUsed(owner, context))) {
      return await wait('waiting');
    }
    const isFinalAttempt = now() - triedSince > RETRY_WINDOW_MS;
    try {
      const isCroppedAgain = task.cropAgain !== undefined;
      const stored = isCroppedAgain ? await backend.objects.findOriginal(name) : undefined;
      // Deleted or overwritten: that has its own event.
      if (isCroppedAgain && stored?.generation !== generation) {
        logOutcome(log, 'missing', undefined, details);
        return 'missing';
      }
      const original = { ...uploaded, ...(stored && focusFor(stored, config)) };
      const { outcome, failure } = await runAttempt(
        owner,
        original,
        {
          isFinalAttempt,
          isRedelivery,
          reprocess: isCroppedAgain ? 'outdated' : 'never',
          share: UPLOADS_PER_OWNER,
          deletesExcess: config.deleteExcessOriginals,
          readsEarly: !isRedelivery && !isCroppedAgain && task.turn === undefined,
        },
        context,
      );
      if (outcome === 'busy' || outcome === 'waiting') return await wait(outcome);
      // An earlier task for it may have died before it published what it had recorded.
      if (outcome === 'done' && (isRedelivery || task.turn !== undefined)) {
        await publishRecorded(owner, context);
      }
      logOutcome(log, outcome, failure, details);
      return outcome;
    } catch (error) {
      const errorDetails = logDetails({ error }, details);
      if (isPermanentError(error)) {
        log('ERROR', PROCESSING_MESSAGES.rejected, errorDetails);
        return 'failed';
      }
      const hasEnded =
        isFinalAttempt &&
        (now() - triedSince > GIVE_UP_MS || (await isRecorded(owner, uploaded, context)));
      if (hasEnded) {
        log('ERROR', PROCESSING_MESSAGES.exhausted, errorDetails);
        return 'failed';
      }
      log('WARNING', PROCESSING_MESSAGES.willRetry, errorDetails);
      const delay = Math.min(RETRY_DELAY.min * 2 ** retries(task, now()), RETRY_DELAY.max);
      await enqueueNext(delay * (0.75 + delivery.random() / 2), { triedSince });
      return 'retried';
    }
  } catch (error) {
    throw redacted(error);
  }
}

/** An estimate of the number of retries so far, from the time that they took. */
function retries({ triedSince }: ProcessTask, now: number): number {
  if (triedSince === undefined) return 0;
  return Math.log2((now - triedSince) / RETRY_DELAY.min + 1);
}

async function isShareUsed({ uid }: Owner, { backend }: ProcessingContext): Promise<boolean> {
  const running = await backend.records.runningAttempts(uid, UPLOADS_PER_OWNER);
  return running.length >= UPLOADS_PER_OWNER;
}

/** Whether the record says that this upload has ended, or that there is a newer one. */
async function isRecorded(
  owner: Owner,
  original: OriginalInfo,
  { backend }: ProcessingContext,
): Promise<boolean> {
  const image = recognizedRecord(await backend.records.findImage(owner));
  if (image === undefined) return false;
  return image.state !== 'processing' || compareGenerations(image.original, original) > 0;
}

/**
 * Publishes what an image record says about its upload: the attempt may have died before it did.
 * @throws errors of Firestore
 */
export async function publishRecorded(owner: Owner, context: ProcessingContext): Promise<void> {
  if (context.config.events === undefined) return;
  const image = recognizedRecord(await context.backend.records.findImage(owner));
  if (image === undefined) return;
  const { state, error, original } = image;
  const data = { ...owner, generation: original.generation };
  if (state === 'ready' || state === 'held') await publish(endEvent(data, state), context);
  if (state === 'failed' && error) {
    await publish({ name: 'onFailed', data: { ...data, state, error: error.code } }, context);
  }
}

/** Writes the log line of an attempt. */
export function logOutcome(
  log: Log,
  outcome: LoggedOutcome,
  failure: ImageFailure | undefined,
  details: object,
): void {
  if (failure) {
    const { code } = failure;
    log('WARNING', OUTCOME_MESSAGES.failed, logDetails({ error: failure }, { ...details, code }));
  } else log('INFO', OUTCOME_MESSAGES[outcome], details);
}
