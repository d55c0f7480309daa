/** Payloads of the task queues. */

/** Delete the unreferenced renditions of one original. */
export interface CleanupTask {
  /** The original's object name. */
  name: string;
}

/**
 * - without `step`: start a run over all images; with `onlyIfChanged` only if the parameters differ from
 *   those of the last completed run
 * - `count`: count the originals; `total` so far, after `part` tasks
 * - `process`: process the originals of one page
 * - `recheck`: process a page of a replaced run again, because that run may have used its old parameters;
 *   not counted
 *
 * `after` is the page token of the next Storage list call. Absent: start at the beginning (`count`), or no
 * page follows (`process`).
 */
export type BackfillTask =
  | { step?: undefined; onlyIfChanged?: boolean | undefined }
  | { step: 'count'; run: string; part: number; total: number; after?: string | undefined }
  | { step: 'process'; run: string; page: number; names: string[]; after?: string | undefined }
  | { step: 'recheck'; run: string; names: string[] };

/**
 * Originals per page. Names take up to 1024 bytes, a task up to 1 MiB. A page of the slowest images ends
 * within a task's 1800 s; in the extension (540 s) the second delivery continues the page.
 */
export const IMAGES_PER_PAGE = 10;

/** Delete a user's originals, renditions, records and tokens. */
export interface PurgeTask {
  uid: string;
  /** Page token of the next Storage list call. */
  after?: string | undefined;
}
