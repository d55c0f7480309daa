/**
 * What an image record becomes, as pure functions: the one place that says which of two uploads, two
 * attempts or two events wins. Whoever stores records runs them in a transaction.
 */
import type { ImageFailureCode } from '../errors.js';
import type {
  ImageRecord,
  OriginalInfo,
  Placeholder,
  TokenRecord,
  VariantInfo,
} from './records.js';
import type { SettingsHashes } from './settings.js';

/** What an upload became. */
export interface ProcessingResult {
  original: OriginalInfo;
  placeholder: Placeholder;
  variants: Record<string, VariantInfo>;
  renditions: NonNullable<TokenRecord['image']>['renditions'];
}

/** Why there is nothing to see. */
export interface ProcessingFailure {
  code: string;
  message: string;
}

/** What is about to be made. */
export interface AttemptPlan {
  original: OriginalInfo;
  settings: SettingsHashes;
  /** Whether an image that has ended is made anew. */
  reprocess: ReprocessMode;
}

/**
 * - `never`: an event that comes twice
 * - `outdated`: when it ended by other settings
 * - `always`: when something of it is known to be wrong
 */
export type ReprocessMode = 'never' | 'outdated' | 'always';

export type BeginTransition<Time> =
  | {
      record: ImageRecord<Time>;
      /** Whether the image is new, and so its token. */
      isNew: boolean;
      /** Whether something was made before, or was being made: its renditions may be left over. */
      hasStaleRenditions: boolean;
      /** When this upload was tried before, if it was, and has not ended. */
      triedAt?: Time;
    }
  /** A newer upload has been seen. */
  | 'stale'
  /** This upload has ended before. */
  | 'done';

/** A document that names no generation of an original was not written here. A new image takes it over. */
export function recognizedRecord<Time>(
  found: ImageRecord<Time> | undefined,
): ImageRecord<Time> | undefined {
  const original = found?.original as Partial<OriginalInfo> | undefined;
  return /^\d+$/.test(String(original?.generation)) ? found : undefined;
}

/**
 * @param ids the attempt's, and a token for an image that is new
 */
export function beginAttempt<Time>(
  found: ImageRecord<Time> | undefined,
  { original, settings, reprocess }: AttemptPlan,
  ids: { attempt: string; token: string },
  now: Time,
): BeginTransition<Time> {
  const { attempt } = ids;
  const before = recognizedRecord(found);
  if (before === undefined) {
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
  const order = compareGenerations(original, before.original);
  if (order < 0) return 'stale';
  const hasEnded = order === 0 && before.state !== 'processing';
  const isRedone =
    reprocess === 'always' || (reprocess === 'outdated' && isOutdated(before, settings));
  if (hasEnded && !isRedone) return 'done';
  // A picture that can be seen stays `ready` while it is made anew.
  const record = hasEnded
    ? { ...before, attempt, updatedAt: now }
    : {
        ...without(before, 'error'),
        state: 'processing' as const,
        original,
        attempt,
        updatedAt: now,
      };
  const hasStaleRenditions = before.attempt !== undefined || before.variants !== undefined;
  const isAgain = order === 0 && !hasEnded;
  return {
    record,
    isNew: false,
    hasStaleRenditions,
    ...(isAgain && { triedAt: before.updatedAt }),
  };
}

/** @returns undefined when a newer upload or attempt has taken over, or the image was deleted */
export function finishAttempt<Time>(
  found: ImageRecord<Time> | undefined,
  attempt: string,
  { original, variants, placeholder }: ProcessingResult,
  { renditions }: SettingsHashes,
  now: Time,
): ImageRecord<Time> | undefined {
  if (found?.attempt !== attempt) return undefined;
  const { token, createdAt } = found;
  return {
    state: 'ready',
    original,
    token,
    variants,
    placeholder,
    settings: renditions,
    createdAt,
    updatedAt: now,
  };
}

/**
 * A picture that can be seen and could not be made anew stays as it is. What was given up may work
 * another time: unlike other failures it does not count as ended by these settings.
 * @returns undefined when a newer upload or attempt has taken over, or the image was deleted
 */
export function failAttempt<Time>(
  found: ImageRecord<Time> | undefined,
  attempt: string,
  { code, message }: ProcessingFailure,
  { all }: SettingsHashes,
  now: Time,
): ImageRecord<Time> | undefined {
  if (found?.attempt !== attempt) return undefined;
  const isGivenUp = code === ('retries-exhausted' satisfies ImageFailureCode);
  const before = without(found, 'attempt');
  if (found.state === 'ready') {
    return { ...before, ...(!isGivenUp && { settings: all }), updatedAt: now };
  }
  const ended = { ...without(before, 'settings'), ...(!isGivenUp && { settings: all }) };
  return { ...ended, state: 'failed', error: { code, message }, updatedAt: now };
}

/** Whether an image that has ended would end otherwise by these settings. */
export function isOutdated(record: ImageRecord, { renditions, all }: SettingsHashes): boolean {
  return record.settings !== renditions && record.settings !== all;
}

/** Which upload is newer: negative when `a` is older. Generations do not fit a number for ever. */
export function compareGenerations(
  a: Pick<OriginalInfo, 'generation'>,
  b: Pick<OriginalInfo, 'generation'>,
): number {
  const difference = BigInt(a.generation) - BigInt(b.generation);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function without<T extends object, Name extends keyof T>(from: T, name: Name): Omit<T, Name> {
  const rest: Partial<T> = { ...from };
  delete rest[name];
  return rest as Omit<T, Name>;
}
