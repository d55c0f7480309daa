/** What is asked of the task queues. */

/** Old renditions of an original, to be looked for. */
export interface CleanupTask {
  /** The original's name. */
  name: string;
}

/**
 * - without `step`: all images, from the beginning; with `onlyIfChanged` only when the parameters are
 *   others than those of the last run that came to its end
 * - `count`: how many there are; `total` so far, in so many parts
 * - `make`: those of one page, by their names
 * - `again`: a page that a replaced run was at, perhaps with the parameters of then; it is not counted
 *
 * `after` is where Storage's list goes on; absent: at its beginning, or nothing comes behind a page.
 */
export type BackfillTask =
  | { step?: undefined; onlyIfChanged?: boolean | undefined }
  | { step: 'count'; run: string; part: number; total: number; after?: string | undefined }
  | { step: 'make'; run: string; page: number; names: string[]; after?: string | undefined }
  | { step: 'again'; run: string; names: string[] };

/**
 * Originals of one page. Names are up to 1024 bytes, a task up to 1 MiB. Even if each took the longest, a
 * page would end within the 1800 s of a task; in the extension (540 s) its second delivery goes on with it.
 */
export const IMAGES_PER_PAGE = 10;

/** A user's images, tokens and renditions, to be deleted. */
export interface PurgeTask {
  uid: string;
  after?: string | undefined;
}
