/** What can go wrong, and the sentence that the user sees. */
import type { Image } from './documents.js';

/** What a sentence may name. */
export interface SentenceValues {
  /** Name of the file, or `The file`. */
  file: string;
  /** Megabytes of the file. */
  megabytes: number;
  /** Of megabytes, or of links of a photo. */
  limit: number;
  seconds: number;
  days: number;
  /** What the functions say about the failure. */
  message: string;
}

/** The sentences in English, by the code of the error. */
const SENTENCES = {
  'not-signed-in': 'Sign in to upload photos.',
  'empty-file': '{file} is empty.',
  'not-an-image': '{file} is not a photo that can be read: JPEG, PNG, WebP, GIF, AVIF or HEIC.',
  'too-many-bytes': '{file} has {megabytes} MB; the limit is {limit} MB.',
  'refused-by-rules': 'The upload was refused.',
  'app-not-verified': 'This app could not be verified. Reload the page.',
  waiting: 'Waiting for a connection…',
  offline: 'No connection.',
  quota: "Photos can't be stored at the moment.",
  canceled: 'Canceled.',
  timeout: 'Still being processed; you can leave this page.',
  failed: '{message}',
  'permission-denied': "You can't see this photo.",
  'too-many-shares': 'This photo has {limit} links. Revoke one first.',
  'too-many-requests': 'Try again in {seconds} s.',
  'expiry-too-long': 'Links here end after {days} days at most.',
  'no-image': 'The photo was deleted.',
  'no-share': 'The link was deleted.',
  refused: '{message}',
  unavailable: 'Not available at the moment. Try again.',
  unknown: 'Something went wrong. Try again.',
};

type SentenceName = keyof typeof SENTENCES;

/** `refused`: the call has invalid input; `cause` has the details. */
export type ImagesErrorCode = Exclude<SentenceName, 'waiting'>;

/** A text with the names of values in braces, `{file} is empty.`, or a function, for example for plurals. */
export type Sentence = string | ((values: SentenceValues) => string);

/** Sentences of the app, for example in another language. `waiting` is shown while an upload has no connection. */
export type Sentences = { [Name in SentenceName]?: Sentence };

/** Codes after which the same call can succeed. */
const RETRYABLE: readonly ImagesErrorCode[] = [
  'offline',
  'quota',
  'timeout',
  'too-many-requests',
  'unavailable',
  'unknown',
];
/** Codes of a failed image after which an upload of the same file can succeed. */
const RETRYABLE_FAILURES: readonly unknown[] = ['retries-exhausted', 'damaged-image'];

/** Codes of Firebase's SDKs; those of Cloud Storage and Cloud Functions have a prefix. */
const CODES: Record<string, ImagesErrorCode> = {
  'storage/unauthenticated': 'not-signed-in',
  'storage/unauthorized': 'refused-by-rules',
  'storage/unauthorized-app': 'app-not-verified',
  'storage/retry-limit-exceeded': 'offline',
  'storage/quota-exceeded': 'quota',
  'storage/canceled': 'canceled',
  // A signed-in user has an ID token: App Check has failed.
  'functions/unauthenticated': 'app-not-verified',
  unauthenticated: 'not-signed-in',
  'permission-denied': 'permission-denied',
  unavailable: 'unavailable',
  'functions/unavailable': 'unavailable',
  'functions/deadline-exceeded': 'unavailable',
  'functions/resource-exhausted': 'unavailable',
  // Without an answer of the function.
  'functions/internal': 'unavailable',
};

/** `message` is a sentence for the user, `code` is for programs. */
export class ImagesError extends Error {
  override readonly name = 'ImagesError';
  /** Whether the same call, or the upload's `retry()`, can succeed. */
  readonly retryable: boolean;
  /** The image, when it has failed. */
  readonly image: Image | undefined;

  constructor(
    readonly code: ImagesErrorCode,
    message: string,
    { cause, image }: { cause?: unknown; image?: Image } = {},
  ) {
    super(message, { cause });
    this.image = image;
    this.retryable =
      RETRYABLE.includes(code) || RETRYABLE_FAILURES.includes((image?.error ?? {}).code);
  }
}

/** Makes the errors of an app: with its sentences. */
export interface Errors {
  /** The sentence while an upload has no connection. */
  waiting(): string;
  of(
    code: ImagesErrorCode,
    values?: Partial<SentenceValues>,
    more?: { cause?: unknown; image?: Image },
  ): ImagesError;
  /** Converts an error of Firebase's SDKs; an ImagesError stays as it is. */
  from(error: unknown): ImagesError;
}

export function openErrors(sentences: Sentences = {}): Errors {
  function sentenceOf(name: SentenceName, values: Partial<SentenceValues> = {}): string {
    const all = { ...NO_VALUES, ...values };
    const sentence = sentences[name] ?? SENTENCES[name];
    if (typeof sentence === 'function') return sentence(all);
    return sentence.replace(/\{(\w+)\}/g, (braces, key) =>
      String(all[key as keyof SentenceValues] ?? braces),
    );
  }
  const errors: Errors = {
    waiting: () => sentenceOf('waiting'),
    of: (code, values, more) => new ImagesError(code, sentenceOf(code, values), more),
    from(cause) {
      if (cause instanceof ImagesError) return cause;
      const { code = '', message = '', details } = Object(cause) as FirebaseLikeError;
      const { reason, limit = 0, retryAfter: seconds = 0 } = details ?? {};
      // The codes of this package are the reasons, as far as they have a sentence of their own.
      const name = reason
        ? Object.hasOwn(SENTENCES, reason)
          ? (reason as ImagesErrorCode)
          : 'refused'
        : (CODES[code] ?? 'unknown');
      const days = Math.floor(limit / 86_400);
      return errors.of(name, { limit, seconds, days, message }, { cause });
    },
  };
  return errors;
}

const NO_VALUES: SentenceValues = {
  file: 'The file',
  megabytes: 0,
  limit: 0,
  seconds: 0,
  days: 0,
  message: '',
};

interface FirebaseLikeError {
  code?: string;
  message?: string;
  /** Of the function `sharing`. */
  details?: { reason?: string; limit?: number; retryAfter?: number } | null;
}
