import { config, NAME, NOW, setUp, upload } from '../../test/lifecycle/upload-fixture.js';
import { originalFinalized } from './original-finalized.js';
import { RETRY_WINDOW_MS } from './retry.js';

const unavailable = () => Promise.reject(Object.assign(new Error(`no ${NAME}`), { code: 503 }));

test('revokes the download token and enqueues the processing, and asks for nothing else', async () => {
  const { context, backend, put } = setUp();
  put(upload());
  await originalFinalized(upload(), context);
  expect(backend.originals.get(NAME)?.hasDownloadToken).toBe(false);
  expect(backend.calls).toEqual({ revokeDownloadTokens: 1, 'queues.processImage': 1 });
  expect(backend.tasks).toEqual([
    {
      queue: 'processImage',
      id: expect.stringMatching(/^[\w-]{43}-0$/) as string,
      at: NOW,
      task: {
        name: NAME,
        generation: '1700000000000001',
        contentType: 'image/jpeg',
        bytes: 5,
      },
    },
  ]);
});

test('a duplicate event enqueues nothing; another generation has a task of its own', async () => {
  const { context, backend } = setUp();
  for (const generation of ['1', '1', '2', '1']) {
    await originalFinalized(upload({ generation }), context);
  }
  expect(backend.tasks).toHaveLength(2);
});

test('sends no request to Cloud Storage when the event shows no download token', async () => {
  const { context, backend } = setUp();
  await originalFinalized({ ...upload(), hasDownloadToken: false }, context);
  expect(backend.calls).toEqual({ 'queues.processImage': 1 });
});

test('revokes the token of an original whose ids are invalid, and does not process it', async () => {
  const { context, backend, put, logged } = setUp();
  put(upload());
  await originalFinalized({ ...upload(), hasOwner: false }, context);
  expect(backend.originals.get(NAME)?.hasDownloadToken).toBe(false);
  expect(backend.tasks).toEqual([]);
  expect(logged).toMatchObject([
    ['WARNING', expect.stringContaining('upload not processed'), {}],
    ['INFO', 'revoked download token', { afterMs: 0 }],
  ]);
  expect(JSON.stringify(logged)).not.toContain('example.com');
});

test('keeps the download token when LOCK_ORIGINALS is false', async () => {
  const { context, backend, put } = setUp({ config: { ...config, lockOriginals: false } });
  put(upload());
  await originalFinalized(upload(), context);
  expect(backend.originals.get(NAME)?.hasDownloadToken).toBe(true);
});

test('revokes the token while Cloud Tasks is unavailable; the error is thrown without names', async () => {
  const { context, backend, put, logged } = setUp();
  put(upload());
  backend.queues.enqueueProcess = unavailable;
  await expect(originalFinalized(upload(), context)).rejects.toThrow(/^Error 503$/);
  expect(backend.originals.get(NAME)?.hasDownloadToken).toBe(false);
  expect(logged).toMatchObject([
    ['INFO', 'revoked download token', { afterMs: 0 }],
    ['WARNING', expect.stringContaining('enqueue'), {}],
  ]);
  expect(JSON.stringify(logged)).not.toContain('example.com');
});

test('enqueues the processing while Cloud Storage is unavailable; the error is thrown', async () => {
  const { context, backend, put, logged, time } = setUp();
  put(upload());
  backend.objects.revokeDownloadTokens = unavailable;
  await expect(originalFinalized(upload(), context)).rejects.toThrow(/^Error 503$/);
  expect(backend.tasks).toHaveLength(1);
  const message = expect.stringContaining('anyone who has the token') as string;
  expect(logged).toMatchObject([['WARNING', message, {}]]);
  time.now += RETRY_WINDOW_MS + 1;
  // Eventarc retries for a day.
  await expect(originalFinalized(upload(), context)).rejects.toThrow(/^Error 503$/);
  expect(logged.at(-1)).toMatchObject(['ERROR', message, {}]);
});

test('neither step waits for the other', async () => {
  const { context, backend } = setUp();
  const started: string[] = [];
  const never = (step: string) => () => {
    started.push(step);
    return new Promise<never>(() => {});
  };
  backend.objects.revokeDownloadTokens = never('revoke');
  backend.queues.enqueueProcess = never('enqueue');
  void originalFinalized(upload(), context);
  await Promise.resolve();
  expect(started).toEqual(['revoke', 'enqueue']);
});
