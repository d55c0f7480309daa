import {
  NOW,
  process,
  processed,
  setUp,
  taskOf,
  upload,
} from '../../test/lifecycle/upload-fixture.js';
import { TRIES_PER_TASK, type ProcessTask } from '../domain/tasks.js';
import { MAX_ATTEMPT_MS } from '../domain/attempt-id.js';
import { RETRY_WINDOW_MS } from './retry.js';

const NAME_TEXT = 'originals/alice/cat@example.com.jpg';
const unavailable = () =>
  Promise.reject(Object.assign(new Error(`no ${NAME_TEXT}`), { code: 503 }));

/** A task whose first attempt began an hour ago. */
const LATE = { turn: 9, triedSince: NOW };
const AFTER_AN_HOUR = NOW + RETRY_WINDOW_MS + 1;

/** The tasks that were enqueued, without what they have in common. */
function nextTasks({ tasks }: ReturnType<typeof setUp>['backend']) {
  return tasks.flatMap(({ queue, task, at }) => {
    if (queue !== 'processImage') return [];
    const { turn, triedSince, waitingSince } = task;
    return [{ delay: at - NOW, turn, triedSince, waitingSince }];
  });
}

describe('a transient error', () => {
  test('is retried with a new task after a delay', async () => {
    const { context, put, image, backend } = setUp({ processImage: unavailable });
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('retried');
    expect(image()?.state).toBe('processing');
    expect(nextTasks(backend)).toEqual([{ delay: 10_000, turn: 1, triedSince: NOW }]);
    const [next] = backend.tasks;
    expect(next?.task).toMatchObject(taskOf(upload()));
    context.processImage = () => Promise.resolve(processed);
    await expect(process(upload(), context, next?.task as ProcessTask)).resolves.toBe('ready');
  });

  test('has delays that double, up to five minutes', async () => {
    const { context, put, backend, time } = setUp({ processImage: unavailable });
    put(upload());
    const delays: number[] = [];
    const queued = () => backend.tasks.find(({ queue }) => queue === 'processImage');
    await process(upload(), context);
    for (let next; time.now < NOW + RETRY_WINDOW_MS && (next = queued());) {
      backend.tasks.splice(backend.tasks.indexOf(next), 1);
      delays.push(Math.round((next.at - time.now) / 1000));
      time.now = next.at;
      await process(upload(), context, next.task as ProcessTask);
    }
    expect(delays.slice(0, 7)).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(Math.max(...delays)).toBe(300);
  });

  test('is recorded as a failure after an hour', async () => {
    const { context, put, image, time, backend } = setUp({ processImage: unavailable });
    time.now = AFTER_AN_HOUR;
    put(upload());
    await expect(process(upload(), context, LATE)).resolves.toBe('failed');
    expect(image()?.error?.code).toBe('retries-exhausted');
    expect(image()).not.toHaveProperty('attempt');
    expect(nextTasks(backend)).toEqual([]);
  });

  test('does not make other uploads of the image or its owner wait', async () => {
    const { context, put, backend, image } = setUp({ processImage: unavailable });
    put(upload());
    await process(upload(), context);
    await expect(backend.records.runningAttempts('alice', 9)).resolves.toEqual([]);
    const next = upload({ generation: '1700000000000002' });
    put(next);
    context.processImage = () => Promise.resolve(processed);
    await expect(process(next, context)).resolves.toBe('ready');
    expect(image()?.original.generation).toBe('1700000000000002');
    // The failed attempt may have written renditions.
    expect(backend.calls['queues.cleanup']).toBe(1);
  });

  test.each(['findOriginal', 'readOriginal', 'writeRendition'] as const)(
    'of %s is retried for an hour, and then recorded',
    async (call) => {
      const { context, backend, put, image, time } = setUp();
      Object.assign(backend.objects, { [call]: unavailable });
      put(upload());
      await expect(process(upload(), context)).resolves.toBe('retried');
      time.now = AFTER_AN_HOUR;
      await expect(process(upload(), context, LATE)).resolves.toBe('failed');
      expect(image()?.error?.code).toBe('retries-exhausted');
    },
  );

  test('of Firestore is retried until the failure can be recorded, or a day has passed', async () => {
    const { context, backend, put, image, time, logged } = setUp({ processImage: unavailable });
    const working = { ...backend.records };
    put(upload());
    time.now = AFTER_AN_HOUR;
    for (const broken of [{ begin: unavailable }, { fail: unavailable }]) {
      Object.assign(backend.records, working, broken);
      await expect(process(upload(), context, LATE)).resolves.toBe('retried');
      expect(image()?.state).not.toBe('failed');
    }
    time.now = NOW + 25 * 3_600_000;
    await expect(process(upload(), context, LATE)).resolves.toBe('failed');
    expect(logged.at(-1)).toMatchObject([
      'ERROR',
      'image processing failed, retries exhausted',
      {},
    ]);
    time.now = AFTER_AN_HOUR;
    Object.assign(backend.records, working);
    await expect(process(upload(), context, LATE)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'retries-exhausted' } });
  });

  test('of Cloud Tasks is thrown, so that the queue delivers the task again', async () => {
    const { context, backend, put } = setUp({ processImage: unavailable });
    put(upload());
    backend.queues.enqueueProcess = unavailable;
    await expect(process(upload(), context)).rejects.toThrow(/^Error 503$/);
  });

  test('of Cloud Tasks does not leave the image in the state processing', async () => {
    const { context, backend, put, image, time } = setUp();
    put(upload());
    await process(upload(), context);
    const next = upload({ generation: '1700000000000002' });
    put(next);
    backend.queues.scheduleCleanup = unavailable;
    await expect(process(next, context)).resolves.toBe('retried');
    time.now = AFTER_AN_HOUR;
    await expect(process(next, context, LATE)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'retries-exhausted' } });
  });

  test('is logged without names, tokens or URLs', async () => {
    const { context, put, logged, image } = setUp({ processImage: unavailable });
    put(upload());
    await process(upload(), context);
    context.processImage = () => Promise.resolve(processed);
    await process(upload(), context, { turn: 1 });
    const text = JSON.stringify(logged);
    expect(logged).toHaveLength(2);
    expect(text).not.toContain('example.com');
    expect(text).not.toContain(image()?.token);
  });
});

describe('an unexpected error of processing', () => {
  const defect = () => {
    throw new TypeError(`no ${NAME_TEXT}`);
  };
  const [message, exhausted] = [
    'image processing failed, will retry',
    'image processing failed, retries exhausted',
  ];

  test('is logged with its stack and a code to count at each attempt, retried, and recorded', async () => {
    const { context, put, image, time, logged } = setUp({ processImage: defect });
    put(upload());
    await expect(process(upload(), context)).resolves.toBe('retried');
    expect(image()).toMatchObject({ state: 'processing' });
    time.now = AFTER_AN_HOUR;
    await expect(process(upload(), context, LATE)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'retries-exhausted' } });
    const details = {
      reason: 'TypeError without a code',
      code: 'unexpected-error',
      stack: expect.stringMatching(/^ {4}at defect .*process-upload-retry/) as string,
    };
    expect(logged).toEqual([
      ['WARNING', message, expect.objectContaining(details)],
      ['ERROR', exhausted, expect.objectContaining(details)],
    ]);
    expect(JSON.stringify(logged)).not.toContain(NAME_TEXT);
  });

  test('does not keep the image from becoming ready at the next attempt', async () => {
    const { context, put, image, logged } = setUp({ processImage: defect });
    put(upload());
    await process(upload(), context);
    context.processImage = () => Promise.resolve(processed);
    await expect(process(upload(), context, { turn: 1 })).resolves.toBe('ready');
    expect(image()?.state).toBe('ready');
    expect(logged.at(-1)).toMatchObject(['INFO', 'image is ready', {}]);
  });

  test.each([503, 'ECONNRESET'])(
    'is not what an error %s of Cloud Storage is logged as',
    async (code) => {
      const { context, put, logged, backend } = setUp();
      backend.objects.writeRendition = () =>
        Promise.reject(Object.assign(new Error('no'), { code }));
      put(upload());
      await process(upload(), context);
      expect(logged).toEqual([
        ['WARNING', message, expect.not.objectContaining({ code: expect.anything() as unknown })],
      ]);
    },
  );
});

describe('a process that dies', () => {
  /** Begins an attempt and does not end it. */
  async function die({ context, backend }: ReturnType<typeof setUp>, changes = {}) {
    const working = { ...backend.records };
    let died = () => {};
    const atFinish = new Promise<void>((resolve) => (died = resolve));
    backend.records.finish = () => {
      died();
      return new Promise(() => {});
    };
    void process(upload(), context, changes);
    await atFinish;
    Object.assign(backend.records, working);
  }

  test('has a next task before the queue delivers the task for the last time', async () => {
    const setup = setUp();
    setup.put(upload());
    await die(setup);
    expect(nextTasks(setup.backend)).toEqual([]);
    for (const retryCount of [1, 2, 3, 4]) await die(setup, { retryCount });
    expect(nextTasks(setup.backend)).toEqual([{ delay: 360_000, turn: 1, triedSince: NOW }]);
    const [next] = setup.backend.tasks;
    setup.time.now = next?.at ?? 0;
    await expect(process(upload(), setup.context, next?.task as ProcessTask)).resolves.toBe(
      'ready',
    );
  });

  test('is processed five times by one task, which then enqueues the next one', async () => {
    const setup = setUp();
    setup.put(upload());
    const { context, processedUploads, backend } = setup;
    await expect(process(upload(), context, { retryCount: TRIES_PER_TASK })).resolves.toBe(
      'retried',
    );
    expect(processedUploads).toEqual([]);
    expect(nextTasks(backend)).toEqual([{ delay: 0, turn: 1, triedSince: NOW }]);
    const [next] = backend.tasks;
    await expect(process(upload(), context, next?.task as ProcessTask)).resolves.toBe('ready');
  });

  test.each([
    ['by the queue', 0, { retryCount: 1 }],
    ['with the next task', MAX_ATTEMPT_MS + 1, { retryCount: 0 }],
  ])(
    'is not retried %s after an hour: the file may end the process each time',
    async (_how, later, { retryCount }) => {
      const setup = setUp();
      const { context, image, put, processedUploads, time } = setup;
      put(upload());
      time.now = AFTER_AN_HOUR;
      await die(setup, LATE);
      expect(processedUploads).toHaveLength(1);
      time.now += later;
      await expect(process(upload(), context, { ...LATE, retryCount })).resolves.toBe('failed');
      expect(processedUploads).toHaveLength(1);
      expect(image()?.error?.code).toBe('retries-exhausted');
    },
  );
});

test('an upload whose first task was delivered after more than an hour is retried like any other', async () => {
  const { context, put, time } = setUp({ processImage: unavailable });
  put(upload());
  time.now = AFTER_AN_HOUR;
  await expect(process(upload(), context)).resolves.toBe('retried');
});

test('ignores a task whose name is not that of an original', async () => {
  const { context, backend } = setUp();
  await expect(process(upload(), context, { name: 'elsewhere/cat' })).resolves.toBe('ignored');
  expect(backend.calls).toEqual({});
});
