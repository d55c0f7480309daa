/** All originals, page by page -> what the parameters now say: those from before, and after a change. */
import { reasonOf } from '../errors.js';
import { hashedFolder, originalsPrefix, ownerOf } from '../domain/path.js';
import { backfillSettingsHash } from '../domain/settings.js';
import { IMAGES_PER_PAGE, type BackfillTask } from '../domain/tasks.js';
import { recognizedRecord, type Progress, type StoredOriginal } from '../gcp/backend.js';
import { tell } from './original-finalized.js';
import { runAttempt, type ProcessOptions } from './attempt.js';
import { removeIfGone } from './original-deleted.js';
import type { ProcessingContext } from './context.js';

/** Names that one call of Storage lists while they are counted. */
const COUNTED_A_CALL = 1000;
/** So long may one task count, milliseconds; the next one goes on. */
const COUNTING_MS = 60_000;

type Counting = Extract<BackfillTask, { step: 'count' }>;
type Page = Extract<BackfillTask, { step: 'make' }>;

/** One delivery of a task. */
export interface Delivery {
  /** The same however often it is delivered. */
  id: string;
  /** Whether it is not delivered again if it fails. */
  isLast: boolean;
}

/**
 * Handles one task. The first counts and sends for the first page; each page sends for the next one
 * before it works, so that as many are at work as the queue allows. What was sent twice is there once.
 * @returns the progress when a page was added up
 * @throws what will pass by itself; the task is tried again, and finds most of its work done
 */
export async function backfill(
  task: BackfillTask,
  delivery: Delivery,
  context: ProcessingContext,
): Promise<Progress<number> | undefined> {
  const { jobs } = context.backend;
  if (task.step === undefined) {
    const run = delivery.id;
    if (await jobs.start(run, backfillSettingsHash(context.config), task.onlyIfChanged ?? false)) {
      await send({ step: 'count', run, part: 0, total: 0 }, `${run}-count-0`, context);
    }
    return undefined;
  }
  const current = await jobs.current();
  if (task.step === 'count') {
    if (current === task.run) await count(task, context);
    return undefined;
  }
  const isCurrent = current === task.run;
  const progress = isCurrent ? await makePage(task, delivery, context) : undefined;
  // Replaced: perhaps it was at work with the parameters of then, and has undone what the new run did.
  const now = isCurrent ? await jobs.current() : current;
  if (now !== undefined && now !== task.run) {
    await send({ step: 'again', run: now, names: task.names }, undefined, context);
  }
  return progress;
}

async function count(
  { run, part, ...before }: Counting,
  context: ProcessingContext,
): Promise<void> {
  const until = context.now() + COUNTING_MS;
  let { total, after } = before;
  do {
    const page = await listOriginals(COUNTED_A_CALL, after, context);
    total += page.names.length;
    after = page.next;
  } while (after !== undefined && context.now() < until);
  if (after !== undefined) {
    const task = { step: 'count', run, part: part + 1, total, after } as const;
    return send(task, `${run}-count-${part + 1}`, context);
  }
  await context.backend.jobs.counted(run, total);
  await sendPage(run, 0, undefined, context);
}

/** Lists a page and sends for it. Its names go with it: whoever is at it twice is at the same images. */
async function sendPage(
  run: string,
  page: number,
  after: string | undefined,
  context: ProcessingContext,
): Promise<void> {
  const { names, next } = await listOriginals(IMAGES_PER_PAGE, after, context);
  await send({ step: 'make', run, page, names, after: next }, `${run}-${page}`, context);
}

async function makePage(
  task: Page | Extract<BackfillTask, { step: 'again' }>,
  { isLast: isLastTry }: Delivery,
  context: ProcessingContext,
): Promise<Progress<number> | undefined> {
  const { run, names } = task;
  if (task.step === 'make' && task.after !== undefined) {
    await sendPage(run, task.page + 1, task.after, context);
  }
  let failed = 0;
  let passing: unknown;
  for (const name of names) {
    try {
      if ((await refreshNamed(name, isLastTry, context)) === 'failed') failed += 1;
    } catch (error) {
      context.log('WARNING', 'image was not brought up to date', {
        image: hashedFolder(context.config.bucket, name),
        reason: reasonOf(error),
      });
      // The others of this page need not wait for it.
      passing = error;
      failed += 1;
    }
  }
  if (passing !== undefined && !isLastTry) throw passing as Error;
  if (task.step === 'again') return undefined;
  const result = { page: task.page, isLast: task.after === undefined, done: names.length, failed };
  return context.backend.jobs.add(run, result);
}

/** An original that has gone since it was listed may have been begun by a try that died. */
async function refreshNamed(name: string, isFinalAttempt: boolean, context: ProcessingContext) {
  const { config, backend } = context;
  const owner = ownerOf(config.originalsPath, name);
  if (owner === undefined) return 'done';
  const stored = await backend.objects.findOriginal(name);
  if (stored !== undefined)
    return refresh(stored, context, { isFinalAttempt, reprocess: 'outdated' });
  const image = recognizedRecord(await backend.records.findImage(owner));
  if (image === undefined) return 'gone';
  // What is uploaded from now on is newer.
  return removeIfGone(owner, name, image.original.generation, context);
}

/**
 * Brings one original up to date: one read of Firestore when it is.
 * @throws what will pass by itself
 */
export async function refresh(
  stored: StoredOriginal,
  context: ProcessingContext,
  making: ProcessOptions,
) {
  const { bucket, originalsPath, lockOriginals } = context.config;
  const owner = ownerOf(originalsPath, stored.name);
  if (owner === undefined) return 'done';
  const { name, generation, bytes, isOpen } = stored;
  if (isOpen && lockOriginals) await context.backend.objects.revokeDownloadTokens(name, generation);
  const contentType = stored.contentType ?? 'application/octet-stream';
  const original = { bucket, name, generation, contentType, bytes };
  const { outcome, failure } = await runAttempt(owner, original, making, context);
  const details = { image: hashedFolder(bucket, name), generation };
  if (outcome !== 'done') tell(context.log, outcome, failure, details);
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

function send(
  task: BackfillTask,
  id: string | undefined,
  { backend }: ProcessingContext,
): Promise<void> {
  return backend.queues.enqueueBackfill(task, id);
}
