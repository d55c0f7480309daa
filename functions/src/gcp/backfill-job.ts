/** How far the backfill has come: one document that a person can watch, and one for each page under it. */
import { FieldValue, type Firestore, type Timestamp } from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { WRITES_PER_COMMIT } from './commit-limits.js';
import { addPage, startRun, type PageResult, type Progress } from '../domain/backfill-progress.js';

export interface BackfillJobs {
  /**
   * Begins a run, and ends the one before it. A run that is there is left alone, one that was replaced
   * does not come back.
   * @param settings what it is for; with `onlyIfChanged`, nothing is begun when the last run was for
   *   the same and came to its end
   * @returns whether there is something to do
   */
  start(run: string, settings: string, onlyIfChanged: boolean): Promise<boolean>;
  /** The run that was begun last. */
  current(): Promise<string | undefined>;
  counted(run: string, total: number): Promise<void>;
  /**
   * Adds up a page, once, however often it is called.
   * @returns what there is to tell; undefined when another run has begun
   */
  add(run: string, result: PageResult): Promise<Progress<number> | undefined>;
}

export function openBackfillJobs(
  firestore: Firestore,
  { jobsCollection }: Pick<Config, 'jobsCollection'>,
): BackfillJobs {
  const job = firestore.collection(jobsCollection).doc('backfill');
  const pages = job.collection('pages');
  const now = FieldValue.serverTimestamp();

  async function forgetPages(): Promise<void> {
    for (;;) {
      const { docs } = await pages.limit(WRITES_PER_COMMIT).get();
      if (docs.length === 0) return;
      const batch = firestore.batch();
      for (const { ref } of docs) batch.delete(ref);
      await batch.commit();
    }
  }

  return {
    async start(run, settings, onlyIfChanged) {
      const isBegun = await firestore.runTransaction(async (transaction) => {
        const before = (await transaction.get(job)).data() as Progress | undefined;
        const begun = startRun(before, run, settings, onlyIfChanged);
        if (begun === undefined || begun === 'again') return begun === 'again';
        transaction.set(job, { ...begun, started: now, updated: now });
        return true;
      });
      // No page of this run can be there yet.
      if (isBegun) await forgetPages();
      return isBegun;
    },

    current: async () => (await job.get()).get('run') as string | undefined,

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
        const times = { started: before.started.toMillis(), updated: Date.now() };
        const eta = before.eta && { eta: before.eta.toMillis() };
        const plain: Progress<number> = { ...(before as Progress<never>), ...times, ...eta };
        const after = counted?.exists ? plain : addPage(plain, result);
        if (after === plain) return plain;
        transaction.create(page, { done: result.done, failed: result.failed });
        const { state, done, total, failed, pagesDone } = after;
        transaction.update(job, {
          ...{ state, done, total, failed, pagesDone, updated: now },
          ...(after.pages !== undefined && { pages: after.pages }),
          eta: after.eta === undefined ? FieldValue.delete() : new Date(after.eta),
        });
        return after;
      });
      if (progress?.state === 'done') await forgetPages();
      return progress;
    },
  };
}
