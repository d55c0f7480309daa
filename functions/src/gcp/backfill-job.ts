/** Progress of the backfill in Firestore: one document that admins can watch, and one per page below it. */
import { FieldValue, type Firestore, type Timestamp } from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { WRITES_PER_COMMIT } from './commit-limits.js';
import { addPage, startRun, type PageResult, type Progress } from '../domain/backfill-progress.js';

export interface BackfillJobs {
  /**
   * Starts a run and ends the one before it. Does not restart a run that is already past counting or was
   * replaced.
   * @param settings hash of the parameters; with `onlyIfChanged`, no run starts when the last completed run
   *   had the same hash
   * @returns whether the run has been started, now or before, and needs counting
   */
  start(run: string, settings: string, onlyIfChanged: boolean): Promise<boolean>;
  /** The id of the latest run. */
  current(): Promise<string | undefined>;
  /** Records the number of originals, once. */
  counted(run: string, total: number): Promise<void>;
  /**
   * Adds a page to the totals, once for each page.
   * @returns the progress; undefined when another run has started
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

  async function deletePages(): Promise<void> {
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
      const isStarted = await firestore.runTransaction(async (transaction) => {
        const previous = (await transaction.get(job)).data() as Progress | undefined;
        const started = startRun(previous, run, settings, onlyIfChanged);
        if (started === undefined) return false;
        if (started === 'already-started') return true;
        transaction.set(job, { ...started, started: now, updated: now });
        return true;
      });
      // No page of this run can exist yet.
      if (isStarted) await deletePages();
      return isStarted;
    },

    current: async () => (await job.get()).get('run') as string | undefined,

    counted: (run, total) =>
      firestore.runTransaction(async (transaction) => {
        const stored = (await transaction.get(job)).data();
        if (stored?.['run'] !== run || stored['state'] !== 'counting') return;
        transaction.update(job, { total, state: 'running', updated: now });
      }),

    async add(run, result) {
      const page = pages.doc(`${run}-${result.page}`);
      const progress = await firestore.runTransaction(async (transaction) => {
        const [jobSnapshot, pageSnapshot] = await transaction.getAll(job, page);
        const stored = jobSnapshot?.data() as Progress<Timestamp> | undefined;
        if (stored?.run !== run) return undefined;
        const times = { started: stored.started.toMillis(), updated: Date.now() };
        const eta = stored.eta && { eta: stored.eta.toMillis() };
        const before: Progress<number> = { ...(stored as Progress<never>), ...times, ...eta };
        const after = pageSnapshot?.exists ? before : addPage(before, result);
        if (after === before) return before;
        transaction.create(page, { done: result.done, failed: result.failed });
        const { state, done, total, failed, pagesDone } = after;
        transaction.update(job, {
          state,
          done,
          total,
          failed,
          pagesDone,
          updated: now,
          ...(after.pages !== undefined && { pages: after.pages }),
          eta: after.eta === undefined ? FieldValue.delete() : new Date(after.eta),
        });
        return after;
      });
      if (progress?.state === 'done') await deletePages();
      return progress;
    },
  };
}
