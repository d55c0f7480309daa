/** Progress of backfills in memory: see in-memory-backend.ts. */
import { addPage, startRun } from '../../src/domain/backfill-progress.js';
import type { BackfillJobs, Progress } from '../../src/gcp/backend.js';
import type { Counted } from './counted.js';

/** @param now milliseconds since 1970 */
export function inMemoryJobs(
  progress: { current?: Progress<number> },
  now: () => number,
  counted: Counted,
): BackfillJobs {
  const pages = new Set<string>();
  return {
    start: counted('jobs.start', (run, settings, onlyIfChanged) => {
      const started = startRun(progress.current, run, settings, onlyIfChanged);
      if (started === undefined) return false;
      if (started === 'already-started') return true;
      progress.current = { ...started, started: now(), updated: now() };
      pages.clear();
      return true;
    }),
    current: counted('jobs.current', () => progress.current?.run),
    counted: counted('jobs.counted', (run, total) => {
      const { current } = progress;
      if (current?.run !== run || current.state !== 'counting') return;
      progress.current = { ...current, total, state: 'running', updated: now() };
    }),
    add: counted('jobs.add', (run, result) => {
      const { current } = progress;
      if (current?.run !== run) return undefined;
      const before = { ...current, updated: now() };
      const page = `${run}-${result.page}`;
      const after = pages.has(page) ? before : addPage(before, result);
      if (after.state === 'done') pages.clear();
      else pages.add(page);
      return (progress.current = after);
    }),
  };
}
