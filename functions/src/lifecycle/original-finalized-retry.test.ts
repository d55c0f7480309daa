import { NAME, NOW, OWNER, processed, setUp, upload } from '../../test/lifecycle/upload-fixture.js';
import { originalFinalized } from './original-finalized.js';
import { RETRY_WINDOW_MS } from './retry.js';

describe('a transient error', () => {
  const unavailable = () => Promise.reject(Object.assign(new Error(`no ${NAME}`), { code: 503 }));

  test('is thrown, so that the platform retries', async () => {
    const { context, put, image } = setUp({ processImage: unavailable });
    put(upload());
    await expect(originalFinalized(upload(), context)).rejects.toThrow(/^Error 503$/);
    expect(image()?.state).toBe('processing');
    context.processImage = () => Promise.resolve(processed);
    await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  });

  test('is recorded as a failure after an hour', async () => {
    const { context, put, image } = setUp({
      processImage: unavailable,
      now: () => NOW + RETRY_WINDOW_MS + 1,
    });
    put(upload());
    await expect(originalFinalized(upload(), context)).resolves.toBe('failed');
    expect(image()?.error?.code).toBe('retries-exhausted');
    expect(image()).not.toHaveProperty('attempt');
  });

  test('is not retried after an hour when the previous attempt died: it may crash the process each time', async () => {
    const { context, put, processedUploads, image, processImage } = setUp();
    context.processImage = unavailable;
    put(upload());
    await expect(originalFinalized(upload(), context)).rejects.toThrow('Error 503');
    context.processImage = processImage;
    context.now = () => NOW + RETRY_WINDOW_MS + 1;
    await expect(originalFinalized(upload(), context)).resolves.toBe('failed');
    expect(processedUploads).toEqual([]);
    expect(image()?.error?.code).toBe('retries-exhausted');
  });

  test('a late event supersedes an attempt that is still running', async () => {
    const late = NOW + RETRY_WINDOW_MS + 1;
    const { context, backend, put, image } = setUp({ now: () => late });
    put(upload());
    const { original } = upload();
    const plan = { original, settings: { renditions: '', all: '' }, reprocess: 'never' as const };
    await backend.records.begin(OWNER, plan);
    const record = image();
    if (record) record.updatedAt = late - 1000;
    await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  });

  test('an event that was delivered after more than an hour has one attempt', async () => {
    const { context, put } = setUp({ now: () => NOW + RETRY_WINDOW_MS + 1 });
    put(upload());
    await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  });

  test.each(['revokeDownloadTokens', 'readOriginal', 'writeRendition', 'begin'] as const)(
    'of %s is retried for an hour, and then recorded if possible',
    async (call) => {
      const { context, backend, put, image } = setUp();
      const methods = call === 'begin' ? backend.records : backend.objects;
      Object.assign(methods, { [call]: unavailable });
      put(upload());
      await expect(originalFinalized(upload(), context)).rejects.toThrow('Error 503');
      context.now = () => NOW + RETRY_WINDOW_MS + 1;
      await expect(originalFinalized(upload(), context)).resolves.toBe('failed');
      const code = call === 'begin' ? undefined : 'retries-exhausted';
      expect(image()?.error?.code).toBe(code);
    },
  );

  test('of Cloud Tasks does not leave the image in the state processing', async () => {
    const { context, backend, put, image } = setUp();
    put(upload());
    await originalFinalized(upload(), context);
    const next = upload({ generation: '1700000000000002' });
    put(next);
    backend.queues.scheduleCleanup = unavailable;
    await expect(originalFinalized(next, context)).rejects.toThrow('Error 503');
    context.now = () => NOW + RETRY_WINDOW_MS + 1;
    await expect(originalFinalized(next, context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'retries-exhausted' } });
  });

  test('is logged without names, tokens or URLs', async () => {
    const { context, put, logged, image } = setUp({ processImage: unavailable });
    put(upload());
    await originalFinalized(upload(), context).catch(() => {});
    context.processImage = () => Promise.resolve(processed);
    await originalFinalized(upload(), context);
    const text = JSON.stringify(logged);
    expect(logged).toHaveLength(2);
    expect(text).not.toContain('example.com');
    expect(text).not.toContain(image()?.token);
  });
});
