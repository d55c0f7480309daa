/** All originals, page by page -> what the parameters now say: those from before, and after a change. */
import { reasonOf } from '../errors.js';
import { hashedFolder, originalsPrefix, ownerOf } from '../domain/path.js';
import { runSettingsOf } from '../domain/settings.js';
import { IMAGES_A_PAGE, type BackfillTask } from '../domain/tasks.js';
import { known, type Progress, type StoredOriginal } from '../gcp/backend.js';
import { tell } from './original-finalized.js';
import { make, type Making } from './attempt.js';
import { removeIfGone } from './original-deleted.js';
import type { Maker } from './context.js';

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
  room: Maker,
): Promise<Progress<number> | undefined> {
  const { jobs } = room.library;
  if (task.step === undefined) {
    const run = delivery.id;
    if (await jobs.start(run, runSettingsOf(room.config), task.onlyIfChanged ?? false)) {
      await send({ step: 'count', run, part: 0, total: 0 }, `${run}-count-0`, room);
    }
    return undefined;
  }
  const current = await jobs.current();
  if (task.step === 'count') {
    if (current === task.run) await count(task, room);
    return undefined;
  }
  const isCurrent = current === task.run;
  const progress = isCurrent ? await makePage(task, delivery, room) : undefined;
  // Replaced: perhaps it was at work with the parameters of then, and has undone what the new run did.
  const now = isCurrent ? await jobs.current() : current;
  if (now !== undefined && now !== task.run) {
    await send({ step: 'again', run: now, names: task.names }, undefined, room);
  }
  return progress;
}

async function count({ run, part, ...before }: Counting, room: Maker): Promise<void> {
  const until = room.now() + COUNTING_MS;
  let { total, after } = before;
  do {
    const page = await listOriginals(COUNTED_A_CALL, after, room);
    total += page.names.length;
    after = page.next;
  } while (after !== undefined && room.now() < until);
  if (after !== undefined) {
    const task = { step: 'count', run, part: part + 1, total, after } as const;
    return send(task, `${run}-count-${part + 1}`, room);
  }
  await room.library.jobs.counted(run, total);
  await sendPage(run, 0, undefined, room);
}

/** Lists a page and sends for it. Its names go with it: whoever is at it twice is at the same images. */
async function sendPage(
  run: string,
  page: number,
  after: string | undefined,
  room: Maker,
): Promise<void> {
  const { names, next } = await listOriginals(IMAGES_A_PAGE, after, room);
  await send({ step: 'make', run, page, names, after: next }, `${run}-${page}`, room);
}

async function makePage(
  task: Page | Extract<BackfillTask, { step: 'again' }>,
  { isLast: isLastTry }: Delivery,
  room: Maker,
): Promise<Progress<number> | undefined> {
  const { run, names } = task;
  if (task.step === 'make' && task.after !== undefined) {
    await sendPage(run, task.page + 1, task.after, room);
  }
  let failed = 0;
  let passing: unknown;
  for (const name of names) {
    try {
      if ((await refreshNamed(name, isLastTry, room)) === 'failed') failed += 1;
    } catch (error) {
      room.log('WARNING', 'image was not brought up to date', {
        image: hashedFolder(room.config.bucket, name),
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
  return room.library.jobs.add(run, result);
}

/** An original that has gone since it was listed may have been begun by a try that died. */
async function refreshNamed(name: string, isLate: boolean, room: Maker) {
  const { config, library } = room;
  const owner = ownerOf(config.originalsPath, name);
  if (owner === undefined) return 'done';
  const stored = await library.objects.findOriginal(name);
  if (stored !== undefined) return refresh(stored, room, { isLate, redo: 'outdated' });
  const image = known(await library.records.findImage(owner));
  if (image === undefined) return 'gone';
  // What is uploaded from now on is newer.
  return removeIfGone(owner, name, image.original.generation, room);
}

/**
 * Brings one original up to date: one read of Firestore when it is.
 * @throws what will pass by itself
 */
export async function refresh(stored: StoredOriginal, room: Maker, making: Making) {
  const { bucket, originalsPath, lockOriginals } = room.config;
  const owner = ownerOf(originalsPath, stored.name);
  if (owner === undefined) return 'done';
  const { name, generation, bytes, isOpen } = stored;
  if (isOpen && lockOriginals) await room.library.objects.lock(name, generation);
  const contentType = stored.contentType ?? 'application/octet-stream';
  const original = { bucket, name, generation, contentType, bytes };
  const { outcome, failure } = await make(owner, original, making, room);
  const details = { image: hashedFolder(bucket, name), generation };
  if (outcome !== 'done') tell(room.log, outcome, failure, details);
  return outcome;
}

async function listOriginals(limit: number, after: string | undefined, { config, library }: Maker) {
  const prefix = originalsPrefix(config.originalsPath);
  const { items, next } = await library.objects.listOriginals(prefix, limit, after);
  const names = items
    .map(({ name }) => name)
    .filter((name) => ownerOf(config.originalsPath, name) !== undefined);
  return { names, next };
}

function send(task: BackfillTask, id: string | undefined, { library }: Maker): Promise<void> {
  return library.queues.backfill(task, id);
}
