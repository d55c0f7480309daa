/** Processes all originals with the current parameters, page by page. */
import { focusFor } from '../domain/focus.js';
import { originalsPrefix, ownerOf, type Owner } from '../domain/path.js';
import { backfillSettingsHash } from '../domain/settings.js';
import { IMAGES_PER_PAGE, type BackfillTask } from '../domain/tasks.js';
import { recognizedRecord, type Progress, type StoredOriginal } from '../gcp/backend.js';
import { isPermanentError } from '../gcp/permanent-error.js';
import { runAttempt, type ProcessOptions } from './attempt.js';
import type { ProcessingContext } from './context.js';
import { imageDetails } from './image-details.js';
import { removeIfOriginalMissing } from './original-deleted.js';
import { logOutcome, PROCESSING_MESSAGES, publishRecorded } from './process-upload.js';

/** Names per Storage list call while counting. */
const COUNTED_PER_CALL = 1000;
/** How long one task counts before the next one continues, milliseconds. */
const MAX_COUNTING_MS = 60_000;

type CountTask = Extract<BackfillTask, { step: 'count' }>;
type PageTask = Extract<BackfillTask, { step: 'process' | 'recheck' }>;

/** How a task was delivered. */
export interface TaskDelivery {
  /** The id of the task; the same for each delivery. */
  id: string;
  /** Whether the queue will not retry the task. */
  isFinalAttempt: boolean;
  /** Whether it was delivered before, without success. */
  isRedelivery?: boolean;
}

/**
 * Handles one backfill task. The first task counts the originals and enqueues the first page. Each page
 * enqueues the next one before it is processed, so that as many pages run in parallel as the queue allows.
 * Task ids make duplicates impossible.
 * @returns the progress after a page was added
 * @throws transient errors; the queue retries the task, which skips what was already processed
 */
export async function backfill(
  task: BackfillTask,
  delivery: TaskDelivery,
  context: ProcessingContext,
): Promise<Progress<number> | undefined> {
  const { jobs } = context.backend;
  if (task.step === undefined) {
    const run = delivery.id;
    if (await jobs.start(run, backfillSettingsHash(context.config), task.onlyIfChanged ?? false)) {
      await enqueue({ step: 'count', run, part: 0, total: 0 }, `${run}-count-0`, context);
    }
    return undefined;
  }
  const current = await jobs.current();
  if (task.step === 'count') {
    if (current === task.run) await count(task, context);
    return undefined;
  }
  const isCurrent = current === task.run;
  const progress = isCurrent ? await processPage(task, delivery, context) : undefined;
  // If the run was replaced, this page may have overwritten results of the new run with old parameters.
  const latest = isCurrent ? await jobs.current() : current;
  if (latest !== undefined && latest !== task.run) {
    await enqueue({ step: 'recheck', run: latest, names: task.names }, undefined, context);
  }
  return progress;
}

async function count(
  { run, part, ...previous }: CountTask,
  context: ProcessingContext,
): Promise<void> {
  const deadline = context.now() + MAX_COUNTING_MS;
  let { total, after } = previous;
  do {
    const page = await listOriginals(COUNTED_PER_CALL, after, context);
    total += page.names.length;
    after = page.next;
  } while (after !== undefined && context.now() < deadline);
  if (after !== undefined) {
    const task = { step: 'count', run, part: part + 1, total, after } as const;
    return enqueue(task, `${run}-count-${part + 1}`, context);
  }
  await context.backend.jobs.counted(run, total);
  await enqueuePage(run, 0, undefined, context);
}

/** Lists a page and enqueues it. The task contains the names, so that each delivery has the same images. */
async function enqueuePage(
  run: string,
  page: number,
  after: string | undefined,
  context: ProcessingContext,
): Promise<void> {
  const { names, next } = await listOriginals(IMAGES_PER_PAGE, after, context);
  await enqueue({ step: 'process', run, page, names, after: next }, `${run}-${page}`, context);
}

async function processPage(
  task: PageTask,
  delivery: TaskDelivery,
  context: ProcessingContext,
): Promise<Progress<number> | undefined> {
  const { run, names } = task;
  const { isFinalAttempt } = delivery;
  if (task.step === 'process' && task.after !== undefined) {
    await enqueuePage(run, task.page + 1, task.after, context);
  }
  const { bucket } = context.config;
  let failed = 0;
  let lastError: unknown;
  for (const name of names) {
    try {
      if ((await refreshByName(name, delivery, context)) === 'failed') failed += 1;
    } catch (error) {
      const { willRetry, exhausted, rejected } = PROCESSING_MESSAGES;
      const isPermanent = isPermanentError(error);
      const message = isPermanent ? rejected : isFinalAttempt ? exhausted : willRetry;
      const severity = isPermanent || isFinalAttempt ? 'ERROR' : 'WARNING';
      context.log(severity, message, imageDetails({ bucket, name }, error));
      // Thrown after the loop, so that the other images of the page are processed.
      if (!isPermanent) lastError = error;
      failed += 1;
    }
  }
  if (lastError !== undefined && !isFinalAttempt) throw lastError as Error;
  if (task.step === 'recheck') return undefined;
  const result = { page: task.page, isLast: task.after === undefined, done: names.length, failed };
  return context.backend.jobs.add(run, result);
}

async function refreshByName(
  name: string,
  { isFinalAttempt, isRedelivery = false }: TaskDelivery,
  context: ProcessingContext,
) {
  const { config, backend } = context;
  const owner = ownerOf(config.originalsPath, name);
  if (owner === undefined) return 'done';
  const stored = await backend.objects.findOriginal(name);
  if (stored !== undefined) {
    const options = { isFinalAttempt, reprocess: 'outdated' } as const;
    const outcome = await refresh(owner, stored, context, options);
    if (outcome === 'done' && isRedelivery) await publishRecorded(owner, context);
    return outcome;
  }
  // Deleted since it was listed. An earlier attempt that died may have created records.
  const image = recognizedRecord(await backend.records.findImage(owner));
  if (image === undefined) return 'missing';
  // The generation is read before the deletion: records of a later upload are kept.
  return removeIfOriginalMissing(owner, name, image.original.generation, context);
}

/**
 * Processes one original if needed; one Firestore read if not.
 * @throws transient errors
 */
export async function refresh(
  owner: Owner,
  stored: StoredOriginal,
  context: ProcessingContext,
  options: ProcessOptions,
) {
  const { bucket, lockOriginals } = context.config;
  const { name, generation, bytes, hasDownloadToken } = stored;
  if (hasDownloadToken && lockOriginals) {
    await context.backend.objects.revokeDownloadTokens(name, generation);
  }
  const contentType = stored.contentType ?? 'application/octet-stream';
  const original = {
    ...{ bucket, name, generation, contentType, bytes },
    ...focusFor(stored, context.config),
  };
  const { outcome, failure } = await runAttempt(owner, original, options, context);
  if (outcome !== 'done' && outcome !== 'waiting')
    logOutcome(context.log, outcome, failure, imageDetails(original));
  return outcome;
}

async function listOriginals(
  limit: number,
  after: string | undefined,
  { config, backend }: ProcessingContext,
) {
  const prefix = originalsPrefix(config.originalsPath);
  const { items, next } = await backend.objects.listOriginals(prefix, limit, after);
  const names = items
    .map(({ name }) => name)
    .filter((name) => ownerOf(config.originalsPath, name) !== undefined);
  return { names, next };
}

function enqueue(
  task: BackfillTask,
  id: string | undefined,
  { backend }: ProcessingContext,
): Promise<void> {
  return backend.queues.enqueueBackfill(task, id);
}
