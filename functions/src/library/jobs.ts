/** How far the backfill has come: one document that a person can watch, and one for each page under it. */
import { FieldValue, type Firestore, type Timestamp } from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';

/** `imageJobs/backfill`. */
export interface Progress<Time = unknown> {
  /** Which run; whoever works for another one stops. */
  run: string;
  /** The parameters it is for: see settings.ts. */
  settings: string;
  state: 'counting' | 'running' | 'done';
  /** Images that were there when it started, and those of them that have been looked at. */
  total: number;
  done: number;
  /** Of those done: could not be made. */
  failed: number;
  pagesDone: number;
  /** Known once the last page has been listed. */
  pages?: number;
  started: Time;
  updated: Time;
  /** When it will be done, if it goes on like this. */
  eta?: Time;
}

export interface PageResult {
  page: number;
  /** Whether it is the last one. */
  isLast: boolean;
  done: number;
  failed: number;
}

export interface Jobs {
  /**
   * Begins a run, and ends the one before it. A run that is there is left alone.
   * @param settings what it is for; with `onlyIfChanged`, nothing is begun when the last run was for
   *   the same and came to its end
   * @returns whether there is something to do
   */
  start(run: string, settings: string, onlyIfChanged: boolean): Promise<boolean>;
  /** False when another run has begun. */
  isCurrent(run: string): Promise<boolean>;
  counted(run: string, total: number): Promise<void>;
  /**
   * Adds up a page, once, however often it is called.
   * @returns what there is to tell; undefined when another run has begun
   */
  add(run: string, result: PageResult): Promise<Progress<number> | undefined>;
}

/** Writes in one commit, below Firestore's limit of 500. */
const WRITES_A_COMMIT = 450;

export function openJobs(
  firestore: Firestore,
  { jobsCollection }: Pick<Config, 'jobsCollection'>,
): Jobs {
  const job = firestore.collection(jobsCollection).doc('backfill');
  const pages = job.collection('pages');
  const now = FieldValue.serverTimestamp();

  async function forgetPages(): Promise<void> {
    for (;;) {
      const { docs } = await pages.limit(WRITES_A_COMMIT).get();
      if (docs.length === 0) return;
      const batch = firestore.batch();
      for (const { ref } of docs) batch.delete(ref);
      await batch.commit();
    }
  }

  return {
    async start(run, settings, onlyIfChanged) {
      const before = (await job.get()).data() as Progress | undefined;
      if (before?.run === run) return before.state === 'counting';
      if (onlyIfChanged && hasEnded(before, settings)) return false;
      const zero = { total: 0, done: 0, failed: 0, pagesDone: 0 };
      await job.set({ run, settings, state: 'counting', ...zero, started: now, updated: now });
      await forgetPages();
      return true;
    },

    isCurrent: async (run) => (await job.get()).get('run') === run,

    counted: (run, total) =>
      firestore.runTransaction(async (transaction) => {
        const before = (await transaction.get(job)).data();
        if (before?.['run'] !== run || before['state'] !== 'counting') return;
        transaction.update(job, { total, state: 'running', updated: now });
      }),

    async add(run, result) {
      const page = pages.doc(`${run}-${result.page}`);
      const progress = await firestore.runTransaction(async (transaction) => {
        const [found, counted] = await transaction.getAll(job, page);
        const before = found?.data() as Progress<Timestamp> | undefined;
        if (before?.run !== run) return undefined;
        const started = before.started.toMillis();
        const plain = { ...before, started, updated: Date.now() };
        const after = addPage(plain as Progress<number>, counted?.exists ? undefined : result);
        if (counted?.exists) return after;
        transaction.create(page, { done: result.done, failed: result.failed });
        const { state, done, failed, pagesDone, eta } = after;
        transaction.update(job, {
          ...{ state, done, failed, pagesDone, updated: now },
          ...(after.pages !== undefined && { pages: after.pages }),
          eta: eta === undefined ? FieldValue.delete() : new Date(eta),
        });
        return after;
      });
      if (progress?.state === 'done') await forgetPages();
      return progress;
    },
  };
}

/** Whether a run for these parameters has come to its end. */
export function hasEnded(before: Progress | undefined, settings: string): boolean {
  return before?.state === 'done' && before.settings === settings;
}

/** The sums with one page more; the time that is left goes by what the images before have taken. */
export function addPage(
  before: Progress<number>,
  result: PageResult | undefined,
): Progress<number> {
  if (result === undefined) return before;
  const { eta: _old, ...rest } = before;
  const done = before.done + result.done;
  const pagesDone = before.pagesDone + 1;
  const pages = result.isLast ? result.page + 1 : before.pages;
  const left = Math.max(0, before.total - done);
  const each = done === 0 ? 0 : (before.updated - before.started) / done;
  return {
    ...rest,
    ...(pages !== undefined && { pages }),
    ...{ done, pagesDone, failed: before.failed + result.failed },
    ...(pagesDone === pages
      ? { state: 'done' as const, total: done }
      : { eta: Math.round(before.updated + each * left) }),
  };
}
