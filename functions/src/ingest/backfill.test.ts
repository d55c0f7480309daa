import { openMemory, settle } from './memory.fake.js';
import { backfill } from './backfill.js';
import { deriveText } from './world.fake.js';

const FIRST = { id: 'run', isLast: false };

async function openBefore(images: number) {
  const memory = openMemory();
  const { world, library, time } = memory;
  for (let number = 0; number < images; number++) {
    await world.upload(`originals/alice/${String(number).padStart(3, '0')}`, `picture ${number}`);
  }
  // As before an installation: nobody has heard of them.
  world.events.length = 0;
  const room = {
    ...{ config: world.config, library, derive: deriveText, now: () => time.now },
    log: (...line: unknown[]) => world.logged.push(line),
  };
  return { ...memory, room };
}

test('images from before are made, ten a task, and the progress says so', async () => {
  const { room, library, world, time } = await openBefore(25);
  await backfill({}, FIRST, room);
  await settle({ world, time });
  expect(library.images.size).toBe(25);
  expect([...library.originals.values()].every(({ locked }) => locked)).toBe(true);
  expect(library.progress.current).toMatchObject({
    ...{ run: 'run', state: 'done', total: 25, done: 25, failed: 0, pages: 3, pagesDone: 3 },
  });
});

test('an image that is up to date costs one call', async () => {
  const { room, library, world, time } = await openBefore(10);
  await backfill({}, FIRST, room);
  await settle({ world, time });
  const before = { ...library.calls };
  await backfill({}, { ...FIRST, id: 'again' }, room);
  await settle({ world, time });
  expect(library.calls['begin']).toBe((before['begin'] ?? 0) + 10);
  for (const call of ['lock', 'readOriginal', 'writeRendition', 'finish']) {
    expect([call, library.calls[call]]).toEqual([call, before[call]]);
  }
});

test('only when the parameters have changed, if that is asked for', async () => {
  const { room, library, world, time } = await openBefore(1);
  await backfill({}, FIRST, room);
  await settle({ world, time });
  await backfill({ onlyIfChanged: true }, { ...FIRST, id: 'unchanged' }, room);
  expect(library.progress.current?.run).toBe('run');
  world.reconfigure({ VARIANTS: 'w30:30' });
  const changed = { ...room, config: world.config };
  await backfill({ onlyIfChanged: true }, { ...FIRST, id: 'changed' }, changed);
  await settle({ world, time });
  expect(library.progress.current).toMatchObject({ run: 'changed', state: 'done' });
  const [image] = library.images.values();
  expect(Object.keys(image?.variants ?? {})).toEqual(['w30']);
});

test('what could not be made is counted, and the others are made', async () => {
  const { room, library, world, time } = await openBefore(3);
  await world.upload('originals/alice/bad', 'bad');
  world.events.length = 0;
  await backfill({}, FIRST, room);
  await settle({ world, time });
  expect(library.progress.current).toMatchObject({ done: 4, failed: 1 });
});

describe('what will pass by itself', () => {
  const down = () => Promise.reject(Object.assign(new Error('x'), { code: 503 }));
  const page = { step: 'make', run: 'run', page: 0 } as const;

  test('has the page tried again, and keeps none of the others waiting', async () => {
    const { room, library } = await openBefore(3);
    await library.jobs.start('run', 'settings', false);
    let calls = 0;
    const derive: typeof room.derive = (...given) =>
      (calls += 1) === 1 ? down() : deriveText(...given);
    await expect(backfill(page, FIRST, { ...room, derive })).rejects.toThrow('Error 503');
    const states = [...library.images.values()].map(({ state }) => state);
    expect(states).toEqual(['processing', 'ready', 'ready']);
    expect(library.progress.current).toMatchObject({ done: 0 });
    await backfill(page, FIRST, room);
    expect(library.progress.current).toMatchObject({ state: 'done', done: 3, failed: 0 });
  });

  test('is counted as failed when it did not', async () => {
    const { room, library } = await openBefore(1);
    await library.jobs.start('run', 'settings', false);
    await backfill(page, { ...FIRST, isLast: true }, { ...room, derive: down });
    expect(library.progress.current).toMatchObject({ state: 'done', done: 1, failed: 1 });
  });
});

test('a task of a run that another one has replaced does nothing', async () => {
  const { room, library } = await openBefore(1);
  await library.jobs.start('newer', 'settings', false);
  await backfill({ step: 'make', run: 'run', page: 0 }, FIRST, room);
  expect(library.images.size).toBe(0);
});
