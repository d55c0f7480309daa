import {
  firebaseError,
  imageData,
  jpegFile,
  openMemoryBackend,
  settled,
} from '../test/memory-backend.js';
import { parseFocus } from '../../../functions/src/domain/focus.js';
import { createImagesWith, type ImagesOptions } from './images.js';

function open(options: Partial<ImagesOptions> = {}) {
  const backend = openMemoryBackend();
  const images = createImagesWith(backend, { baseUrl: '/i', ...options });
  const recordOf = (id: string) => `users/alice/images/${id}`;
  return { backend, images, recordOf };
}

test('uploads with the type of the bytes, reports each state, and is ready with the image', async () => {
  const { backend, images, recordOf } = open();
  const upload = images.upload(jpegFile('photo.txt'));
  const states: unknown[] = [];
  upload.subscribe(() => states.push([upload.state, upload.progress]));
  await settled();
  const [transfer] = backend.transfers;
  expect(transfer).toMatchObject({
    path: `originals/alice/${upload.id}`,
    contentType: 'image/jpeg',
  });
  transfer?.progress(0.5);
  transfer?.finish('7');
  await settled();
  const { id } = upload;
  // Of the upload before, under the same id.
  backend.send(recordOf(id), imageData());
  const original = { generation: '7' } as never;
  backend.send(recordOf(id), imageData({ state: 'processing', original }));
  expect(upload.image).toMatchObject({ id, state: 'processing' });
  backend.send(recordOf(id), imageData({ original }));
  expect(await upload.ready).toMatchObject({ id, token: 'spv_x', createdAt: new Date(1_000) });
  expect(new Set(states.map((state) => JSON.stringify(state)))).toEqual(
    new Set(['["uploading",0]', '["uploading",0.5]', '["processing",1]', '["ready",1]']),
  );
  await settled();
  expect(backend.watched()).toEqual([]);
});

test('states the focal point, for functions that accept six decimals', async () => {
  const { backend, images } = open();
  images.upload(jpegFile(), { focus: { x: 1 / 3, y: 1 } });
  images.upload(jpegFile());
  await settled();
  const [first, second] = backend.transfers;
  expect(first?.customMetadata).toEqual({ focus: '0.3333,1.0000' });
  expect(parseFocus(first?.customMetadata?.['focus'])).toEqual({ x: 0.3333, y: 1 });
  expect(second?.customMetadata).toBeUndefined();
});

test('replaces the status at each change', async () => {
  const { images } = open();
  const upload = images.upload(jpegFile());
  const before = upload.status;
  expect(upload.status).toBe(before);
  await settled();
  expect(upload.status).not.toBe(before);
  expect(upload.status.state).toBe('uploading');
});

test('uploads four at a time', async () => {
  const { backend, images } = open();
  const uploads = Array.from({ length: 6 }, () => images.upload(jpegFile()));
  await settled();
  expect(backend.transfers).toHaveLength(4);
  expect(uploads[5]?.state).toBe('waiting');
  backend.transfers[0]?.finish('1');
  backend.transfers[1]?.fail(firebaseError('storage/unknown'));
  await settled();
  expect(backend.transfers).toHaveLength(6);
});

describe('cancel', () => {
  test('before a byte is sent: nothing is uploaded or deleted', async () => {
    const { backend, images } = open();
    const upload = images.upload(jpegFile(), { signal: AbortSignal.abort() });
    await expect(upload.ready).rejects.toMatchObject({ code: 'canceled' });
    expect([upload.state, backend.transfers, backend.deleted]).toEqual(['canceled', [], []]);
  });

  test.each(['early', 'late'])('%s: deletes the original of a new id', async (when) => {
    const { backend, images } = open();
    const abort = new AbortController();
    const upload = images.upload(jpegFile(), { signal: abort.signal });
    await settled();
    if (when === 'late') backend.transfers[0]?.finish('7');
    if (when === 'late') await settled();
    abort.abort();
    expect(upload.state).toBe('canceled');
    await expect(upload.ready).rejects.toMatchObject({ code: 'canceled' });
    expect(backend.deleted).toEqual([`originals/alice/${upload.id}`]);
    await settled();
    expect(backend.watched()).toEqual([]);
  });

  test('never deletes under an id that the app gave: there may be an older photo', async () => {
    const { backend, images } = open();
    const upload = images.upload(jpegFile(), { id: 'cat' });
    await settled();
    upload.cancel();
    await expect(upload.ready).rejects.toMatchObject({ code: 'canceled' });
    expect(backend.deleted).toEqual([]);
  });

  test('does nothing to an image that is ready', async () => {
    const { backend, images, recordOf } = open();
    const upload = images.upload(jpegFile());
    await settled();
    backend.transfers[0]?.finish('1');
    await settled();
    backend.send(recordOf(upload.id), imageData());
    await upload.ready;
    upload.cancel();
    expect([upload.state, backend.deleted]).toEqual(['ready', []]);
  });
});

describe('retry', () => {
  test('uploads again under the same id', async () => {
    const { backend, images, recordOf } = open();
    const upload = images.upload(jpegFile());
    await settled();
    backend.transfers[0]?.fail(firebaseError('storage/retry-limit-exceeded'));
    await expect(upload.ready).rejects.toMatchObject({ code: 'offline', retryable: true });
    expect(upload.message).toBe('No connection.');
    const again = upload.retry();
    expect([upload.state, upload.error, upload.message]).toEqual(['waiting', undefined, undefined]);
    await settled();
    expect(backend.transfers[1]?.path).toBe(backend.transfers[0]?.path);
    backend.transfers[1]?.finish('2');
    await settled();
    backend.send(recordOf(upload.id), imageData({ original: { generation: '2' } as never }));
    expect(await again).toMatchObject({ id: upload.id });
    expect(await upload.ready).toBe(await again);
  });

  test('only waits on when the file was uploaded', async () => {
    const { backend, images, recordOf } = open();
    const upload = images.upload(jpegFile());
    await settled();
    backend.transfers[0]?.finish('1');
    await settled();
    backend.sendError(recordOf(upload.id), firebaseError('unavailable'));
    await expect(upload.ready).rejects.toMatchObject({ code: 'unavailable' });
    const again = upload.retry();
    await settled();
    backend.send(recordOf(upload.id), imageData());
    await again;
    expect(backend.transfers).toHaveLength(1);
  });

  test('uploads again after a failed image, and can be canceled', async () => {
    const { backend, images, recordOf } = open();
    const upload = images.upload(jpegFile());
    await settled();
    backend.transfers[0]?.finish('1');
    await settled();
    const error = { code: 'damaged-image', message: 'Damaged.' };
    backend.send(recordOf(upload.id), imageData({ state: 'failed', error }));
    await expect(upload.ready).rejects.toMatchObject({ code: 'failed', cause: error });
    const again = upload.retry();
    await settled();
    expect(backend.transfers).toHaveLength(2);
    upload.cancel();
    await expect(again).rejects.toMatchObject({ code: 'canceled' });
  });
});

test('an id that is not valid is refused at once', () => {
  const { images } = open();
  expect(() => images.upload(jpegFile(), { id: 'a/b' })).toThrow('without "/"');
});

test('prepare changes what is uploaded', async () => {
  const { backend, images } = open({ prepare: () => Promise.resolve(jpegFile('small', 20)) });
  images.upload(jpegFile('large', 2_000));
  await settled();
  expect(backend.transfers[0]?.data.size).toBe(20);
});
