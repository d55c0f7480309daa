import { setImmediate } from 'node:timers/promises';
import {
  config,
  NAME,
  OWNER,
  process,
  processed,
  setUp,
  upload,
} from '../../test/lifecycle/upload-fixture.js';
import { parseConfig } from '../config/config.js';
import { entityTag } from '../domain/entity-tag.js';
import { hashToken, isToken } from '../domain/token.js';
import { MAX_ATTEMPT_MS } from '../domain/attempt-id.js';
import { ImageFailure } from '../errors.js';
import type { Rendition } from '../processing/process-image.js';
import { refresh } from './backfill.js';

test('writes renditions, an image record and a token record', async () => {
  const { context, backend, put, image } = setUp();
  put(upload());
  await expect(process(upload(), context)).resolves.toBe('ready');

  expect(image()).toMatchObject({
    state: 'ready',
    original: {
      bucket: 'bucket',
      name: NAME,
      generation: '1700000000000001',
      contentType: 'image/jpeg',
      bytes: 5,
      width: 80,
      height: 60,
    },
    variants: {
      w40: { width: 40, height: 30, formats: { webp: { bytes: 8 }, jpeg: { bytes: 8 } } },
      w20: { width: 20, height: 30, formats: { webp: { bytes: 8 }, jpeg: { bytes: 8 } } },
    },
    placeholder: processed.placeholder,
  });
  const token = image()?.token ?? '';
  expect(isToken(token)).toBe(true);
  const record = backend.tokens.get(hashToken(token));
  expect(record).toMatchObject({ uid: 'alice', imageId: 'cat@example.com.jpg', kind: 'default' });
  const rendition = record?.image?.renditions['w40']?.webp;
  const data = backend.renditions.get(rendition?.object ?? '');
  expect(data?.toString()).toBe('w40 webp');
  expect(rendition?.etag).toBe(entityTag(data ?? ''));
  // The object name and the entity tag come from the same digest.
  expect(rendition?.object).toContain(`/w40-${rendition?.etag.slice(1, 9)}.webp`);
  expect(backend.renditions.size).toBe(4);
});

test('variants of the same size share one object', async () => {
  const renditions = processed.renditions
    .slice(0, 2)
    .map((rendition) => ({ ...rendition, variants: ['w40', 'w20'] }));
  const shared = { ...processed, renditions };
  const { context, backend, put, image } = setUp({ processImage: () => Promise.resolve(shared) });
  put(upload());
  await process(upload(), context);
  expect(backend.renditions.size).toBe(2);
  const { w40, w20 } = backend.tokens.get(hashToken(image()?.token ?? ''))?.image?.renditions ?? {};
  expect(w40?.webp?.object).toMatch(/w40-.{8}[.]webp$/);
  expect(w20).toEqual(w40);
  expect(image()?.variants?.['w20']).toEqual(image()?.variants?.['w40']);
});

test('revokes a download token that was not in the event before it processes the image', async () => {
  const { context, backend, put } = setUp({
    processImage: () => {
      expect(backend.originals.get(NAME)?.hasDownloadToken).toBe(false);
      return Promise.resolve(processed);
    },
  });
  put(upload());
  await process(upload(), context);
  expect(backend.calls['revokeDownloadTokens']).toBe(1);
});

test('keeps the download token when LOCK_ORIGINALS is false', async () => {
  const { context, backend, put } = setUp({ config: { ...config, lockOriginals: false } });
  put(upload());
  await expect(process(upload(), context)).resolves.toBe('ready');
  expect(backend.originals.get(NAME)?.hasDownloadToken).toBe(true);
});

test('a duplicate event creates no further renditions or tokens', async () => {
  const { context, backend, put, image } = setUp();
  put(upload());
  await process(upload(), context);
  const { token } = image() ?? {};
  await expect(process(upload(), context)).resolves.toBe('done');
  expect(backend.calls['writeRendition']).toBe(4);
  expect(image()?.token).toBe(token);
  expect(backend.tokens.size).toBe(1);
});

test('an upload over an original keeps the token', async () => {
  const { context, put, image } = setUp();
  put(upload());
  await process(upload(), context);
  const { token } = image() ?? {};
  const next = upload({ generation: '1700000000000002' });
  put(next);
  await expect(process(next, context)).resolves.toBe('ready');
  expect(image()).toMatchObject({ token, original: { generation: '1700000000000002' } });
});

test('writes a rendition while others are made, and deletes it later if one of these fails', async () => {
  const { context, put, backend, image } = setUp();
  const [rendition] = processed.renditions as [Rendition];
  let written: number | undefined;
  context.processImage = async (_bytes, _settings, onRendition) => {
    onRendition(rendition);
    // A retry in a new process makes it again.
    onRendition(rendition);
    await setImmediate();
    written = backend.renditions.size;
    throw new ImageFailure('damaged-image', 'found noise');
  };
  put(upload());
  await expect(process(upload(), context)).resolves.toBe('failed');
  expect([written, backend.calls['writeRendition']]).toEqual([1, 1]);
  expect(image()?.error?.code).toBe('damaged-image');
  expect(backend.tasks).toMatchObject([
    { queue: 'cleanup', task: { name: upload().original.name } },
  ]);
});

test('a late event of an older upload changes nothing', async () => {
  const { context, put, image, processedUploads } = setUp();
  // Compared as text, 9… would be greater than 10…
  const newer = upload({ generation: '10000000000000000' });
  put(newer);
  await process(newer, context);
  const older = upload({ generation: '9999999999999999' });
  // In a bucket with object versioning, the older version still exists.
  put(older);
  await expect(process(older, context)).resolves.toBe('stale');
  expect(image()?.original.generation).toBe('10000000000000000');
  expect(processedUploads).toHaveLength(1);
});

test('an attempt that takes longer than a function may run is superseded by a newer upload', async () => {
  const { context, put, backend, image, time } = setUp();
  const newer = upload({ generation: '1700000000000002' });
  context.processImage = async () => {
    context.processImage = () => Promise.resolve(processed);
    put(newer);
    time.now += MAX_ATTEMPT_MS + 1;
    await process(newer, context);
    return processed;
  };
  put(upload());
  await expect(process(upload(), context)).resolves.toBe('superseded');
  expect(image()?.original.generation).toBe('1700000000000002');
  expect([...backend.tokens.values()][0]?.image?.generation).toBe('1700000000000002');
});

test.each([true, false])(
  'an original that does not exist leaves no records (LOCK_ORIGINALS: %p)',
  async (lockOriginals) => {
    const { context, image, backend } = setUp();
    context.config = { ...context.config, lockOriginals };
    // Too large: the size would be checked before the original is read.
    const large = upload({ bytes: config.maxBytes + 1 });
    await expect(process(large, context)).resolves.toBe('missing');
    expect(image()).toBeUndefined();
    expect(backend.tokens.size + backend.renditions.size).toBe(0);
  },
);

test('a deleted original is missing although object versioning keeps it readable', async () => {
  const { context, backend, put } = setUp();
  put(upload());
  backend.objects.findOriginal = () => Promise.resolve(undefined);
  await expect(process(upload(), context)).resolves.toBe('missing');
  expect(backend.images.size + backend.tokens.size + backend.renditions.size).toBe(0);
});

test('each duplicate task takes one read of the record; it may have read the original too', async () => {
  const { context, put, backend } = setUp();
  put(upload());
  await process(upload(), context);
  const before = { ...backend.calls };
  for (let count = 1; count < 10; count++) await process(upload(), context);
  expect(backend.calls).toEqual({ ...before, begin: 10, readOriginal: 10 });
  for (let turn = 1; turn < 10; turn++) await process(upload(), context, { turn });
  expect(backend.calls).toEqual({ ...before, begin: 19, readOriginal: 10 });
});

describe('a token whose record was deleted stays revoked', () => {
  test('after another upload', async () => {
    const { context, put, backend, image } = setUp();
    put(upload());
    await process(upload(), context);
    backend.tokens.clear();
    const next = upload({ generation: '1700000000000002' });
    put(next);
    await expect(process(next, context)).resolves.toBe('ready');
    expect(isToken(image()?.token ?? '')).toBe(true);
    expect(backend.tokens.size).toBe(0);
  });

  test('when it was deleted during the first attempt', async () => {
    const { context, put, backend } = setUp();
    context.processImage = () => {
      expect(backend.tokens.size).toBe(1);
      backend.tokens.clear();
      return Promise.resolve(processed);
    };
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('ready');
    expect(backend.tokens.size).toBe(0);
  });
});

test('overwrites a document that something else wrote', async () => {
  const { context, put, backend, image } = setUp();
  backend.images.set('users/alice/images/cat@example.com.jpg', { note: 'mine' } as never);
  put(upload());
  await expect(process(upload(), context)).resolves.toBe('ready');
  expect(image()?.state).toBe('ready');
});

describe('an upload that is not an image', () => {
  const rejectImage = () => Promise.reject(new ImageFailure('not-an-image', 'found text'));

  test('is recorded as failed with a code and a message, and is not retried', async () => {
    const { context, put, image, backend } = setUp({ processImage: rejectImage });
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'not-an-image' } });
    expect(image()?.error?.message).toMatch(/^The file is not an image .*\.$/);
    // The token exists and serves nothing.
    expect([...backend.tokens.values()].map((token) => token.image)).toEqual([undefined]);
    await expect(process(upload(), context)).resolves.toBe('done');
  });

  test('is replaced by the next upload that is an image', async () => {
    const { context, put, image } = setUp({ processImage: rejectImage });
    put(upload());
    await process(upload(), context);
    context.processImage = () => Promise.resolve(processed);
    const next = upload({ generation: '1700000000000002' });
    put(next);
    await expect(process(next, context)).resolves.toBe('ready');
    expect(image()).not.toHaveProperty('error');
  });

  test('keeps the renditions of the previous upload', async () => {
    const { context, put, image, backend } = setUp();
    put(upload());
    await process(upload(), context);
    context.processImage = rejectImage;
    const next = upload({ generation: '1700000000000002' });
    put(next);
    await expect(process(next, context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', variants: { w40: {} } });
    const record = backend.tokens.get(hashToken(image()?.token ?? ''));
    expect(record?.image?.generation).toBe('1700000000000001');
  });

  test('is not read when it has too many bytes', async () => {
    const { context, put, image, backend } = setUp();
    const large = upload({ bytes: config.maxBytes + 1 });
    put(large);
    await expect(process(large, context)).resolves.toBe('failed');
    expect(image()?.error?.code).toBe('too-many-bytes');
    expect(backend.calls['readOriginal']).toBeUndefined();
  });
});

describe('variants with effects', () => {
  const settings = parseConfig({
    BUCKET: 'bucket',
    VARIANTS: 'w40:40:watermark:blur=2,w20:20x30:contain',
    FORMATS: 'webp,jpeg',
    WATERMARK: 'logo.png',
  });
  const watermark = { bytes: Buffer.from('logo'), scale: 1, opacity: 1 };

  test('are recorded, and not as cropped', async () => {
    const used: unknown[] = [];
    const { context, backend, put, image } = setUp({
      config: settings,
      readWatermark: () => Promise.resolve(watermark),
      processImage: (_bytes, { watermarkImage }) => {
        used.push(watermarkImage);
        return Promise.resolve(processed);
      },
    });
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('ready');
    expect(used).toEqual([watermark]);
    const { w40, w20 } = image()?.variants ?? {};
    expect([w40?.altered, w20?.altered]).toEqual(['blur=2,watermark', 'background=ffffff']);
    expect(w20).not.toHaveProperty('cropped');
    const token = backend.tokens.get(hashToken(image()?.token ?? ''));
    expect(token?.image?.renditions['w40']).toMatchObject({ altered: 'blur=2,watermark' });
  });

  test('a missing watermark fails the image, which the next backfill processes', async () => {
    let readWatermark = () =>
      Promise.reject<never>(new ImageFailure('watermark-unavailable', 'none'));
    const { context, put, image } = setUp({
      config: settings,
      readWatermark: () => readWatermark(),
    });
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'watermark-unavailable' } });
    expect(image()).not.toHaveProperty('settings');
    readWatermark = () => Promise.resolve(watermark) as Promise<never>;
    const stored = await context.backend.objects.findOriginal(NAME);
    if (stored === undefined) throw new Error('expected the original');
    await refresh(OWNER, stored, context, { isFinalAttempt: true, reprocess: 'outdated' });
    expect(image()?.state).toBe('ready');
  });
});
