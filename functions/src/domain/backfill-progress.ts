/** How far the backfill has come, as plain sums. */

/** `imageJobs/backfill`. */
export interface Progress<Time = unknown> {
  /** Which run; whoever works for another one stops. */
  run: string;
  /** The runs before it, the newest first. */
  replaced?: string[];
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

/** Whether a run for these parameters has come to its end. */
function hasEnded(before: Progress | undefined, settings: string): boolean {
  return before?.state === 'done' && before.settings === settings;
}

/** How many runs are remembered: a task that starts one may come twice, and late. */
const REMEMBERED = 20;

/**
 * What starts a run.
 * @returns `again` when it is there and has not got on; undefined when there is nothing to start: it has
 *   got on, another one has replaced it, or there is nothing to do
 */
export function startRun(
  before: Progress | undefined,
  run: string,
  settings: string,
  onlyIfChanged: boolean,
): Pick<Progress, 'run' | 'replaced' | 'settings' | keyof typeof ZERO> | 'again' | undefined {
  if (before?.run === run) return before.state === 'counting' ? 'again' : undefined;
  if (before?.replaced?.includes(run)) return undefined;
  if (onlyIfChanged && hasEnded(before, settings)) return undefined;
  const replaced = before ? [before.run, ...(before.replaced ?? [])].slice(0, REMEMBERED) : [];
  return { run, replaced, settings, ...ZERO };
}

const ZERO = { state: 'counting' as const, total: 0, done: 0, failed: 0, pagesDone: 0 };

/** The sums with one page more; the very same ones when there is nothing to add. The time that is left goes by what the images before have taken. */
export function addPage(before: Progress<number>, result: PageResult): Progress<number> {
  // Its pages are forgotten: one that comes again is not told from a new one.
  if (before.state === 'done') return before;
  const rest = { ...before };
  delete rest.eta;
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
