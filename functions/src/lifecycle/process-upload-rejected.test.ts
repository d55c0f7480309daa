import { process, processed, setUp, upload } from '../../test/lifecycle/upload-fixture.js';
import type { ProcessTask } from '../domain/tasks.js';
import { backfill } from './backfill.js';
import { runTask } from './retry.js';

const rejectWith = (code: number, message: string) => () =>
  Promise.reject(Object.assign(new Error(`${message} cat@example.com.jpg`), { code }));
const REJECTED: [string, number, string][] = [
  ['INVALID_ARGUMENT (3)', 3, 'Document is too large:'],
  ['FAILED_PRECONDITION (9)', 9, 'The query requires an index:'],
];
const UNREADABLE = rejectWith(412, 'Request violates constraint:');

function uploadTasks({ backend }: ReturnType<typeof setUp>): ProcessTask[] {
  return backend.tasks.flatMap(({ queue, task }) => (queue === 'processImage' ? [task] : []));
}

describe.each(REJECTED)('%s of Firestore', (_name, code, message) => {
  const rejected = rejectWith(code, message);

  test('when the result is written is recorded as a failure at once', async () => {
    const setup = setUp();
    const { context, put, image, backend, logged, processedUploads } = setup;
    backend.records.finish = rejected;
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'request-rejected' } });
    expect(image()).not.toHaveProperty('attempt');
    expect(uploadTasks(setup)).toEqual([]);
    expect(processedUploads).toHaveLength(1);
    expect(logged).toMatchObject([
      [
        'WARNING',
        'image processing failed',
        { code: 'request-rejected', reason: expect.stringContaining(`Error ${code}`) as string },
      ],
    ]);
    expect(JSON.stringify([logged, image()?.error])).not.toContain('example.com');
  });

  test.each(['begin', 'fail'] as const)(
    'for %s() too is logged once, and not retried',
    async (method) => {
      const setup = setUp();
      const { context, put, backend, logged } = setup;
      Object.assign(backend.records, { finish: rejected, [method]: rejected });
      put(upload());
      await expect(process(upload(), context)).resolves.toBe('failed');
      expect(uploadTasks(setup)).toEqual([]);
      expect(logged).toMatchObject([
        ['ERROR', expect.stringContaining('not retried'), { reason: `Error ${code}` }],
      ]);
    },
  );

  test('leads to a failure that is recorded later when Firestore is unavailable at first', async () => {
    const setup = setUp();
    const { context, put, backend, image } = setup;
    const working = { ...backend.records };
    Object.assign(backend.records, { finish: rejected, fail: rejectWith(14, 'unavailable') });
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('retried');
    const [next] = uploadTasks(setup);
    Object.assign(backend.records, working, { finish: rejected });
    await expect(process(upload(), context, next)).resolves.toBe('failed');
    expect(image()?.error?.code).toBe('request-rejected');
  });
});

test('a transaction that was open for too long is retried, although its code is INVALID_ARGUMENT', async () => {
  const setup = setUp();
  const { context, put, backend, image } = setup;
  backend.records.finish = rejectWith(3, 'The referenced transaction has expired:');
  put(upload());
  await expect(process(upload(), context)).resolves.toBe('retried');
  expect(image()?.state).toBe('processing');
  expect(uploadTasks(setup)).toHaveLength(1);
});

test.each(['readOriginal', 'writeRendition', 'findOriginal'] as const)(
  '412 of Cloud Storage for %s() is recorded as a failure at once',
  async (call) => {
    const { context, backend, put, image } = setUp();
    Object.assign(backend.objects, { [call]: UNREADABLE });
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('failed');
    expect(image()?.error?.code).toBe('request-rejected');
  },
);

test('an image with a rejected request is processed by the next backfill', async () => {
  const { context, backend, put, image } = setUp();
  const working = { ...backend.records };
  backend.records.finish = rejectWith(9, 'The query requires an index:');
  put(upload());
  await process(upload(), context);
  Object.assign(backend.records, working);
  context.processImage = () => Promise.resolve(processed);
  await backend.queues.enqueueBackfill({}, 'run');
  for (let task; (task = backend.tasks.find(({ queue }) => queue === 'backfill'));) {
    backend.tasks.splice(backend.tasks.indexOf(task), 1);
    if (task.queue !== 'backfill') continue;
    await backfill(task.task, { id: task.id ?? 'run', isFinalAttempt: false }, context);
  }
  expect(image()?.state).toBe('ready');
});

test('a backfill does not retry a page because Firestore rejects one of its images', async () => {
  const { context, backend, put, logged } = setUp();
  put(upload());
  backend.records.begin = rejectWith(3, 'Document name is too long:');
  await backend.jobs.start('run', 'settings', false);
  await backend.jobs.counted('run', 1);
  const names = [upload().original.name];
  const task = { step: 'process', run: 'run', page: 0, names } as const;
  const delivery = { id: 'run-0', isFinalAttempt: false };
  await expect(backfill(task, delivery, context)).resolves.toMatchObject({ done: 1, failed: 1 });
  expect(logged).toMatchObject([['ERROR', expect.stringContaining('not retried'), {}]]);
});

describe('a task', () => {
  const logged: unknown[][] = [];
  const log = (...line: unknown[]) => void logged.push(line);

  test('is dropped when a retry cannot succeed, and logged without names', async () => {
    const onRejected = jest.fn(() => Promise.resolve());
    const work = rejectWith(3, 'Document name is too long:');
    await expect(runTask({ log, work, onRejected })).resolves.toBeUndefined();
    expect(onRejected).toHaveBeenCalledTimes(1);
    expect(logged).toMatchObject([['ERROR', expect.stringContaining('dropped'), {}]]);
    expect(JSON.stringify(logged)).not.toContain('example.com');
  });

  test('is retried otherwise; the error is thrown without names', async () => {
    const work = rejectWith(14, 'unavailable:');
    await expect(runTask({ log, work })).rejects.toThrow(/^Error 14$/);
  });
});
