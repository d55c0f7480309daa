/**
 * Every kind of log line, and the only place for its `event`, severity and meaning. `npm run docs` makes
 * docs/guides/operations.md (table), docs/guides/alerts.md (table) and functions/monitoring of it.
 */

export type Severity = 'INFO' | 'WARNING' | 'ERROR';

/** What is counted together: a log-based metric, and with some an alert. */
export type EventGroup =
  | 'upload-failures'
  | 'retries-exhausted'
  | 'work-rejected'
  | 'lock-failures'
  | 'lock-latency'
  | 'view-failures'
  | 'sharing-failures';

export interface LogEvent {
  /** Of its lines; of two, the second when the retries of other events have ended. */
  severities: readonly [Severity] | readonly [Severity, Severity];
  message: string;
  /** What happened, and what an operator does, if anything. */
  meaning: string;
  group?: EventGroup;
}

const INFO = ['INFO'] as const;
const WARNING = ['WARNING'] as const;
const ERROR = ['ERROR'] as const;

const TABLE = {
  'download-token-revoked': {
    severities: INFO,
    message: 'revoked download token',
    meaning:
      'An original or a rendition had a download token; `afterMs` milliseconds after its event it had none.',
    group: 'lock-latency',
  },
  'download-token-revocation-failed': {
    severities: ['WARNING', 'ERROR'],
    message:
      'failed to revoke download token, will retry: anyone who has the token can download the object',
    meaning: 'Of an upload. Retried for 24 hours; `ERROR` after the first.',
    group: 'lock-failures',
  },
  'later-token-revocation-failed': {
    severities: WARNING,
    message: 'failed to revoke download token, will retry',
    meaning: 'Of a token that was added to an existing object. Retried.',
  },
  'later-token-revocation-exhausted': {
    severities: ERROR,
    message:
      'failed to revoke download token, retries exhausted: anyone who has the token can download the object',
    meaning: 'Run the doctor with `--fix`.',
    group: 'lock-failures',
  },
  'upload-name-invalid': {
    severities: WARNING,
    message:
      'upload not processed: an id in its name is not a valid Firestore document id; its download token is revoked',
    meaning: 'A client chose the name; security rules can forbid it.',
  },
  'enqueue-failed': {
    severities: ['WARNING', 'ERROR'],
    message: 'failed to enqueue an upload, will retry',
    meaning: 'Cloud Tasks refused the task. Retried for 24 hours; `ERROR` after the first.',
    group: 'retries-exhausted',
  },
  'image-ready': {
    severities: INFO,
    message: 'image is ready',
    meaning: 'An upload was processed.',
  },
  'image-held': {
    severities: INFO,
    message: 'image is held for review by the content filter',
    meaning: 'No token shows it until `release` of the client package publishes it.',
  },
  'filter-failed': {
    severities: WARNING,
    message: 'the content filter gave no verdict; FILTER_FAILURE decides',
    meaning: '`FILTER_URL` did not answer in time, or with something else than a verdict.',
  },
  'image-failed': {
    severities: WARNING,
    message: 'image processing failed',
    meaning:
      'The file is at fault, or the limits: `code` has the failure code. The owner sees it in the record.',
    group: 'upload-failures',
  },
  'processing-retried': {
    severities: WARNING,
    message: 'image processing failed, will retry',
    meaning: 'An error that may pass, or a defect (`code` is `unexpected-error`).',
  },
  'processing-exhausted': {
    severities: ERROR,
    message: 'image processing failed, retries exhausted',
    meaning: 'The upload was retried for an hour. Its record is `failed`; a backfill retries it.',
    group: 'retries-exhausted',
  },
  'processing-rejected': {
    severities: ERROR,
    message:
      'image processing failed, and Firestore rejects a record of the failure: the upload is not processed, and not retried',
    meaning:
      'A record is too large, or a collection is not usable. A defect, or changed parameters.',
    group: 'work-rejected',
  },
  'upload-stale': {
    severities: INFO,
    message: 'upload ignored, a newer one has been recorded',
    meaning: 'Events came out of order.',
  },
  'upload-done': {
    severities: INFO,
    message: 'upload ignored, it was already processed',
    meaning: 'An event came twice.',
  },
  'upload-missing': {
    severities: INFO,
    message: 'upload ignored, the original was deleted or overwritten',
    meaning: 'Its owner was faster.',
  },
  'upload-superseded': {
    severities: INFO,
    message: 'processing result discarded, a newer attempt has begun',
    meaning: 'The image was uploaded again during processing.',
  },
  'upload-busy': {
    severities: INFO,
    message: 'upload waits for the attempt of an older one',
    meaning: 'In a backfill: the image is processed by its upload.',
  },
  'image-deleted': {
    severities: INFO,
    message: 'deleted image and its renditions',
    meaning: 'Its original was deleted.',
  },
  'deletion-retried': {
    severities: WARNING,
    message: 'failed to delete image, will retry',
    meaning: 'Retried for an hour.',
  },
  'deletion-exhausted': {
    severities: ERROR,
    message: 'failed to delete image, retries exhausted: its URLs may still work',
    meaning: 'Run the doctor with `--fix`.',
    group: 'retries-exhausted',
  },
  'deletion-rejected': {
    severities: ERROR,
    message: 'failed to delete image, and a retry cannot succeed: its URLs may still work',
    meaning: 'Run the doctor; `reason` says what Firestore or Cloud Storage refused.',
    group: 'work-rejected',
  },
  'renditions-deleted': {
    severities: INFO,
    message: 'deleted unreferenced renditions',
    meaning: 'After an overwrite or a deletion, when the revocation bound had passed.',
  },
  'user-images-deleted': {
    severities: INFO,
    message: 'deleted images of a user',
    meaning: 'One task of `deleteUserImages`.',
  },
  'user-tokens-revoked': {
    severities: INFO,
    message: 'revoked the tokens of a user',
    meaning: 'One task of `revokeAll`.',
  },
  'task-rejected': {
    severities: ERROR,
    message: 'a task failed, and a retry cannot succeed: dropped',
    meaning: 'Firestore or Cloud Storage refused the work, such as for a missing role.',
    group: 'work-rejected',
  },
  'task-invalid': {
    severities: ERROR,
    message: 'dropped an invalid task',
    meaning: 'Somebody else wrote to the queue, or a task of another version was left in it.',
    group: 'work-rejected',
  },
  'width-made': {
    severities: INFO,
    message: 'made a rendition on demand',
    meaning: 'A view had asked for a width of `WIDTHS`.',
  },
  'width-failed': {
    severities: WARNING,
    message: 'no rendition made on demand',
    meaning: 'The rendition that it is made of could not be decoded.',
    group: 'upload-failures',
  },
  'width-request-failed': {
    severities: WARNING,
    message: 'failed to request a rendition',
    meaning:
      'Cloud Tasks refused the task. The view got the nearest rendition; a later one asks again.',
  },
  'view-failed': {
    severities: ERROR,
    message: 'request failed',
    meaning: 'A view got a 503: Firestore or Cloud Storage did not answer in time, or refused.',
    group: 'view-failures',
  },
  'sharing-failed': {
    severities: ERROR,
    message: 'sharing failed',
    meaning: 'A call of `sharing` got `unavailable`.',
    group: 'sharing-failures',
  },
  'publishing-failed': {
    severities: ERROR,
    message: 'failed to publish an event',
    meaning:
      'Eventarc refused or did not answer; `type` has the event, which is not sent again. The image is not affected.',
  },
  'state-report-failed': {
    severities: WARNING,
    message: 'failed to set the processing state of the extension',
    meaning:
      'The Firebase console shows an old state of the backfill; the backfill is not affected.',
  },
} as const satisfies Record<string, LogEvent>;

/** The field `event` of a log line. Stable: filters use it. */
export type EventName = keyof typeof TABLE;

/** The message of a log line; each belongs to one event. */
export type LogMessage = (typeof TABLE)[EventName]['message'];

export const LOG_EVENTS: Readonly<Record<EventName, LogEvent>> = TABLE;

const EVENT_OF = new Map<string, EventName>(
  (Object.keys(TABLE) as EventName[]).map((event) => [TABLE[event].message, event]),
);

/** The fields of a log line; Cloud Logging has all but `severity` and `message` in `jsonPayload`. */
export interface LogLine extends Record<string, unknown> {
  severity: Severity;
  message: string;
  event: EventName;
}

/** The structured log line of a message. */
export function logLine(severity: Severity, message: LogMessage, details: object): LogLine {
  return { severity, message, event: EVENT_OF.get(message) as EventName, ...details };
}
