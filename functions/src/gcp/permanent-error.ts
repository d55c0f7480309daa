/** Which errors of Firestore and Cloud Storage stay the same however often a request is retried. */
import { QueueError } from './queues.js';

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const INVALID_ARGUMENT = 3;
const FAILED_PRECONDITION = 9;

/** The same conditions as responses of the JSON API of Cloud Storage (RFC 9110 section 15). */
const BAD_REQUEST = 400;
const PRECONDITION_FAILED = 412;

const PERMANENT = new Set<unknown>([
  INVALID_ARGUMENT,
  FAILED_PRECONDITION,
  BAD_REQUEST,
  PRECONDITION_FAILED,
]);

/**
 * Messages of Firestore for conditions that pass, although their code says that a retry is useless: a
 * transaction that was open for too long, a query that ran for too long, and an index that is being built.
 * @see https://github.com/googleapis/nodejs-firestore/blob/main/dev/src/transaction.ts `isRetryableTransactionError`
 * @see https://github.com/googleapis/google-cloud-node/issues/7468
 */
const TRANSIENT_MESSAGES = [
  'transaction has expired',
  'snapshot version is too old',
  'currently building',
];

/** The longest part of a message that is searched, characters. */
const MAX_MESSAGE_LENGTH = 1000;

/**
 * Whether a retry of the request that threw `error` would fail the same way: Firestore responded with
 * INVALID_ARGUMENT or FAILED_PRECONDITION, or Cloud Storage with 400 or 412. A 412 for a generation that was
 * overwritten never gets here: objects.ts handles it. Contention has another code, ABORTED. Errors of Cloud
 * Tasks are never permanent: they are about the queue, which an administrator may have paused.
 */
export function isPermanentError(error: unknown): boolean {
  if (error instanceof QueueError) return false;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (!PERMANENT.has(code)) return false;
  const text = String(message).slice(0, MAX_MESSAGE_LENGTH);
  return !TRANSIENT_MESSAGES.some((part) => text.includes(part));
}
