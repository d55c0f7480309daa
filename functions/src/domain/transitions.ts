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
import type { Settings } from './settings.js';

/** What an upload became. */
export interface Result {
  original: OriginalInfo;
  placeholder: Placeholder;
  variants: Record<string, VariantInfo>;
  renditions: NonNullable<TokenRecord['image']>['renditions'];
}

/** Why there is nothing to see. */
export interface Failure {
  code: string;
  message: string;
}

/** What is about to be made. */
export interface Plan {
  original: OriginalInfo;
  settings: Settings;
  /** Whether an image that has ended is made anew. */
  redo: Redo;
}

/**
 * - `never`: an event that comes twice
 * - `outdated`: when it ended by other settings
 * - `always`: when something of it is known to be wrong
 */
export type Redo = 'never' | 'outdated' | 'always';

export type Begun<Time> =
  | {
      record: ImageRecord<Time>;
      /** Whether the image is new, and so its token. */
      isNew: boolean;
      /** Whether something was made before, or was being made: its renditions may be left over. */
      hasLeftovers: boolean;
      /** When this upload was tried before, if it was, and has not ended. */
      triedAt?: Time;
    }
  /** A newer upload has been seen. */
  | 'stale'
  /** This upload has ended before. */
  | 'done';

/** A document that names no generation of an original was not written here. A new image takes it over. */
export function known<Time>(found: ImageRecord<Time> | undefined): ImageRecord<Time> | undefined {
  const original = found?.original as Partial<OriginalInfo> | undefined;
  return /^\d+$/.test(String(original?.generation)) ? found : undefined;
}

/**
 * @param ids the attempt's, and a token for an image that is new
 */
export function begin<Time>(
  found: ImageRecord<Time> | undefined,
  { original, settings, redo }: Plan,
  ids: { attempt: string; token: string },
  now: Time,
): Begun<Time> {
  const { attempt } = ids;
  const before = known(found);
  if (before === undefined) {
    const record: ImageRecord<Time> = {
      state: 'processing',
      original,
      token: ids.token,
      attempt,
      createdAt: now,
      updatedAt: now,
    };
    return { record, isNew: true, hasLeftovers: false };
  }
  const order = compare(original, before.original);
  if (order < 0) return 'stale';
  const hasEnded = order === 0 && before.state !== 'processing';
  const isRedone = redo === 'always' || (redo === 'outdated' && isOutdated(before, settings));
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
  const hasLeftovers = before.attempt !== undefined || before.variants !== undefined;
  const isAgain = order === 0 && !hasEnded;
  return { record, isNew: false, hasLeftovers, ...(isAgain && { triedAt: before.updatedAt }) };
}

/** @returns undefined when a newer upload or attempt has taken over, or the image was deleted */
export function finish<Time>(
  found: ImageRecord<Time> | undefined,
  attempt: string,
  { original, variants, placeholder }: Result,
  { recipe }: Settings,
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
    settings: recipe,
    createdAt,
    updatedAt: now,
  };
}

/**
 * A picture that can be seen and could not be made anew stays as it is. What was given up may work
 * another time: unlike other failures it does not count as ended by these settings.
 * @returns undefined when a newer upload or attempt has taken over, or the image was deleted
 */
export function fail<Time>(
  found: ImageRecord<Time> | undefined,
  attempt: string,
  { code, message }: Failure,
  { conditions }: Settings,
  now: Time,
): ImageRecord<Time> | undefined {
  if (found?.attempt !== attempt) return undefined;
  const isGivenUp = code === ('gave-up' satisfies ImageFailureCode);
  const before = without(found, 'attempt');
  if (found.state === 'ready') {
    return { ...before, ...(!isGivenUp && { settings: conditions }), updatedAt: now };
  }
  const ended = { ...without(before, 'settings'), ...(!isGivenUp && { settings: conditions }) };
  return { ...ended, state: 'failed', error: { code, message }, updatedAt: now };
}

/** Whether an image that has ended would end otherwise by these settings. */
export function isOutdated(record: ImageRecord, { recipe, conditions }: Settings): boolean {
  return record.settings !== recipe && record.settings !== conditions;
}

/** Which upload is newer: negative when `a` is older. Generations do not fit a number for ever. */
export function compare(
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
