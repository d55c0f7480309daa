/** What is asked of the task queues. */

/** Old renditions of an original, to be looked for. */
export interface SweepTask {
  /** The original's name. */
  name: string;
}

/**
 * - without `step`: all images, from the beginning; with `onlyIfChanged` only when the parameters are
 *   others than those of the last run that came to its end
 * - `count`: how many there are; `total` so far
 * - `make`: those of one page
 *
 * `after` is where Storage's list goes on; absent: at its beginning.
 */
export type BackfillTask =
  | { step?: undefined; onlyIfChanged?: boolean | undefined }
  | { step: 'count'; run: string; total: number; after?: string | undefined }
  | { step: 'make'; run: string; page: number; after?: string | undefined };

/** A user's images, tokens and renditions, to be deleted. */
export interface PurgeTask {
  uid: string;
  after?: string | undefined;
}
