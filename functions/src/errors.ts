/**
 * Every failure that a user or a client sees, in four tables. docs/reference/errors.md is generated from them
 * by `npm run docs`.
 *
 * A public message reveals nothing about other users or the system. The internal message
 * (`Error.message`) is for the log only.
 */

export interface FailureInfo {
  /** Written to the image record, or sent as the body of a response. */
  publicMessage: string;
  /** What happened, for developers. */
  meaning: string;
  /** Who retries, and when; absent when a retry cannot succeed. */
  retry?: string;
}

export interface RequestFailureInfo extends FailureInfo {
  /** HTTP status code, RFC 9110 section 15. */
  status: number;
}

/** Error responses of `serve`. */
export const REQUEST_FAILURES = {
  'bad-request': {
    status: 400,
    publicMessage:
      'Expected ?w=WIDTH in pixels, and maybe &dpr=DENSITY and &f=FORMAT (avif, webp or jpeg).',
    meaning:
      'The query has `dpr` or `f` without `w`, one of the numbers is out of range, or `f` is not a format.',
  },
  'https-required': {
    status: 403,
    publicMessage: 'Only HTTPS is allowed here.',
    meaning:
      'The last `X-Forwarded-Proto` is `http`: the token was sent in clear text. Google answers plain HTTP for functions ' +
      'of an extension; the URL of a kit redirects to HTTPS before the function is called.',
  },
  'not-found': {
    status: 404,
    publicMessage: 'Not found.',
    meaning:
      'The token is malformed, unknown, revoked or expired, the variant or format does not exist, or the token does ' +
      'not allow it. All of these have the same response, so that it reveals nothing.',
  },
  'method-not-allowed': {
    status: 405,
    publicMessage: 'Only GET, HEAD and OPTIONS are allowed here.',
    meaning: 'The request has another method. `Allow` lists the methods.',
  },
  'precondition-failed': {
    status: 412,
    publicMessage: 'The image is not the one that If-Match asks for.',
    meaning: '`If-Match` names another entity tag than the current one.',
  },
  'body-not-allowed': {
    status: 413,
    publicMessage: 'Requests with a body are not accepted here.',
    meaning:
      'The request has `Transfer-Encoding`, or a `Content-Length` above 0. The body is discarded, not parsed, and the ' +
      'connection is closed.',
  },
  'range-not-satisfiable': {
    status: 416,
    publicMessage: 'The image has no such bytes.',
    meaning: 'No range in `Range` overlaps the rendition. `Content-Range` states its length.',
  },
  'too-many-requests': {
    status: 429,
    publicMessage: 'Too many requests. Try again later.',
    meaning: 'The client or the token exceeded a rate limit: see the `..._PER_MINUTE` parameters.',
    retry: 'By the client, after the seconds in `Retry-After`.',
  },
  unavailable: {
    status: 503,
    publicMessage: 'Temporarily unavailable. Try again shortly.',
    meaning: 'Firestore or Cloud Storage failed or did not answer in time. The log has the reason.',
    retry: 'By the client, after the seconds in `Retry-After`.',
  },
} as const satisfies Record<string, RequestFailureInfo>;

export type RequestFailureCode = keyof typeof REQUEST_FAILURES;

/** Responses of the other functions to a request whose body is discarded before the framework reads it. */
export const BODY_FAILURES = {
  'body-too-large': {
    status: 413,
    publicMessage: 'The request body is too large.',
    meaning:
      'The body of a call has more than 64 KiB, or that of an event or a task more than 1 MiB.',
  },
  'body-encoded': {
    status: 415,
    publicMessage: 'Request bodies with Content-Encoding are not accepted here.',
    meaning: 'The body of a call is compressed, so that its decoded size is unknown.',
  },
} as const satisfies Record<string, RequestFailureInfo>;

export type BodyFailureCode = keyof typeof BODY_FAILURES;

export interface SharingFailureInfo extends FailureInfo {
  /** Code of the callable protocol. https://firebase.google.com/docs/reference/node/firebase.functions#functionserrorcode */
  code:
    | 'invalid-argument'
    | 'unauthenticated'
    | 'not-found'
    | 'failed-precondition'
    | 'already-exists'
    | 'resource-exhausted'
    | 'unavailable';
}

/** Errors of the callable `sharing`: `details.reason`. */
export const SHARING_FAILURES = {
  'not-signed-in': {
    code: 'unauthenticated',
    publicMessage: 'Sign in to share photos.',
    meaning: 'The call has no ID token.',
  },
  'invalid-input': {
    code: 'invalid-argument',
    publicMessage: 'The call has invalid input.',
    meaning: '`details.issues` lists each invalid field: `{ path, message }`.',
  },
  'unknown-variant': {
    code: 'invalid-argument',
    publicMessage: 'There is no such size.',
    meaning: '`variants` names a variant that `VARIANTS` does not have.',
  },
  'expiry-too-long': {
    code: 'invalid-argument',
    publicMessage: 'Links must end earlier here.',
    meaning:
      '`expiresIn` is more than `SHARE_MAX_DAYS` allows, or `null`; `details.limit` is the most, in seconds.',
  },
  'no-image': {
    code: 'not-found',
    publicMessage: 'There is no such photo.',
    meaning:
      'The signed-in user has no image with this id. Whether another user has one is not revealed.',
  },
  'no-share': {
    code: 'not-found',
    publicMessage: 'There is no such link.',
    meaning:
      'The signed-in user has no share with this id, or, for a change, it was revoked or its token record was deleted.',
  },
  'image-failed': {
    code: 'failed-precondition',
    publicMessage: 'This photo could not be processed, so it can not be shared.',
    meaning: 'The image has failed and never had variants.',
  },
  'other-image': {
    code: 'already-exists',
    publicMessage: 'The link belongs to another photo.',
    meaning: 'The share id belongs to another image of the user.',
  },
  'too-many-shares': {
    code: 'resource-exhausted',
    publicMessage: 'The photo has too many links. Revoke one first.',
    meaning: 'The image has `details.limit` shares that have not expired.',
  },
  'too-many-requests': {
    code: 'resource-exhausted',
    publicMessage: 'Too many changes. Try again later.',
    meaning: 'The user made more than `details.limit` calls within a minute at one instance.',
    retry: 'By the client, after `details.retryAfter` seconds.',
  },
  unavailable: {
    code: 'unavailable',
    publicMessage: 'Temporarily unavailable. Try again shortly.',
    meaning: 'Firestore or Cloud Tasks failed. The log has the reason.',
    retry: 'By the client, with the same input.',
  },
} as const satisfies Record<string, SharingFailureInfo>;

export type SharingReason = keyof typeof SHARING_FAILURES;

/** What `details` has besides the reason. */
export interface SharingDetails {
  issues?: { path: string; message: string }[];
  limit?: number;
  /** Whole seconds. */
  retryAfter?: number;
}

/** A call of `sharing` can't be done. */
export class SharingFailure extends Error {
  override readonly name = 'SharingFailure';

  constructor(
    readonly reason: SharingReason,
    readonly details: SharingDetails = {},
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** Values of `error` in an image record whose state is `failed`. */
export const IMAGE_FAILURES = {
  'empty-file': {
    publicMessage: 'The file is empty. Choose another photo and upload it again.',
    meaning: 'The uploaded object has 0 bytes.',
  },
  'not-an-image': {
    publicMessage: 'The file is not an image that can be read. Upload a {accepted}.',
    meaning: 'The file does not begin like any known format.',
  },
  'unsupported-format': {
    publicMessage: 'This kind of file is not supported: {format}. Upload a {accepted}.',
    meaning:
      'The file has a known format that is not accepted: SVG, BMP, JPEG XL, camera RAW, PDF, PSD, a video, HEIF with ' +
      'a codec other than AV1 and HEVC, JPEG with 12 bits or without loss, TIFF while `TIFF` is false, or TIFF with ' +
      'integers of 32 bits or with gray in floating point.',
  },
  'heic-off': {
    publicMessage:
      'HEIC photos are not accepted. Upload a JPEG. (Developer: set the parameter HEIC to "true".)',
    meaning: 'The file is HEIC while `HEIC` is false.',
  },
  'damaged-image': {
    publicMessage: 'The image is damaged or incomplete. Upload it again, or choose another.',
    meaning: 'The header or the pixel data cannot be decoded, or the file is cut short.',
  },
  'content-rejected': {
    publicMessage: 'This photo is not accepted here. Choose another one.',
    meaning:
      'The content filter (`FILTER_URL`) answered `reject`. The original stays until its owner deletes it.',
  },
  'too-many-images': {
    publicMessage:
      'You have as many images as this app allows. Delete one, then upload this one again.',
    meaning:
      'The owner has `MAX_IMAGES_PER_USER` other images. The file was not read; `original.deleted` in the image record ' +
      'says whether it was deleted: see `DELETE_EXCESS_ORIGINALS`.',
    retry:
      'By the next backfill, or by `storage-public-variants doctor --fix`, after `MAX_IMAGES_PER_USER` was raised, unless ' +
      'the original was deleted.',
  },
  'too-many-bytes': {
    publicMessage: 'The file is too large. Upload a smaller one.',
    meaning: 'The uploaded object has more than `MAX_BYTES` bytes.',
  },
  'too-many-pixels': {
    publicMessage: 'The image has too many pixels. Upload a smaller one.',
    meaning:
      'The image has more than `MAX_MEGAPIXELS` million pixels (AVIF: at most 16), or an edge longer than 65,535 pixels.',
  },
  'too-much-memory': {
    publicMessage: 'The image needs too much memory to process. Upload a smaller one.',
    meaning: 'Processing exceeded the memory limit of its process.',
  },
  'too-slow': {
    publicMessage: 'The image takes too long to process. Upload a smaller one.',
    meaning:
      'Processing exceeded its time limit, or the file has more scans, frames, tiles or boxes than fit into it.',
  },
  'retries-exhausted': {
    publicMessage: 'The image could not be processed after several attempts. Upload it again.',
    meaning:
      'Processing failed for a reason outside the file, such as an outage, and the platform retried it for an hour. ' +
      'The log has the reason.',
    retry: 'By the next backfill, or by `storage-public-variants doctor --fix`.',
  },
  'watermark-unavailable': {
    publicMessage: 'The image could not be processed. The app needs a change before it can be.',
    meaning:
      'A variant has `:watermark`, and the object of `WATERMARK` does not exist, has more than 5,000,000 bytes or is not an ' +
      'image. The log says which.',
    retry:
      'By the next backfill, or by `storage-public-variants doctor --fix`, after the object was replaced.',
  },
  'request-rejected': {
    publicMessage: 'The image could not be stored. The app needs a change before it can be.',
    meaning:
      'Firestore or Cloud Storage rejected a request in a way that a retry cannot change (`INVALID_ARGUMENT`, ' +
      '`FAILED_PRECONDITION`, HTTP 400 or 412): a record is larger than Firestore stores, an index that every ' +
      'collection has was turned off, or a policy of the organization forbids the write. The log has the code.',
    retry:
      'By the next backfill, or by `storage-public-variants doctor --fix`, after the cause was removed.',
  },
} as const satisfies Record<string, FailureInfo>;

/** Failures that are not about the file: the next backfill processes the image again. */
export const OUTSIDE_FAILURES: ReadonlySet<string> = new Set<ImageFailureCode>([
  'retries-exhausted',
  'watermark-unavailable',
  'request-rejected',
]);

export type ImageFailureCode = keyof typeof IMAGE_FAILURES;

/** What a public message of IMAGE_FAILURES names. From fixed lists, never text of the upload. */
export interface MessageValues {
  /** `{format}`: the format that was found. */
  format?: string;
  /** `{accepted}`: the formats that the parameters accept. */
  accepted?: string;
}

/** An upload cannot be processed, and a retry would not help. */
export class ImageFailure extends Error {
  override readonly name = 'ImageFailure';

  /**
   * @param code stable, for programs
   * @param detail what was expected and what was found, for the log
   */
  constructor(
    readonly code: ImageFailureCode,
    readonly detail: string,
    { format, accepted, ...options }: ErrorOptions & MessageValues = {},
  ) {
    super(`${code}: ${detail}`, options);
    this.values = {
      ...(format !== undefined && { format }),
      ...(accepted !== undefined && { accepted }),
    };
  }

  readonly values: MessageValues;

  /** The message for the owner of the image. */
  get publicMessage(): string {
    const { format = 'unknown', accepted = 'JPEG, PNG, WebP or GIF' } = this.values;
    return IMAGE_FAILURES[this.code].publicMessage
      .replace('{format}', format)
      .replace('{accepted}', accepted);
  }
}

/**
 * Processing threw something other than an ImageFailure: a defect, or a process that ended. The platform retries
 * the upload.
 */
export class UnexpectedError extends Error {
  override readonly name = 'UnexpectedError';

  /**
   * @param message without names; the decoder knows none, but may quote the file
   * @param stack where it happened, maybe in another process; absent: here
   */
  constructor(message: string, stack?: string, options?: ErrorOptions) {
    super(message, options);
    if (stack !== undefined) this.stack = stack;
  }

  /** Wraps what processing threw, without its message, which may contain names. */
  static from(error: unknown): UnexpectedError {
    if (error instanceof UnexpectedError) return error;
    const stack = error instanceof Error ? error.stack : undefined;
    return new UnexpectedError(reasonOf(error), stack, { cause: error });
  }
}

/** One or more parameters are invalid; `problems` has a sentence for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`storage-public-variants cannot start:\n- ${problems.join('\n- ')}`);
  }
}

/**
 * Describes an error for the log by its name and code. Messages of Google's client libraries are left out:
 * they contain object names, document paths and IP addresses.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof ImageFailure || error instanceof UnexpectedError) {
    return redactText(error.message);
  }
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  const codeText = typeof code === 'string' || typeof code === 'number' ? code : 'without a code';
  return `${typeof name === 'string' ? name : 'Error'} ${codeText}`;
}

const MAX_REASON_LENGTH = 300;

/** A message of a decoder, which may quote the file: without control characters, URLs, e-mail addresses, tokens. */
function redactText(message: string): string {
  const line = message.slice(0, MAX_REASON_LENGTH).replace(/\p{Cc}/gu, ' ');
  const words = line.split(' ').map((word) => (/:\/\/|@|sp[sv]_/.test(word) ? '[removed]' : word));
  return words.join(' ');
}
