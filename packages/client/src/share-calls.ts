/** The calls of the function `sharing`. Loaded with the first of them, because most pages share nothing. */
import type { Backend } from './backend.js';
import type { Image } from './documents.js';
import type { Point } from './records.js';
import type { EnglishSentences, Errors, ImagesError, ImagesErrorCode } from './errors.js';

/** Calls in all, when the answer is lost or the functions are not available. */
const ATTEMPTS = 3;
/** Milliseconds until the second; doubled for the next. */
const FIRST_DELAY_MS = 500;

/** What a share is to be. */
export interface NewShare {
  imageId: string;
  /** Seconds until the link ends, at least 60; null: never. */
  expiresIn: number | null;
  /** At most 80 characters; only its owner sees it. */
  label?: string | undefined;
  /** Names of the variants that the link gives access to; all by default. */
  variants?: readonly string[] | undefined;
  /** Leaves the token out of the record: it is in the result only, and a repeated call does not return it. */
  showOnce?: boolean | undefined;
}

/** A field that is absent stays; `variants: null` allows all variants, an empty label removes it. */
export interface ShareChanges {
  expiresIn?: number | null | undefined;
  label?: string | undefined;
  variants?: readonly string[] | null | undefined;
}

export interface CreatedShare {
  id: string;
  /** Pass it to `images.url`. Absent when an earlier call with `showOnce` created the share. */
  token?: string;
  /** Absent: the link never ends. */
  expiresAt?: Date;
}

/** All of these reject with an ImagesError; a call whose answer was lost is repeated. */
export interface ShareCalls {
  create(share: NewShare): Promise<CreatedShare>;
  /** The URL stays the same. `deadBy`: when what the link no longer allows has stopped working everywhere. */
  update(id: string, changes: ShareChanges): Promise<{ expiresAt?: Date; deadBy?: Date }>;
  /** `deadBy`: when the URL has stopped working everywhere. Empty when the share no longer exists. */
  revoke(id: string): Promise<{ revokedAt?: Date; deadBy?: Date }>;
  /** Replaces the default token that `image` has. `deadBy`: when the old URLs have stopped working everywhere. */
  rotateToken(image: Pick<Image, 'id' | 'token'>): Promise<{ token: string; deadBy: Date }>;
  /** Crops the variants with `:focal` around a point, null: the center. The URLs stay the same. */
  setFocus(imageId: string, focus: Point | null): Promise<void>;
  /**
   * Revokes the shares of an image and replaces its default token; with `{ all: true }` those of all images of the
   * user, which takes a while.
   */
  revokeAll(target: string | { all: true }): Promise<{ shares?: number; deadBy?: Date }>;
}

/** Sentences in English by `details.reason` of a failed call. */
const SENTENCES: EnglishSentences = {
  'too-many-shares': 'This photo has {limit} links. Revoke one first.',
  'too-many-requests': 'Try again in {seconds} s.',
  'expiry-too-long': 'Links here end after {days} days at most.',
  'no-image': 'The photo was deleted.',
  'no-share': 'The link was deleted.',
};

/** Codes of failed calls without a reason. */
const CODES: Record<string, ImagesErrorCode> = {
  // A signed-in user has an ID token: App Check has failed.
  'functions/unauthenticated': 'app-not-verified',
  'functions/unavailable': 'unavailable',
  'functions/deadline-exceeded': 'unavailable',
  'functions/resource-exhausted': 'unavailable',
  // Without an answer of the function.
  'functions/internal': 'unavailable',
};

interface CallError {
  code?: string;
  message?: string;
  details?: { reason?: string; limit?: number; retryAfter?: number } | null;
}

/** Converts an error of a call; an ImagesError stays as it is. */
export function fromCallError(errors: Errors, cause: unknown): ImagesError {
  const { code = '', message = '', details } = Object(cause) as CallError;
  const { reason, limit = 0, retryAfter: seconds = 0 } = details ?? {};
  if (reason === 'not-signed-in' || reason === 'unavailable')
    return errors.of(reason, {}, { cause });
  if (reason === undefined) {
    const known = CODES[code];
    return known ? errors.of(known, {}, { cause }) : errors.from(cause);
  }
  const days = Math.floor(limit / 86_400);
  const sentence = SENTENCES[reason as ImagesErrorCode];
  return errors.of(
    sentence === undefined ? 'refused' : (reason as ImagesErrorCode),
    { limit, seconds, days, message },
    { cause },
    sentence ?? '{message}',
  );
}

/** An answer of the function `sharing`; times are ISO 8601 texts. */
interface Answer {
  token: string;
  shares?: number;
  expiresAt?: string | null;
  revokedAt?: string;
  deadBy?: string;
}

export function openShareCalls(
  backend: Pick<Backend, 'uid' | 'call'>,
  errors: Errors,
  newShareId: () => string,
): ShareCalls {
  /** All actions may be repeated: they have the same effect once or twice. */
  async function call(data: object, attempt = 1): Promise<Answer> {
    if (backend.uid() === undefined) throw errors.of('not-signed-in');
    try {
      return (await backend.call(data)) as Answer;
    } catch (reason) {
      const error = fromCallError(errors, reason);
      if (error.code !== 'unavailable' || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_DELAY_MS * 2 ** (attempt - 1)));
      return call(data, attempt + 1);
    }
  }

  return {
    async create(share) {
      const id = newShareId();
      const { token, expiresAt } = await call({ action: 'createShare', shareId: id, ...share });
      return { id, ...(token && { token }), ...dates({ expiresAt }) };
    },
    async update(id, changes) {
      const { expiresAt, deadBy } = await call({
        action: 'updateShare',
        shareId: id,
        ...changes,
      });
      return dates({ expiresAt, deadBy });
    },
    async revoke(id) {
      try {
        const { revokedAt, deadBy } = await call({ action: 'revokeShare', shareId: id });
        return dates({ revokedAt, deadBy });
      } catch (error) {
        // Its record is deleted 30 days after its end.
        if ((error as ImagesError).code !== 'no-share') throw error;
        return {};
      }
    },
    async rotateToken({ id, token: seen }) {
      const { token, deadBy } = await call({ action: 'rotateToken', imageId: id, token: seen });
      return { token, deadBy: new Date(deadBy ?? Date.now()) };
    },
    async setFocus(imageId, focus) {
      await call({ action: 'setFocus', imageId, focus });
    },
    async revokeAll(target) {
      const image = typeof target === 'string' ? { imageId: target } : target;
      const { shares, deadBy } = await call({ action: 'revokeAll', ...image });
      return { ...(shares !== undefined && { shares }), ...dates({ deadBy }) };
    },
  };
}

/** Converts the times that are there. */
function dates<Name extends string>(
  times: Record<Name, string | null | undefined>,
): { [N in Name]?: Date } {
  const found = (Object.entries(times) as [Name, string | null | undefined][]).flatMap(
    ([name, time]) => (time ? [[name, new Date(time)] as const] : []),
  );
  return Object.fromEntries(found) as { [N in Name]?: Date };
}
