/**
 * State transitions of an image record, as pure functions: they decide which of two uploads, attempts or
 * events wins. The store of the records runs them in a transaction.
 */
import { OUTSIDE_FAILURES, type ImageFailureCode } from '../errors.js';
import { ENDED_ATTEMPT, isReleaseAttempt, mayBeRunning } from './attempt-id.js';
import { isSameFocus } from './focus.js';
import { generationOfRendition } from './path.js';
import type {
  ImageRecord,
  OriginalInfo,
  Placeholder,
  TokenRecord,
  VariantInfo,
} from './records.js';
import type { SettingsHashes } from './settings.js';
import type { Point } from './variant.js';

/** The result of a successful attempt. */
export interface ProcessingResult {
  original: OriginalInfo;
  /** The bucket of the renditions. */
  variantsBucket: string;
  placeholder: Placeholder;
  variants: Record<string, VariantInfo>;
  renditions: NonNullable<TokenRecord['image']>['renditions'];
}

/** Why an attempt failed: a failure code, and a message for the user. */
export interface ProcessingFailure {
  code: string;
  message: string;
}

/** The state of an image after an attempt has failed. */
export type EndState = 'ready' | 'failed' | 'held';

/** What an attempt is about to process. */
export interface AttemptPlan {
  original: OriginalInfo;
  settings: SettingsHashes;
  /** Whether to process an image that is already `ready` or `failed`. */
  reprocess: ReprocessMode;
  /** Absent: no limit. */
  quota?: UploadQuota;
}

/** How many images a user may have. */
export interface UploadQuota {
  /** At least 1. */
  maxImages: number;
  /** What is recorded for an upload beyond it: `too-many-images`. */
  failure: ProcessingFailure;
  /** Whether the original of such an upload is to be deleted. */
  deletesOriginal: boolean;
}

/**
 * Whether to process an image that is already `ready` or `failed`:
 * - `never`: for events, which may be delivered twice
 * - `outdated`: if it was processed with other settings
 * - `always`: if a part of it is known to be wrong
 */
export type ReprocessMode = 'never' | 'outdated' | 'always';

export type BeginTransition<Time> =
  | {
      record: ImageRecord<Time>;
      /** Whether the image is new, or was refused: it needs a token, and counts from now on. */
      isNew: boolean;
      /** Whether an earlier attempt wrote or may have written renditions. */
      hasStaleRenditions: boolean;
      /** Generation of the renditions that are served, if any are. */
      current?: string;
      /** Present when the upload is `ready`: the content filter, if there is one, has allowed it. */
      isAllowed?: true;
      /** When the previous attempt for this upload began, if one began and did not end. */
      triedAt?: Time;
    }
  /** A newer upload has been recorded. */
  | 'stale'
  /** An attempt for an older upload of this image may still be running. */
  | 'busy'
  /** This upload is already `ready` or `failed`. */
  | 'done'
  | Refusal;

/** This upload was refused, because its owner had too many images; its original stays, or is to be deleted. */
export type Refusal = 'refused' | 'refused-deleted';

/**
 * @returns undefined when the document names no generation of an original: something else wrote it, and an
 *   upload overwrites it
 */
export function recognizedRecord<Time>(
  record: ImageRecord<Time> | undefined,
): ImageRecord<Time> | undefined {
  const original = record?.original as Partial<OriginalInfo> | undefined;
  return /^\d+$/.test(String(original?.generation)) ? record : undefined;
}

/**
 * Begins an attempt. An image has one running attempt: otherwise uploads over the same original would run as
 * many as their owner likes.
 * @param ids the id of the attempt, and the token to use if the image is new
 * @param clock the start of the attempt, milliseconds since 1970
 */
export function beginAttempt<Time>(
  stored: ImageRecord<Time> | undefined,
  { original, settings, reprocess }: AttemptPlan,
  ids: { attempt: string; token: string },
  now: Time,
  clock: number,
): BeginTransition<Time> {
  const { attempt } = ids;
  const previous = recognizedRecord(stored);
  if (previous === undefined) {
    const record: ImageRecord<Time> = {
      state: 'processing',
      original,
      token: ids.token,
      attempt,
      createdAt: now,
      updatedAt: now,
    };
    return { record, isNew: true, hasStaleRenditions: false };
  }
  const order = compareGenerations(original, previous.original);
  if (order < 0) return 'stale';
  if (order > 0 && previous.attempt !== undefined && mayBeRunning(previous.attempt, clock)) {
    return 'busy';
  }
  const hasEnded = order === 0 && previous.state !== 'processing';
  const mustReprocess =
    reprocess === 'always' ||
    (reprocess === 'outdated' && isOutdated(previous, settings, original.focus));
  const wasRefused = isRefused(previous);
  if (hasEnded && !mustReprocess) return wasRefused ? refusalOf(previous) : 'done';
  if (wasRefused) {
    const { createdAt } = previous;
    const { token } = ids;
    const state = 'processing' as const;
    const record = { state, original, token, attempt, createdAt, updatedAt: now };
    return { record, isNew: true, hasStaleRenditions: false };
  }
  // An image that is served stays `ready` while it is processed again.
  const record = hasEnded
    ? { ...previous, attempt, updatedAt: now }
    : {
        ...withoutHeld(without(previous, 'error')),
        state: 'processing' as const,
        original,
        attempt,
        updatedAt: now,
      };
  const isUnfinished = previous.attempt !== undefined;
  const hasStaleRenditions = isUnfinished || previous.variants !== undefined;
  const current = servedGeneration(record);
  const mayHaveDied =
    order === 0 && !hasEnded && isUnfinished && previous.attempt !== ENDED_ATTEMPT;
  return {
    record,
    isNew: false,
    hasStaleRenditions,
    ...(current !== undefined && { current }),
    ...(hasEnded && previous.state === 'ready' && { isAllowed: true }),
    ...(mayHaveDied && { triedAt: previous.updatedAt }),
  };
}

/**
 * Records the result of a successful attempt.
 * @param state `held`: the content filter has not allowed it
 * @returns undefined when a newer upload or attempt has begun, or the image was deleted
 */
export function finishAttempt<Time>(
  stored: ImageRecord<Time> | undefined,
  attempt: string,
  { original, variants, placeholder }: ProcessingResult,
  { renditions }: Pick<SettingsHashes, 'renditions'>,
  now: Time,
  state: 'ready' | 'held' = 'ready',
): ImageRecord<Time> | undefined {
  if (stored?.attempt !== attempt) return undefined;
  const { token, previousToken, createdAt } = stored;
  return {
    state,
    original,
    token,
    ...(previousToken && { previousToken }),
    variants,
    placeholder,
    settings: renditions,
    createdAt,
    updatedAt: now,
  };
}

/**
 * Whether a release of a held image may begin now.
 * @param generation of the only upload that may be released; undefined: any
 * @param now milliseconds since 1970
 */
export function mayRelease(
  { state, original, attempt }: Pick<ImageRecord, 'state' | 'original' | 'attempt'>,
  generation: string | undefined,
  now: number,
): boolean {
  if (state !== 'held') return false;
  if (generation !== undefined && original.generation !== generation) return false;
  // A release that has died must not keep the next one from working.
  return attempt === undefined || isReleaseAttempt(attempt) || !mayBeRunning(attempt, now);
}

/**
 * Records the failure of an attempt. An image that is `ready` or `held` stays that. A failure that is not about the
 * file does not record the settings, so that the image counts as outdated and the next backfill processes it
 * again.
 * @returns undefined when a newer upload or attempt has begun, or the image was deleted
 */
export function failAttempt<Time>(
  stored: ImageRecord<Time> | undefined,
  attempt: string,
  { code, message }: ProcessingFailure,
  { all }: SettingsHashes,
  now: Time,
): (ImageRecord<Time> & { state: EndState }) | undefined {
  if (stored?.attempt !== attempt) return undefined;
  const isAboutFile = !OUTSIDE_FAILURES.has(code);
  const previous = without(stored, 'attempt');
  const { state } = stored;
  if (state === 'ready' || state === 'held') {
    return { ...previous, state, ...(isAboutFile && { settings: all }), updatedAt: now };
  }
  const ended = { ...without(previous, 'settings'), ...(isAboutFile && { settings: all }) };
  return { ...ended, state: 'failed', error: { code, message }, updatedAt: now };
}

/**
 * Ends an attempt that has no result.
 * @param mayHaveWritten whether it, or one before it, may have written renditions
 * @returns undefined when a newer upload or attempt has begun, or the image was deleted
 */
export function releaseAttempt<Time>(
  stored: ImageRecord<Time> | undefined,
  attempt: string,
  mayHaveWritten: boolean,
): ImageRecord<Time> | undefined {
  if (stored?.attempt !== attempt) return undefined;
  return mayHaveWritten ? { ...stored, attempt: ENDED_ATTEMPT } : without(stored, 'attempt');
}

/**
 * The generation of the renditions that an image's records reference: all token records do once the image record
 * does, because the image record is written last.
 */
export function servedGeneration<Time>(record: ImageRecord<Time> | undefined): string | undefined {
  const [variant] = Object.values(record?.variants ?? {});
  const [rendition] = Object.values(variant?.formats ?? {});
  return rendition && generationOfRendition(rendition.object);
}

/** Whether the upload was refused, because its owner had too many images. Such an image is not counted. */
export function isRefused(record: Pick<ImageRecord, 'error'>): boolean {
  return record.error?.code === ('too-many-images' satisfies ImageFailureCode);
}

/** @param record of an upload that was refused */
export function refusalOf({ original }: Pick<ImageRecord, 'original'>): Refusal {
  return original.deleted ? 'refused-deleted' : 'refused';
}

/** Refuses an upload: records its failure. Without a token, because nothing of it is ever served. */
export function refuseUpload<Time>(
  stored: ImageRecord<Time> | undefined,
  { original, settings }: AttemptPlan,
  { failure, deletesOriginal }: UploadQuota,
  now: Time,
): ImageRecord<Time> {
  return {
    state: 'failed',
    original: { ...original, ...(deletesOriginal && { deleted: true as const }) },
    token: '',
    error: failure,
    settings: settings.quota,
    createdAt: recognizedRecord(stored)?.createdAt ?? now,
    updatedAt: now,
  };
}

/** What deletes the records of an image. */
export interface Removal {
  /** The newest generation known to be deleted; undefined: delete unconditionally. */
  newest: string | undefined;
  /** Whether to delete the record of a refused upload, too, whose original the functions have deleted. */
  includesRefused?: boolean;
}

/** Whether a removal deletes the records. The record of a refused upload stays: it shows the owner why. */
export function isRemoved(
  record: ImageRecord | undefined,
  { newest, includesRefused = false }: Removal,
): boolean {
  if (record === undefined || newest === undefined) return true;
  const order = compareGenerations(record.original, { generation: newest });
  return order < 0 || (order === 0 && (includesRefused || !record.original.deleted));
}

/**
 * Whether an image was processed with other settings than these, or cropped around another focal point.
 * @param focus that of the original now, if a variant uses it
 */
export function isOutdated(
  record: ImageRecord,
  { renditions, all, quota }: SettingsHashes,
  focus: Point | undefined,
): boolean {
  if (isRefused(record)) return record.settings !== quota;
  if (!isSameFocus(record.original.focus, focus)) return true;
  return record.settings !== renditions && record.settings !== all;
}

/** Compares uploads: negative when `a` is older. Generations may exceed a JavaScript number. */
export function compareGenerations(
  a: Pick<OriginalInfo, 'generation'>,
  b: Pick<OriginalInfo, 'generation'>,
): number {
  const difference = BigInt(a.generation) - BigInt(b.generation);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * Without the renditions of a held image: while and after a newer upload is processed, a share would show them. Nobody
 * sees them, so nothing is lost; the cleanup of the newer upload deletes them.
 */
function withoutHeld<T extends Omit<ImageRecord, 'error'>>(record: T): T {
  if (record.state !== 'held') return record;
  const rest = { ...record };
  delete rest.variants;
  delete rest.widths;
  delete rest.placeholder;
  return rest;
}

function without<T extends object, Name extends keyof T>(from: T, name: Name): Omit<T, Name> {
  const rest: Partial<T> = { ...from };
  delete rest[name];
  return rest as Omit<T, Name>;
}
