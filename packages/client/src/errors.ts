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

/** What has gone wrong. `refused`: the call has invalid input; `cause` has the details. */
export type ImagesErrorCode =
  | 'not-signed-in'
  | 'empty-file'
  | 'not-an-image'
  | 'too-many-bytes'
  | 'refused-by-rules'
  | 'app-not-verified'
  | 'offline'
  | 'quota'
  | 'canceled'
  | 'timeout'
  | 'failed'
  | 'held'
  | 'permission-denied'
  | 'too-many-shares'
  | 'too-many-requests'
  | 'expiry-too-long'
  | 'no-image'
  | 'no-share'
  | 'refused'
  | 'unavailable'
  | 'unknown';

type SentenceName = ImagesErrorCode | 'waiting';

/** Sentences in English; the others are in upload-transfer.ts and share-calls.ts, which are loaded later. */
const SENTENCES = {
  'not-signed-in': 'Sign in to upload photos.',
  'app-not-verified': 'This app could not be verified. Reload the page.',
  offline: 'No connection.',
  canceled: 'Canceled.',
  timeout: 'Still being processed; you can leave this page.',
  failed: '{message}',
  held: 'This photo is being reviewed.',
  'permission-denied': "You can't see this photo.",
  unavailable: 'Not available at the moment. Try again.',
  unknown: 'Something went wrong. Try again.',
} as EnglishSentences;

/** By the code of the error. */
export type EnglishSentences = { readonly [Name in SentenceName]?: string };

/** A text with the names of values in braces, `{file} is empty.`, or a function, for example for plurals. */
export type Sentence = string | ((values: SentenceValues) => string);

/** Sentences of the app, for example in another language. `waiting` is shown while an upload has no connection. */
export type Sentences = { [Name in ImagesErrorCode | 'waiting']?: Sentence };

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

/** `message` is a sentence for the user, `code` is for programs. */
export class ImagesError extends Error {
  override readonly name = 'ImagesError';
  /** Whether the same call, or the upload's `retry()`, can succeed. */
  declare readonly retryable: boolean;
  /** The image, when it has failed or is held. */
  declare readonly image: Image | undefined;

  /** @param more the error of Firebase, and the image when it has failed or is held */
  constructor(
    readonly code: ImagesErrorCode,
    message: string,
    { cause, image }: { cause?: unknown; image?: Image } = {},
  ) {
    super(message, { cause });
    this.image = image;
    this.retryable = RETRYABLE.includes(code) || RETRYABLE_FAILURES.includes(image?.error?.code);
  }
}

/** Makes the errors of an app: with its sentences. */
export interface Errors {
  /** @param english the sentence in English, if this module does not have it */
  sentence(name: SentenceName, values?: Partial<SentenceValues>, english?: string): string;
  of(
    code: ImagesErrorCode,
    values?: Partial<SentenceValues>,
    more?: { cause?: unknown; image?: Image },
    english?: string,
  ): ImagesError;
  /** Converts an error of Firestore; an ImagesError stays as it is. */
  from(error: unknown): ImagesError;
}

export function openErrors(sentences: Sentences = {}): Errors {
  const errors: Errors = {
    sentence(name, values, english = SENTENCES[name]) {
      const all = {
        ...{ file: 'The file', megabytes: 0, limit: 0, seconds: 0, days: 0, message: '' },
        ...values,
      };
      const sentence = sentences[name] ?? english ?? name;
      return typeof sentence === 'function'
        ? sentence(all)
        : sentence.replace(/\{(\w+)\}/g, (braces, key) =>
            String(all[key as keyof SentenceValues] ?? braces),
          );
    },
    of: (code, values, more, english) =>
      new ImagesError(code, errors.sentence(code, values, english), more),
    from(cause) {
      if (cause instanceof ImagesError) return cause;
      const { code } = Object(cause) as { code?: string };
      if (code === 'unauthenticated') return errors.of('not-signed-in', {}, { cause });
      if (code === 'permission-denied') {
        console.error('A read was refused: compare firestore.rules.');
      }
      // The other codes of Firestore have the same names here.
      const isKnown = code !== undefined && Object.hasOwn(SENTENCES, code);
      return errors.of(isKnown ? (code as ImagesErrorCode) : 'unknown', {}, { cause });
    },
  };
  return errors;
}
