/** All originals, page by page -> what the parameters now say: those from before, and after a change. */
import { reasonOf } from '../errors.js';
import { hashedFolder, originalsPrefix, ownerOf } from '../images/path.js';
import { settingsOf } from '../images/settings.js';
import type { BackfillTask } from '../images/tasks.js';
import type { Progress, Redo, StoredOriginal } from '../library/library.js';
import { tell } from './ingest.js';
import { make } from './make.js';
import type { Maker } from './room.js';

/** Names that one call of Storage lists while they are counted. */
const COUNTED_A_CALL = 1000;
/** So long may one task count, milliseconds; the next one goes on. */
const COUNTING_MS = 60_000;
/** Originals of one task: even if each took the longest, it would end within a task's time. */
export const IMAGES_A_PAGE = 10;

/** One delivery of a task. */
export interface Delivery {
  /** The same however often it is delivered. */
  id: string;
  /** Whether it is not delivered again if it fails. */
  isLast: boolean;
}

/**
 * Handles one task. The first counts and sends for the first page; each page sends for the next one
 * before it works, so that as many are at work as the queue allows.
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
    const { conditions } = settingsOf(room.config);
    if (!(await jobs.start(run, conditions, task.onlyIfChanged ?? false))) return undefined;
    await send({ step: 'count', run, total: 0 }, `${run}-count-0`, room);
    return undefined;
  }
  if (!(await jobs.isCurrent(task.run))) return undefined;
  if (task.step === 'make') return makePage(task, delivery, room);
  await count(task, room);
  return undefined;
}

async function count(
  { run, total, after }: Extract<BackfillTask, { step: 'count' }>,
  room: Maker,
): Promise<void> {
  const until = room.now() + COUNTING_MS;
  do {
    const page = await listOriginals(COUNTED_A_CALL, after, room);
    total += page.originals.length;
    after = page.next;
  } while (after !== undefined && room.now() < until);
  if (after !== undefined) {
    return send({ step: 'count', run, total, after }, `${run}-count-${total}`, room);
  }
  await room.library.jobs.counted(run, total);
  await send({ step: 'make', run, page: 0 }, `${run}-0`, room);
}

async function makePage(
  { run, page, after }: Extract<BackfillTask, { step: 'make' }>,
  { isLast: isLastTry }: Delivery,
  room: Maker,
): Promise<Progress<number> | undefined> {
  const { originals, next } = await listOriginals(IMAGES_A_PAGE, after, room);
  if (next !== undefined) {
    await send({ step: 'make', run, page: page + 1, after: next }, `${run}-${page + 1}`, room);
  }
  let failed = 0;
  let passing: unknown;
  for (const original of originals) {
    try {
      if ((await refresh(original, room)) === 'failed') failed += 1;
    } catch (error) {
      room.log('WARNING', 'image was not brought up to date', {
        image: hashedFolder(room.config.bucket, original.name),
        reason: reasonOf(error),
      });
      // The others of this page need not wait for it.
      passing = error;
      failed += 1;
    }
  }
  if (passing !== undefined && !isLastTry) throw new Error(reasonOf(passing));
  const result = { page, isLast: next === undefined, done: originals.length, failed };
  return room.library.jobs.add(run, result);
}

/**
 * Brings one original up to date: one read when it is.
 * @throws what will pass by itself
 */
export async function refresh(stored: StoredOriginal, room: Maker, redo: Redo = 'outdated') {
  const { bucket, originalsPath, lockOriginals } = room.config;
  const owner = ownerOf(originalsPath, stored.name);
  if (owner === undefined) return 'done';
  const { name, generation, bytes, isOpen } = stored;
  if (isOpen && lockOriginals) await room.library.objects.lock(name, generation);
  const contentType = stored.contentType ?? 'application/octet-stream';
  const original = { bucket, name, generation, contentType, bytes };
  const { outcome, failure } = await make(owner, original, { isLate: false, redo }, room);
  const details = { image: hashedFolder(bucket, name), generation };
  if (outcome !== 'done') tell(room.log, outcome, failure, details);
  return outcome;
}

async function listOriginals(limit: number, after: string | undefined, { config, library }: Maker) {
  const prefix = originalsPrefix(config.originalsPath);
  const { items, next } = await library.objects.listOriginals(prefix, limit, after);
  const originals = items.filter(({ name }) => ownerOf(config.originalsPath, name));
  return { originals, next };
}

function send(task: BackfillTask, id: string, { library }: Maker): Promise<void> {
  return library.queues.backfill(task, id);
}
