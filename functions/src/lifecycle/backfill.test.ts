import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { hashToken } from '../domain/token.js';
import { backfill } from './backfill.js';
import { processText } from '../../test/lifecycle/test-harness.js';

const FIRST = { id: 'run', isFinalAttempt: false };

/** Uploads images whose events are never delivered. */
async function openExisting(images: number) {
  const memory = openMemoryHarness();
  const { harness, backend, time } = memory;
  for (let number = 0; number < images; number++) {
    await harness.upload(`originals/alice/${String(number).padStart(3, '0')}`, `image ${number}`);
  }
  // Uploaded before the installation: no function received the events.
  harness.events.length = 0;
  const context = {
    config: harness.config,
    backend,
    processImage: processText,
    now: () => time.now,
    log: (...line: unknown[]) => harness.logged.push(line),
  };
  return { ...memory, context };
}

test('processes existing images, ten per task, and records the progress', async () => {
  const { context, backend, harness, time } = await openExisting(25);
  await backfill({}, FIRST, context);
  await settle({ harness, time });
  expect(backend.images.size).toBe(25);
  expect([...backend.originals.values()].every(({ hasDownloadToken }) => !hasDownloadToken)).toBe(
    true,
  );
  expect(backend.progress.current).toMatchObject({
    run: 'run',
    state: 'done',
    total: 25,
    done: 25,
    failed: 0,
    pages: 3,
    pagesDone: 3,
  });
});

test('an image that is up to date takes one call', async () => {
  const { context, backend, harness, time } = await openExisting(10);
  await backfill({}, FIRST, context);
  await settle({ harness, time });
  const before = { ...backend.calls };
  await backfill({}, { ...FIRST, id: 'second' }, context);
  await settle({ harness, time });
  expect(backend.calls['begin']).toBe((before['begin'] ?? 0) + 10);
  for (const call of ['revokeDownloadTokens', 'readOriginal', 'writeRendition', 'finish']) {
    expect([call, backend.calls[call]]).toEqual([call, before[call]]);
  }
});

test('with onlyIfChanged, does nothing unless the parameters have changed', async () => {
  const { context, backend, harness, time } = await openExisting(1);
  await backfill({}, FIRST, context);
  await settle({ harness, time });
  await backfill({ onlyIfChanged: true }, { ...FIRST, id: 'unchanged' }, context);
  expect(backend.progress.current?.run).toBe('run');
  harness.reconfigure({ VARIANTS: 'w30:30' });
  const changed = { ...context, config: harness.config };
  await backfill({ onlyIfChanged: true }, { ...FIRST, id: 'changed' }, changed);
  await settle({ harness, time });
  expect(backend.progress.current).toMatchObject({ run: 'changed', state: 'done' });
  const [image] = backend.images.values();
  expect(Object.keys(image?.variants ?? {})).toEqual(['w30']);
});

test('keeps shares: what they allow, their expiry and their revocation', async () => {
  const { context, backend, harness, time } = await openExisting(1);
  await backfill({}, FIRST, context);
  await settle({ harness, time });
  const share = { imageId: '000', expiresIn: 86_400, label: 'Anna', variants: ['w20', 'w30'] };
  const kept = await backend.shares.create('alice', { ...share, shareId: 'share-that-is-kept' });
  await backend.shares.create('alice', { ...share, shareId: 'share-that-is-revoked' });
  await backend.shares.revoke('alice', 'share-that-is-revoked');
  const records = structuredClone(backend.shareRecords);
  const hash = hashToken(kept.token ?? '');
  const before = structuredClone(backend.tokens.get(hash));
  harness.reconfigure({ VARIANTS: 'w30:30' });
  const changed = { ...context, config: harness.config };
  await backfill({}, { ...FIRST, id: 'changed' }, changed);
  await settle({ harness, time });
  expect(backend.shareRecords).toEqual(records);
  const after = backend.tokens.get(hash);
  expect(after).toEqual({ ...before, image: after?.image });
  expect(Object.keys(after?.image?.renditions ?? {})).toEqual(['w30']);
  expect([...backend.tokens.values()].map(({ kind }) => kind).sort()).toEqual(['default', 'share']);
});

test('counts images that cannot be processed, and processes the others', async () => {
  const { context, backend, harness, time } = await openExisting(3);
  await harness.upload('originals/alice/bad', 'bad');
  harness.events.length = 0;
  await backfill({}, FIRST, context);
  await settle({ harness, time });
  expect(backend.progress.current).toMatchObject({ done: 4, failed: 1 });
});

describe('a transient error', () => {
  const down = () => Promise.reject(Object.assign(new Error('x'), { code: 503 }));
  const page = (images: number) => {
    const names = Array.from({ length: images }, (_, number) => `originals/alice/00${number}`);
    return { step: 'process' as const, run: 'run', page: 0, names };
  };

  test('causes the page to be retried, and does not stop the other images', async () => {
    const { context, backend } = await openExisting(3);
    await backend.jobs.start('run', 'settings', false);
    let calls = 0;
    const processImage: typeof context.processImage = (...args) =>
      (calls += 1) === 1 ? down() : processText(...args);
    await expect(backfill(page(3), FIRST, { ...context, processImage })).rejects.toThrow(
      'Error 503',
    );
    const states = [...backend.images.values()].map(({ state }) => state);
    expect(states).toEqual(['processing', 'ready', 'ready']);
    expect(backend.progress.current).toMatchObject({ done: 0 });
    await backfill(page(3), FIRST, context);
    expect(backend.progress.current).toMatchObject({ state: 'done', done: 3, failed: 0 });
  });

  test('is recorded as a failure on the final attempt', async () => {
    const { context, backend } = await openExisting(1);
    await backend.jobs.start('run', 'settings', false);
    await backfill(page(1), { ...FIRST, isFinalAttempt: true }, { ...context, processImage: down });
    expect(backend.progress.current).toMatchObject({ state: 'done', done: 1, failed: 1 });
    const [image] = backend.images.values();
    expect(image).toMatchObject({ state: 'failed', error: { code: 'retries-exhausted' } });
    expect(image).not.toHaveProperty('attempt');
  });

  test('does not keep the next run with the same parameters from processing the image', async () => {
    const { context, backend, harness, time } = await openExisting(1);
    await backend.jobs.start('run', 'settings', false);
    await backfill(page(1), { ...FIRST, isFinalAttempt: true }, { ...context, processImage: down });
    await backfill({}, { id: 'next', isFinalAttempt: false }, context);
    await settle({ harness, time });
    expect([...backend.images.values()].map(({ state }) => state)).toEqual(['ready']);
    expect(backend.progress.current).toMatchObject({ run: 'next', done: 1, failed: 0 });
  });
});

test('the first task of a replaced run has no effect when it is delivered again', async () => {
  const { context, backend, harness, time } = await openExisting(12);
  await backfill({}, FIRST, context);
  await backfill({}, { ...FIRST, id: 'newer' }, context);
  await backfill({}, FIRST, context);
  await settle({ harness, time });
  expect(backend.progress.current).toMatchObject({ run: 'newer', state: 'done', done: 12 });
});

describe('a replaced run', () => {
  const names = ['originals/alice/000'];
  const page = { step: 'process' as const, run: 'run', page: 0, names };

  test('processes no further page; the new run rechecks its page', async () => {
    const { context, backend } = await openExisting(1);
    await backend.jobs.start('newer', 'settings', false);
    await backfill(page, FIRST, context);
    expect(backend.images.size).toBe(0);
    const recheck = { step: 'recheck', run: 'newer', names };
    expect(backend.tasks.map(({ task }) => task)).toEqual([recheck]);
  });

  test('overwrites an image of the new run with old parameters; the recheck corrects it', async () => {
    const { context, backend, harness, time } = await openExisting(1);
    await backend.jobs.start('run', 'settings', false);
    harness.reconfigure({ VARIANTS: 'w30:30' });
    const processImage: typeof context.processImage = async (...args) => {
      await backend.jobs.start('newer', 'other settings', false);
      return processText(...args);
    };
    // The page still has the previous parameters.
    await backfill(page, FIRST, { ...context, processImage });
    expect(Object.keys([...backend.images.values()][0]?.variants ?? {})).toEqual(['w40', 'w20']);
    await settle({ harness, time });
    expect(Object.keys([...backend.images.values()][0]?.variants ?? {})).toEqual(['w30']);
  });
});

describe('a page that is delivered again has the same images', () => {
  const died = () => Promise.reject(Object.assign(new Error('died'), { name: 'Died' }));

  test('after another image was uploaded: none is skipped', async () => {
    const { context, backend, harness, time } = await openExisting(21);
    await backfill({}, FIRST, context);
    const handle = () => {
      const task = harness.takeTask();
      if (task?.queue !== 'backfill') throw new Error('expected a task of the backfill');
      return {
        task,
        end: backfill(task.task, { id: task.id ?? '', isFinalAttempt: false }, context),
      };
    };
    await handle().end;
    const begin = backend.records.begin.bind(backend.records);
    backend.records.begin = died;
    const first = handle();
    await expect(first.end).rejects.toThrow('died');
    backend.records.begin = begin;
    await harness.upload('originals/alice/000a', 'uploaded later');
    harness.events.length = 0;
    harness.tasks.push(first.task);
    await settle({ harness, time });
    expect(backend.progress.current).toMatchObject({ state: 'done', done: 21 });
    // The event of the new image processes it.
    expect(backend.images.size).toBe(21);
    expect([...backend.images.values()].every(({ state }) => state === 'ready')).toBe(true);
  });

  test('after an image was deleted and uploaded again during the retry: the new upload is kept', async () => {
    const { context, backend, harness, time } = await openExisting(1);
    await backend.jobs.start('run', 'settings', false);
    const names = [...backend.originals.keys()];
    const name = names[0] ?? '';
    const page = { step: 'process' as const, run: 'run', page: 0, names };
    await expect(backfill(page, FIRST, { ...context, processImage: died })).rejects.toThrow('Died');
    await harness.delete(name);
    harness.events.length = 0;
    const scheduleCleanup = backend.queues.scheduleCleanup.bind(backend.queues);
    backend.queues.scheduleCleanup = async (...args) => {
      backend.queues.scheduleCleanup = scheduleCleanup;
      await harness.upload(name, 'second upload');
      const event = harness.events.pop();
      if (event) await harness.handle({ kind: 'event', event });
      await scheduleCleanup(...args);
    };
    await backfill(page, FIRST, context);
    await settle({ harness, time });
    expect([...backend.images.values()].map(({ state }) => state)).toEqual(['ready']);
    expect(backend.tokens.size).toBe(1);
  });

  test('after an image was deleted: its records are deleted', async () => {
    const { context, backend, harness } = await openExisting(2);
    await backend.jobs.start('run', 'settings', false);
    const names = [...backend.originals.keys()];
    const page = { step: 'process', run: 'run', page: 0, names } as const;
    await expect(backfill(page, FIRST, { ...context, processImage: died })).rejects.toThrow('Died');
    expect(backend.images.size).toBe(2);
    await harness.delete(names[0] ?? '');
    harness.events.length = 0;
    await backfill(page, FIRST, context);
    expect([...backend.images.values()].map(({ state }) => state)).toEqual(['ready']);
    expect(backend.tokens.size).toBe(1);
  });
});
