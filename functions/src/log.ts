/** Log lines: what is written of an image, a token and an error, so that no line holds a name or a token. */
import { reasonOf, UnexpectedError } from './errors.js';
import type { LogMessage, Severity } from './log-events.js';

/** Writes one structured log line; `firebase-functions/logger` in production. Each message is in log-events.ts. */
export type Log = (severity: Severity, message: LogMessage, details: object) => void;

/** How many characters of a hash are logged: enough to find a record, too few to reveal anything. */
const HASH_CHARACTERS = 8;

/** What a log line is about. Everything is optional; what is absent is left out. */
export interface LogSubject {
  /** The image's hashed folder: see `hashedFolder` in domain/path.ts. */
  image?: string | undefined;
  /** base64url SHA-256 of a token; only its first characters are logged. */
  tokenHash?: string | undefined;
  /** Cloud Storage generation, decimal. */
  generation?: string | undefined;
  /** What was thrown; logged as a name and a code, without Google's message. */
  error?: unknown;
}

/**
 * Builds the details of a log line.
 * @param more further fields; none may hold an object's name, a token, a URL or an e-mail address
 */
export function logDetails(subject: LogSubject, more: object = {}): Record<string, unknown> {
  const { image, tokenHash, generation, error } = subject;
  return {
    ...(image !== undefined && { image }),
    ...(tokenHash !== undefined && { token: tokenHash.slice(0, HASH_CHARACTERS) }),
    ...(generation !== undefined && { generation }),
    ...more,
    ...(error !== undefined && { reason: reasonOf(error) }),
    ...(error instanceof UnexpectedError && {
      code: UNEXPECTED_ERROR_CODE,
      stack: framesOf(error),
    }),
  };
}

/** The field `code` of a log line about a defect, for a log-based metric; failed uploads have their failure code. */
const UNEXPECTED_ERROR_CODE = 'unexpected-error';

const MAX_FRAMES = 30;

/** The lines of a stack that name functions and files: the message before them may contain anything. */
function framesOf({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return frames.slice(0, MAX_FRAMES).join('\n');
}
