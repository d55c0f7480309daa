/**
 * The few kinds of failure, and the one place that says what each means outside: an HTTP status for
 * a request, a sentence in the image record for an upload. The public message reveals nothing; the
 * internal one (`Error.message`) goes to the log only.
 */

/** Answers to a request. */
export const REQUEST_FAILURES = {
  'bad-request': {
    status: 400,
    publicMessage: 'Expected ?w=WIDTH in pixels, and maybe &dpr=DENSITY.',
  },
  'not-found': { status: 404, publicMessage: 'Not found.' },
  'method-not-allowed': {
    status: 405,
    publicMessage: 'Only GET, HEAD and OPTIONS are allowed here.',
  },
  'precondition-failed': {
    status: 412,
    publicMessage: 'The image is not the one that If-Match asks for.',
  },
  'range-not-satisfiable': {
    status: 416,
    publicMessage: 'The image has no such bytes.',
  },
  'too-many-requests': {
    status: 429,
    publicMessage: 'Too many requests. Try again later.',
  },
  unavailable: {
    status: 503,
    publicMessage: 'Temporarily unavailable. Try again shortly.',
  },
} as const satisfies Record<string, { status: number; publicMessage: string }>;

export type RequestFailureCode = keyof typeof REQUEST_FAILURES;

/** Ends of an upload; the sentence is written to the image record for the owner to read. */
export const IMAGE_FAILURES = {
  'empty-file': 'The file is empty. Choose another photo and upload it again.',
  'not-an-image':
    'The file is not an image that can be read. Upload a JPEG, PNG, WebP, GIF, AVIF or HEIC.',
  'unsupported-format':
    'This kind of image is not supported. Upload a JPEG, PNG, WebP, GIF, AVIF or HEIC.',
  'heic-off':
    'HEIC photos are not taken here; upload a JPEG. (Developer: set the parameter HEIC to "true".)',
  'damaged-image': 'The image is damaged or incomplete. Upload it again, or choose another.',
  'too-many-bytes': 'The file is too large. Upload a smaller one.',
  'too-many-pixels': 'The image has too many pixels. Upload a smaller one.',
  'too-much-memory': 'The image takes too much memory to process. Upload a smaller one.',
  'too-slow': 'The image takes too long to process. Upload a smaller one.',
  'retries-exhausted': 'The image could not be processed after several tries. Upload it again.',
} as const satisfies Record<string, string>;

export type ImageFailureCode = keyof typeof IMAGE_FAILURES;

/** An upload that no retry can save. */
export class ImageFailure extends Error {
  override readonly name = 'ImageFailure';

  /**
   * @param code stable, for programs
   * @param detail what was expected and what was found, for the log
   */
  constructor(
    readonly code: ImageFailureCode,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
  }

  /** The sentence for the owner. */
  get publicMessage(): string {
    return IMAGE_FAILURES[this.code];
  }
}

/** One or more parameters have wrong values; `problems` has a sentence for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`storage-public-variants cannot start:\n- ${problems.join('\n- ')}`);
  }
}

/** Why something failed, for the log: without what Google's clients put into their messages: object names and addresses. */
export function reasonOf(error: unknown): string {
  if (error instanceof ImageFailure) return error.message;
  const { name, code } = error as { name?: unknown; code?: unknown };
  const known = typeof code === 'string' || typeof code === 'number' ? code : 'without a code';
  return `${typeof name === 'string' ? name : 'Error'} ${known}`;
}
