import { isPermanentError } from './permanent-error.js';
import { QueueError } from './queues.js';

const errorWith = (code: unknown, message = 'rejected') =>
  Object.assign(new Error(message), { code });

test.each([
  ['INVALID_ARGUMENT of Firestore', errorWith(3, '3 INVALID_ARGUMENT: Document is too large')],
  ['FAILED_PRECONDITION of Firestore', errorWith(9, '9 FAILED_PRECONDITION: no such index')],
  ['400 of Cloud Storage', errorWith(400)],
  ['412 of Cloud Storage', errorWith(412, 'Request violates constraint')],
])('%s is permanent', (_what, error) => {
  expect(isPermanentError(error)).toBe(true);
});

test.each([
  [
    'a transaction that was open for too long',
    errorWith(
      3,
      '3 INVALID_ARGUMENT: The referenced transaction has expired or is no longer valid.',
    ),
  ],
  [
    'a query that ran for too long',
    errorWith(9, '9 FAILED_PRECONDITION: The requested snapshot version is too old.'),
  ],
  [
    'an index that is being built',
    errorWith(9, '9 FAILED_PRECONDITION: That index is currently building and cannot be used yet.'),
  ],
  ['contention (ABORTED)', errorWith(10)],
  ['an outage of Firestore (UNAVAILABLE)', errorWith(14)],
  ['an outage of Cloud Storage', errorWith(503)],
  ['too many requests to Cloud Storage', errorWith(429)],
  ['missing access, which an administrator can grant', errorWith(403)],
  ['a rejected task', new QueueError(400)],
  ['a code that is text', errorWith('3')],
  ['an error without a code', new Error('3')],
  ['undefined', undefined],
])('%s is not', (_what, error) => {
  expect(isPermanentError(error)).toBe(false);
});
