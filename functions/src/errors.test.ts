import { errorsPage } from '../test/errors-page.js';
import { expectUpToDate } from '../test/generated-file.js';
import { ImageFailure, IMAGE_FAILURES, REQUEST_FAILURES, type FailureInfo } from './errors.js';

test('docs/reference/errors.md is up to date (npm run docs)', () => {
  expectUpToDate('docs/reference/errors.md', errorsPage());
});

const failures: [string, FailureInfo][] = Object.entries({
  ...IMAGE_FAILURES,
  ...REQUEST_FAILURES,
});

test.each(failures)('%s has complete sentences', (_code, failure) => {
  const { publicMessage, meaning, retry = 'No.' } = failure;
  for (const text of [publicMessage, meaning, retry]) expect(text).toMatch(/^[A-Z`].*[.)]$/);
});

test('keeps the detail of a failure out of its public message', () => {
  const failure = new ImageFailure('empty-file', 'expected an image, found 0 bytes');
  expect(failure.message).toBe('empty-file: expected an image, found 0 bytes');
  expect(failure.publicMessage).toBe(IMAGE_FAILURES['empty-file'].publicMessage);
});
