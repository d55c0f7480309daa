/** Progress of the backfill: pure functions that start a run and add up its pages. */

/** The document `imageJobs/backfill`. */
export interface Progress<Time = unknown> {
  /** Id of the current run; tasks of any other run stop. */
  run: string;
  /** Ids of the runs before it, newest first. */
  replaced?: string[];
  /** Hash of the parameters of this run: see `backfillSettingsHash`. */
  settings: string;
  state: 'counting' | 'running' | 'done';
  /** Images that existed when the run started, and how many of them have been checked. */
  total: number;
  done: number;
  /** How many of `done` could not be processed. */
  failed: number;
  pagesDone: number;
  /** Number of pages; known once the last page has been listed. */
  pages?: number;
  started: Time;
  updated: Time;
  /** Estimated time of completion. */
  eta?: Time;
}

export interface PageResult {
  page: number;
  /** Whether no page follows. */
  isLast: boolean;
  done: number;
  failed: number;
}

/** Whether the last run used these settings and has completed. */
function hasCompleted(progress: Progress | undefined, settings: string): boolean {
  return progress?.state === 'done' && progress.settings === settings;
}

/** How many replaced runs are recorded: the task that starts a run may be delivered twice, and late. */
const MAX_REPLACED_RUNS = 20;

const INITIAL = { state: 'counting' as const, total: 0, done: 0, failed: 0, pagesDone: 0 };

/**
 * Starts a run.
 * @returns the initial progress; `already-started` when the run exists and is still counting; undefined when
 *   there is nothing to start: the run is past counting or was replaced, or the settings are unchanged
 */
export function startRun(
  previous: Progress | undefined,
  run: string,
  settings: string,
  onlyIfChanged: boolean,
):
  | Pick<Progress, 'run' | 'replaced' | 'settings' | keyof typeof INITIAL>
  | 'already-started'
  | undefined {
  if (previous?.run === run) return previous.state === 'counting' ? 'already-started' : undefined;
  if (previous?.replaced?.includes(run)) return undefined;
  if (onlyIfChanged && hasCompleted(previous, settings)) return undefined;
  const replaced = previous
    ? [previous.run, ...(previous.replaced ?? [])].slice(0, MAX_REPLACED_RUNS)
    : [];
  return { run, replaced, settings, ...INITIAL };
}

/**
 * Adds one page. The estimate assumes that the remaining images take as long as those done so far.
 * @returns the same object when the run has already completed
 */
export function addPage(progress: Progress<number>, result: PageResult): Progress<number> {
  // The page documents of a completed run are deleted, so a page delivered again would be counted twice.
  if (progress.state === 'done') return progress;
  const rest = { ...progress };
  delete rest.eta;
  const done = progress.done + result.done;
  const pagesDone = progress.pagesDone + 1;
  const pages = result.isLast ? result.page + 1 : progress.pages;
  const remaining = Math.max(0, progress.total - done);
  const msPerImage = done === 0 ? 0 : (progress.updated - progress.started) / done;
  return {
    ...rest,
    ...(pages !== undefined && { pages }),
    done,
    pagesDone,
    failed: progress.failed + result.failed,
    ...(pagesDone === pages
      ? { state: 'done' as const, total: done }
      : { eta: Math.round(progress.updated + msPerImage * remaining) }),
  };
}
