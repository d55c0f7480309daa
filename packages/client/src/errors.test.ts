/** Each row of the table of failures: what happened, the code, the sentence, whether to try again. */
import { IMAGE_FAILURES } from '../../../functions/src/errors.js';
import {
  firebaseError,
  imageData,
  jpegFile,
  openMemoryBackend,
  settled,
  type MemoryBackend,
} from '../test/memory-backend.js';
import { ImagesError, openErrors } from './errors.js';
import { createImagesWith, type Images } from './images.js';

const MIB = 2 ** 20;

function open(backend = openMemoryBackend()): { backend: MemoryBackend; images: Images } {
  return { backend, images: createImagesWith(backend, { baseUrl: '/i' }) };
}

const textFile = (text: string, name = 'notes.jpg') =>
  new File([text], name, { type: 'image/jpeg' });

describe('before a byte is sent', () => {
  const [big, barely] = [31, 25].map((size) => jpegFile('big.jpg', size * MIB + 1));
  test.each([
    ['empty', textFile(''), 'empty-file', 'notes.jpg is empty.'],
    [
      'not an image',
      textFile('plain text'),
      'not-an-image',
      'notes.jpg is not a photo that can be read: JPEG, PNG, WebP, GIF, AVIF or HEIC.',
    ],
    ['too large', big, 'too-many-bytes', 'big.jpg has 31 MB; the limit is 25 MB.'],
    ['barely too large', barely, 'too-many-bytes', 'big.jpg has 26 MB; the limit is 25 MB.'],
    ['without a name', new Blob(['']), 'empty-file', 'The file is empty.'],
  ] as const)('%s', async (_what, file, code, message) => {
    const { backend, images } = open();
    const upload = images.upload(file as File);
    await expect(upload.ready).rejects.toMatchObject({ code, message, retryable: false });
    expect([upload.state, upload.message, backend.transfers]).toEqual(['failed', message, []]);
  });

  test('not signed in', async () => {
    const { backend, images } = open();
    backend.user = undefined;
    const expected = {
      code: 'not-signed-in',
      message: 'Sign in to upload photos.',
      retryable: false,
    };
    await expect(images.upload(jpegFile()).ready).rejects.toMatchObject(expected);
    await expect(images.remove('cat')).rejects.toMatchObject(expected);
    await expect(images.waitFor('cat')).rejects.toMatchObject(expected);
    await expect(images.revokeAll('cat')).rejects.toMatchObject(expected);
    expect(backend.calls).toEqual([]);
  });
});

test.each([
  ['storage/unauthenticated', 'not-signed-in', 'Sign in to upload photos.', false],
  ['storage/unauthorized', 'refused-by-rules', 'The upload was refused.', false],
  [
    'storage/unauthorized-app',
    'app-not-verified',
    'This app could not be verified. Reload the page.',
    false,
  ],
  ['storage/retry-limit-exceeded', 'offline', 'No connection.', true],
  ['storage/quota-exceeded', 'quota', "Photos can't be stored at the moment.", true],
  ['storage/canceled', 'canceled', 'Canceled.', false],
  ['storage/other', 'unknown', 'Something went wrong. Try again.', true],
])('an upload that ends with %s', async (sdkCode, code, message, retryable) => {
  const log = jest.spyOn(console, 'error').mockImplementation();
  const { backend, images } = open();
  const upload = images.upload(jpegFile());
  await settled();
  const cause = firebaseError(sdkCode);
  backend.transfers[0]?.fail(cause);
  await expect(upload.ready).rejects.toMatchObject({ code, message, retryable, cause });
  const refused = `The rules refused an upload of 100 bytes, image/jpeg, to originals/alice/${upload.id}: compare storage.rules.`;
  expect(log.mock.calls).toEqual(code === 'refused-by-rules' ? [[refused]] : []);
  log.mockRestore();
});

test('while there is no connection, the message says so', async () => {
  const target = new EventTarget();
  const navigator = { onLine: false };
  const spies = ['addEventListener', 'removeEventListener'] as const;
  for (const name of spies) Object.assign(globalThis, { [name]: target[name].bind(target) });
  const { navigator: before } = globalThis;
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  try {
    const { images } = open();
    const upload = images.upload(jpegFile());
    await settled();
    expect(upload.message).toBe('Waiting for a connection…');
    navigator.onLine = true;
    target.dispatchEvent(new Event('online'));
    expect(upload.message).toBeUndefined();
    upload.cancel();
    await settled();
    navigator.onLine = false;
    target.dispatchEvent(new Event('offline'));
    expect([upload.state, upload.message]).toEqual(['canceled', undefined]);
  } finally {
    Object.defineProperty(globalThis, 'navigator', { value: before, configurable: true });
    for (const name of spies) Reflect.deleteProperty(globalThis, name);
  }
});

describe('waiting for the record', () => {
  const path = 'users/alice/images/cat';

  test('no end within 120 s', async () => {
    jest.useFakeTimers();
    try {
      const { images } = open();
      const waiting = images.waitFor('cat');
      const expectation = expect(waiting).rejects.toMatchObject({
        code: 'timeout',
        message: 'Still being processed; you can leave this page.',
        retryable: true,
      });
      await jest.advanceTimersByTimeAsync(119_999);
      jest.advanceTimersByTime(1);
      await expectation;
    } finally {
      jest.useRealTimers();
    }
  });

  const isRetryable = (code: string) => ['retries-exhausted', 'damaged-image'].includes(code);
  test.each<readonly [string, boolean]>([
    ...Object.keys(IMAGE_FAILURES).map((code): [string, boolean] => [code, isRetryable(code)]),
    ['a code of a later version', false],
  ])('the image failed with %s', async (code, retryable) => {
    const { backend, images } = open();
    const waiting = images.waitFor('cat');
    const error = { code, message: 'A sentence of the functions.' };
    backend.send(path, imageData({ state: 'failed', error }));
    const expected = { code: 'failed', message: error.message, cause: error, retryable };
    await expect(waiting).rejects.toMatchObject(expected);
    await expect(waiting).rejects.toHaveProperty('image.id', 'cat');
  });

  test('the image is held for review', async () => {
    const { backend, images } = open();
    const waiting = images.waitFor('cat');
    backend.send(path, imageData({ state: 'held' }));
    const expected = { code: 'held', message: 'This photo is being reviewed.', retryable: false };
    await expect(waiting).rejects.toMatchObject(expected);
    await expect(waiting).rejects.toHaveProperty('image.state', 'held');
  });

  test('the record is not readable', () => {
    const log = jest.spyOn(console, 'error').mockImplementation();
    const { backend, images } = open();
    const errors: ImagesError[] = [];
    images.watch(
      'cat',
      () => {},
      (error) => errors.push(error),
    );
    backend.sendError(path, firebaseError('permission-denied'));
    expect(errors).toEqual([expect.any(ImagesError)]);
    const expected = { code: 'permission-denied', message: "You can't see this photo." };
    expect(errors[0]).toMatchObject(expected);
    expect(log.mock.calls).toEqual([['A read was refused: compare firestore.rules.']]);
    log.mockRestore();
  });
});

const share = (images: Images) => images.shares.create({ imageId: 'cat', expiresIn: 86_400 });

test.each([
  [
    'too-many-shares',
    { limit: 20 },
    'too-many-shares',
    'This photo has 20 links. Revoke one first.',
    false,
  ],
  ['too-many-requests', { retryAfter: 20 }, 'too-many-requests', 'Try again in 20 s.', true],
  [
    'expiry-too-long',
    { limit: 30 * 86_400 },
    'expiry-too-long',
    'Links here end after 30 days at most.',
    false,
  ],
  ['no-image', {}, 'no-image', 'The photo was deleted.', false],
  ['no-share', {}, 'no-share', 'The link was deleted.', false],
  ['not-signed-in', {}, 'not-signed-in', 'Sign in to upload photos.', false],
  ['image-failed', {}, 'refused', 'functions/x', false],
  ['unknown-variant', {}, 'refused', 'functions/x', false],
])('a share that is refused with %s', async (reason, details, code, message, retryable) => {
  const { backend, images } = open();
  backend.answers = [firebaseError('functions/x', { reason, ...details })];
  await expect(share(images)).rejects.toMatchObject({ code, message, retryable });
});

test('App Check refuses a call', async () => {
  const { backend, images } = open();
  backend.answers = [firebaseError('functions/unauthenticated')];
  await expect(share(images)).rejects.toMatchObject({ code: 'app-not-verified' });
});

test('an app replaces sentences', () => {
  const errors = openErrors({
    'empty-file': '{file} ist leer.',
    'too-many-shares': ({ limit }) => (limit === 1 ? 'Ein Link' : `${limit} Links`),
  });
  // Values are not templates.
  expect(errors.of('empty-file', { file: '{days}$&.jpg' }).message).toBe('{days}$&.jpg ist leer.');
  expect(errors.of('too-many-shares', { limit: 2 }).message).toBe('2 Links');
  expect(errors.of('offline').message).toBe('No connection.');
});
