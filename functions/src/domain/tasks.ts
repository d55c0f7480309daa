/** Payloads and ids of the task queues. */
import { createHash } from 'node:crypto';
import type { Format } from './format.js';

/** Process one upload of an original. Each task either ends the work or enqueues the next task. */
export interface ProcessTask {
  /** The original's object name. */
  name: string;
  /** Cloud Storage generation, decimal. */
  generation: string;
  contentType: string;
  bytes: number;
  /** Present: the owner has set the focal point, so a processed upload is processed again. Different for each call. */
  cropAgain?: string | undefined;
  /** How many tasks came before this one for the same upload; absent: none. */
  turn?: number | undefined;
  /** When an earlier task began the first attempt, milliseconds since 1970; absent: none has. */
  triedSince?: number | undefined;
  /** Since when the upload waits for its turn, milliseconds since 1970; absent: it does not. */
  waitingSince?: number | undefined;
}

/** Uploads that are processed at the same time by default: MAX_PROCESSING_INSTANCES. */
export const MAX_UPLOADS = 50;
/** How many of them may be those of one owner. */
export const UPLOADS_PER_OWNER = 10;
/**
 * How many deliveries of one task may process its upload. A later delivery enqueues the next task instead, whose
 * identity token is valid for an hour again: either the process dies in each delivery, or the queue could not
 * reach the function for minutes.
 */
export const TRIES_PER_TASK = 5;

/**
 * The id of a task: the same for each delivery of an event and for each task that a redelivered task enqueues,
 * so that the queue ignores duplicates. A hash, because ids that begin alike make a queue slow.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create
 */
export function processTaskId(
  bucket: string,
  {
    name,
    generation,
    cropAgain,
    turn = 0,
  }: Pick<ProcessTask, 'name' | 'generation' | 'cropAgain' | 'turn'>,
): string {
  const hash = createHash('sha256').update(`${bucket}/${name}\n${generation}`).digest('base64url');
  return cropAgain === undefined ? `${hash}-${turn}` : `${hash}-${cropAgain}-${turn}`;
}

/** Make one rendition that a view has asked for (WIDTHS). */
export interface WidthTask {
  /** Document id of the token record. */
  hash: string;
  /** Pixels; one of WIDTHS. */
  width: number;
  format: Format;
  /** Object name of the rendition that it is made of. If the image is processed again, the task is obsolete. */
  source: string;
}

/** What can be made on demand, and of which rendition. */
export type MissingWidth = Omit<WidthTask, 'hash'>;

/** The id of a task: the same for each view of a token on whichever instance, so that the queue ignores duplicates. */
export function widthTaskId({ hash, source, width, format }: WidthTask): string {
  const text = `${hash}\n${source}\n${width}.${format}`;
  return createHash('sha256').update(text).digest('base64url');
}

/** The longest time between the creation of such a rendition and its record, milliseconds. */
export const MAX_MAKING_MS = 5 * 60 * 1000;

/** Delete the unreferenced renditions of one original. */
export interface CleanupTask {
  /** The original's object name. */
  name: string;
  /** Which renditions were replaced before the task was scheduled; absent when none were. */
  replaced?: ReplacedRenditions | undefined;
}

/** Renditions that no cache may hold after a time, however often the image is overwritten meanwhile. */
export interface ReplacedRenditions {
  /** Generations older than this one have been replaced; decimal. */
  before: string;
  /** When the revocation bound of their replacement ends, milliseconds since 1970. */
  until: number;
}

/** How many cleanups of one image run within a revocation bound, at most. */
const CLEANUPS_PER_BOUND = 4;
const MIN_CLEANUP_INTERVAL_MS = 5_000;
/** Longer than a request to Cloud Tasks takes and than clocks differ: no task is scheduled for the past. */
const SCHEDULING_MARGIN_MS = 2_000;

/**
 * Rounds up the time of a cleanup, so that the cleanups of one image share few times. With `cleanupTaskId` each
 * image has one task per time.
 * @param at milliseconds since 1970
 */
export function roundCleanupTime(at: number, revocationSeconds: number): number {
  const interval = Math.max(
    MIN_CLEANUP_INTERVAL_MS,
    Math.ceil((revocationSeconds * 1000) / CLEANUPS_PER_BOUND),
  );
  return Math.ceil((at + SCHEDULING_MARGIN_MS) / interval) * interval;
}

/**
 * Returns the id of a cleanup task. Cloud Tasks ignores a task whose id exists; the task that is kept runs after
 * the ignored one was created, so it deletes or reschedules everything that the ignored one would have.
 * @param at when the cleanup is due, milliseconds since 1970
 * @param scheduled when the task runs, if that is earlier
 */
export function cleanupTaskId({ name, replaced }: CleanupTask, at: number, scheduled = at): string {
  // Ids that begin with a hash are spread evenly, which keeps the queue fast.
  const image = createHash('sha256').update(name).digest('base64url');
  // A task that may delete renditions of a busy image is not ignored because of one that may not.
  return `${image}-${at}-${scheduled}${replaced ? '-replaced' : ''}`;
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

/** Revoke the tokens of a user's images that were created before a time. Runs on the queue of purges. */
export interface RevokeTask {
  uid: string;
  /** Milliseconds since 1970. */
  revokeBefore: number;
  /** Document path of the last image of the previous task. */
  after?: string | undefined;
}
