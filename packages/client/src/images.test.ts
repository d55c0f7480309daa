import { firebaseError, imageData, openMemoryBackend, settled } from '../test/memory-backend.js';
import { createImagesWith, type ImagesOptions } from './images.js';

function open(options: Partial<ImagesOptions> = {}) {
  const backend = openMemoryBackend();
  return { backend, images: createImagesWith(backend, { baseUrl: '/i', ...options }) };
}

test('watches an image until it is unsubscribed', () => {
  const { backend, images } = open();
  const next = jest.fn();
  const stop = images.watch('cat', next);
  const path = 'users/alice/images/cat';
  // More is expected while there is no record, and while it is being processed.
  expect(backend.send(path, undefined)).toEqual([true]);
  expect(backend.send(path, imageData({ state: 'processing' }))).toEqual([true]);
  expect(backend.send(path, imageData())).toEqual([false]);
  expect(next.mock.calls.map(([image]: [{ state?: string }?]) => image?.state)).toEqual([
    undefined,
    'processing',
    'ready',
  ]);
  stop();
  expect(backend.watched()).toEqual([]);
});

test('watches all images, newest first', () => {
  const { backend, images } = open({ imagesCollection: 'people/{uid}/photos' });
  const next = jest.fn();
  images.watchAll(next, { limit: 9 });
  expect(backend.watched()).toEqual([['people/alice/photos', { limit: 9 }]]);
  const documents = [{ id: 'cat', data: imageData() }];
  expect(backend.sendAll('people/alice/photos', documents)).toEqual([false]);
  expect(next).toHaveBeenCalledWith([expect.objectContaining({ id: 'cat', token: 'spv_x' })]);
});

test('a subscription without a user reports an error, later', async () => {
  const { backend, images } = open();
  backend.user = undefined;
  const error = jest.fn();
  images.watchAll(() => {}, { error })();
  images.watch('cat', () => {}, error)();
  images.shares.watch(() => {}, { error })();
  expect(error).not.toHaveBeenCalled();
  await settled();
  expect(error).toHaveBeenCalledTimes(3);
  expect(error).toHaveBeenCalledWith(expect.objectContaining({ code: 'not-signed-in' }));
});

describe('waitFor', () => {
  const path = 'users/alice/images/cat';

  test('ignores the record of an earlier upload, also with 19 digits', async () => {
    const { backend, images } = open();
    const waiting = images.waitFor('cat', { generation: '9007199254740993000' });
    const withGeneration = (generation: string) =>
      imageData({ original: { generation } as never, token: generation });
    backend.send(path, withGeneration('9007199254740992999'));
    backend.send(path, withGeneration('9007199254740993001'));
    expect(await waiting).toHaveProperty('token', '9007199254740993001');
  });

  test('ends with the signal', async () => {
    const { backend, images } = open();
    const abort = new AbortController();
    const waiting = images.waitFor('cat', { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toHaveProperty('code', 'canceled');
    const late = images.waitFor('cat', { signal: abort.signal });
    await expect(late).rejects.toHaveProperty('code', 'canceled');
    await settled();
    expect(backend.watched()).toEqual([]);
  });
});

test('remove deletes the original; one that is gone is no error', async () => {
  const { backend, images } = open({ originalsPath: 'photos/{imageId}/of/{uid}' });
  await images.remove('cat');
  expect(backend.deleted).toEqual(['photos/cat/of/alice']);
  backend.delete = () => Promise.reject(firebaseError('storage/unauthorized'));
  await expect(images.remove('cat')).rejects.toHaveProperty('code', 'refused-by-rules');
  await expect(images.remove('a/b')).rejects.toHaveProperty('code', 'unknown');
});

test('makes URLs and pictures with the base URL', () => {
  const { images } = open();
  const file = { object: 'o', bytes: 1, etag: '"e"' };
  const variants = { w800: { width: 800, height: 600, formats: { jpeg: file } } };
  const image = { token: 'spv_x', variants };
  expect(images.url(image, 'w800')).toBe('/i/spv_x/w800');
  expect(images.url(image, 640)).toBe('/i/spv_x?w=640');
  expect(images.picture(image, { alt: '' })?.img.src).toBe('/i/spv_x/w800.jpg');
  expect(images.pictureHtml(image, { alt: '' })).toContain('src="/i/spv_x/w800.jpg"');
});
