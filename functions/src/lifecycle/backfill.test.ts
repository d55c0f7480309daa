import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { backfill } from './backfill.js';
import { processText } from '../../test/lifecycle/test-harness.js';

const FIRST = { id: 'run', isLast: false };

async function openBefore(images: number) {
  const memory = openMemoryHarness();
  const { world, backend, time } = memory;
  for (let number = 0; number < images; number++) {
    await world.upload(`originals/alice/${String(number).padStart(3, '0')}`, `picture ${number}`);
  }
  // As before an installation: nobody has heard of them.
  world.events.length = 0;
  const context = {
    ...{ config: world.config, backend, processImage: processText, now: () => time.now },
    log: (...line: unknown[]) => world.logged.push(line),
  };
  return { ...memory, context };
}

test('images from before are made, ten a task, and the progress says so', async () => {
  const { context, backend, world, time } = await openBefore(25);
  await backfill({}, FIRST, context);
  await settle({ world, time });
  expect(backend.images.size).toBe(25);
  expect([...backend.originals.values()].every(({ locked }) => locked)).toBe(true);
  expect(backend.progress.current).toMatchObject({
    ...{ run: 'run', state: 'done', total: 25, done: 25, failed: 0, pages: 3, pagesDone: 3 },
  });
});

test('an image that is up to date costs one call', async () => {
  const { context, backend, world, time } = await openBefore(10);
  await backfill({}, FIRST, context);
  await settle({ world, time });
  const before = { ...backend.calls };
  await backfill({}, { ...FIRST, id: 'again' }, context);
  await settle({ world, time });
  expect(backend.calls['begin']).toBe((before['begin'] ?? 0) + 10);
  for (const call of ['revokeDownloadTokens', 'readOriginal', 'writeRendition', 'finish']) {
    expect([call, backend.calls[call]]).toEqual([call, before[call]]);
  }
});

test('only when the parameters have changed, if that is asked for', async () => {
  const { context, backend, world, time } = await openBefore(1);
  await backfill({}, FIRST, context);
  await settle({ world, time });
  await backfill({ onlyIfChanged: true }, { ...FIRST, id: 'unchanged' }, context);
  expect(backend.progress.current?.run).toBe('run');
  world.reconfigure({ VARIANTS: 'w30:30' });
  const changed = { ...context, config: world.config };
  await backfill({ onlyIfChanged: true }, { ...FIRST, id: 'changed' }, changed);
  await settle({ world, time });
  expect(backend.progress.current).toMatchObject({ run: 'changed', state: 'done' });
  const [image] = backend.images.values();
  expect(Object.keys(image?.variants ?? {})).toEqual(['w30']);
});

test('what could not be made is counted, and the others are made', async () => {
  const { context, backend, world, time } = await openBefore(3);
  await world.upload('originals/alice/bad', 'bad');
  world.events.length = 0;
  await backfill({}, FIRST, context);
  await settle({ world, time });
  expect(backend.progress.current).toMatchObject({ done: 4, failed: 1 });
});

describe('what will pass by itself', () => {
  const down = () => Promise.reject(Object.assign(new Error('x'), { code: 503 }));
  const page = (images: number) => {
    const names = Array.from({ length: images }, (_, number) => `originals/alice/00${number}`);
    return { step: 'make' as const, run: 'run', page: 0, names };
  };

  test('has the page tried again, and keeps none of the others waiting', async () => {
    const { context, backend } = await openBefore(3);
    await backend.jobs.start('run', 'settings', false);
    let calls = 0;
    const processImage: typeof context.processImage = (...given) =>
      (calls += 1) === 1 ? down() : processText(...given);
    await expect(backfill(page(3), FIRST, { ...context, processImage })).rejects.toMatchObject({
      code: 503,
    });
    const states = [...backend.images.values()].map(({ state }) => state);
    expect(states).toEqual(['processing', 'ready', 'ready']);
    expect(backend.progress.current).toMatchObject({ done: 0 });
    await backfill(page(3), FIRST, context);
    expect(backend.progress.current).toMatchObject({ state: 'done', done: 3, failed: 0 });
  });

  test('is counted as failed when it did not', async () => {
    const { context, backend } = await openBefore(1);
    await backend.jobs.start('run', 'settings', false);
    await backfill(page(1), { ...FIRST, isLast: true }, { ...context, processImage: down });
    expect(backend.progress.current).toMatchObject({ state: 'done', done: 1, failed: 1 });
    const [image] = backend.images.values();
    expect(image).toMatchObject({ state: 'failed', error: { code: 'retries-exhausted' } });
    expect(image).not.toHaveProperty('attempt');
  });

  test('and is made by the next run, with the same parameters', async () => {
    const { context, backend, world, time } = await openBefore(1);
    await backend.jobs.start('run', 'settings', false);
    await backfill(page(1), { ...FIRST, isLast: true }, { ...context, processImage: down });
    await backfill({}, { id: 'next', isLast: false }, context);
    await settle({ world, time });
    expect([...backend.images.values()].map(({ state }) => state)).toEqual(['ready']);
    expect(backend.progress.current).toMatchObject({ run: 'next', done: 1, failed: 0 });
  });
});

test('found by the model: a run that was replaced is started again by its first task, late: nothing comes of it', async () => {
  const { context, backend, world, time } = await openBefore(12);
  await backfill({}, FIRST, context);
  await backfill({}, { ...FIRST, id: 'newer' }, context);
  await backfill({}, FIRST, context);
  await settle({ world, time });
  expect(backend.progress.current).toMatchObject({ run: 'newer', state: 'done', done: 12 });
});

describe('a run that another one has replaced', () => {
  const names = ['originals/alice/000'];
  const page = { step: 'make' as const, run: 'run', page: 0, names };

  test('makes nothing any more; its page is looked at by the new run', async () => {
    const { context, backend } = await openBefore(1);
    await backend.jobs.start('newer', 'settings', false);
    await backfill(page, FIRST, context);
    expect(backend.images.size).toBe(0);
    const again = { step: 'again', run: 'newer', names };
    expect(backend.tasks.map(({ task }) => task)).toEqual([again]);
  });

  test('found by a review: it is at an image that the new run has made, and undoes it; that is mended', async () => {
    const { context, backend, world, time } = await openBefore(1);
    await backend.jobs.start('run', 'settings', false);
    world.reconfigure({ VARIANTS: 'w30:30' });
    const processImage: typeof context.processImage = async (...given) => {
      await backend.jobs.start('newer', 'other settings', false);
      return processText(...given);
    };
    // With the parameters of before.
    await backfill(page, FIRST, { ...context, processImage });
    expect(Object.keys([...backend.images.values()][0]?.variants ?? {})).toEqual(['w40', 'w20']);
    await settle({ world, time });
    expect(Object.keys([...backend.images.values()][0]?.variants ?? {})).toEqual(['w30']);
  });
});

describe('found by a review: a page that dies and comes again is at the same images', () => {
  const died = () => Promise.reject(new Error('died'));

  test('although another one was uploaded in between: none is left out', async () => {
    const { context, backend, world, time } = await openBefore(21);
    await backfill({}, FIRST, context);
    const handle = () => {
      const task = world.takeTask();
      if (task?.queue !== 'backfill') throw new Error('expected a task of the backfill');
      return { task, end: backfill(task.task, { id: task.id ?? '', isLast: false }, context) };
    };
    await handle().end;
    const begin = backend.records.begin.bind(backend.records);
    backend.records.begin = died;
    const first = handle();
    await expect(first.end).rejects.toThrow('died');
    backend.records.begin = begin;
    await world.upload('originals/alice/000a', 'in between');
    world.events.length = 0;
    world.tasks.push(first.task);
    await settle({ world, time });
    expect(backend.progress.current).toMatchObject({ state: 'done', done: 21 });
    // The new one is its own event's.
    expect(backend.images.size).toBe(21);
    expect([...backend.images.values()].every(({ state }) => state === 'ready')).toBe(true);
  });

  test('although one was deleted, and uploaded again while that is noticed: the new one stays', async () => {
    const { context, backend, world, time } = await openBefore(1);
    await backend.jobs.start('run', 'settings', false);
    const names = [...backend.originals.keys()];
    const name = names[0] ?? '';
    const page = { step: 'make' as const, run: 'run', page: 0, names };
    await expect(backfill(page, FIRST, { ...context, processImage: died })).rejects.toThrow('died');
    await world.delete(name);
    world.events.length = 0;
    const sweep = backend.queues.scheduleCleanup.bind(backend.queues);
    backend.queues.scheduleCleanup = async (...given) => {
      backend.queues.scheduleCleanup = sweep;
      await world.upload(name, 'again');
      const event = world.events.pop();
      if (event) await world.handle({ kind: 'event', event });
      await sweep(...given);
    };
    await backfill(page, FIRST, context);
    await settle({ world, time });
    expect([...backend.images.values()].map(({ state }) => state)).toEqual(['ready']);
    expect(backend.tokens.size).toBe(1);
  });

  test('although one was deleted in between: nothing is left of what was begun', async () => {
    const { context, backend, world } = await openBefore(2);
    await backend.jobs.start('run', 'settings', false);
    const names = [...backend.originals.keys()];
    const page = { step: 'make', run: 'run', page: 0, names } as const;
    await expect(backfill(page, FIRST, { ...context, processImage: died })).rejects.toThrow('died');
    expect(backend.images.size).toBe(2);
    await world.delete(names[0] ?? '');
    world.events.length = 0;
    await backfill(page, FIRST, context);
    expect([...backend.images.values()].map(({ state }) => state)).toEqual(['ready']);
    expect(backend.tokens.size).toBe(1);
  });
});
