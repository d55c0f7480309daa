import { runWithConcurrency } from './concurrency.js';

/** A task that the test resolves or rejects. */
function createTask<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  const state = { started: false, resolve, reject };
  const run = () => {
    state.started = true;
    return promise;
  };
  return { state, run };
}

type Task = ReturnType<typeof createTask<string>>;
const createTasks = (): [Task, Task, Task] => [
  createTask<string>(),
  createTask<string>(),
  createTask<string>(),
];

const flushMicrotasks = () => new Promise((resolve) => setImmediate(resolve));

test('runs tasks in order up to the limit and returns results in task order', async () => {
  const tasks = createTasks();
  const [first, second, third] = tasks.map(({ state }) => state) as [
    Task['state'],
    Task['state'],
    Task['state'],
  ];
  const all = runWithConcurrency(
    2,
    tasks.map(({ run }) => run),
  );
  await flushMicrotasks();
  expect([first.started, second.started, third.started]).toEqual([true, true, false]);
  second.resolve('b');
  await flushMicrotasks();
  expect(third.started).toBe(true);
  third.resolve('c');
  first.resolve('a');
  expect(await all).toEqual(['a', 'b', 'c']);
});

test('starts nothing after a failure and waits for running tasks before it rejects', async () => {
  const tasks = createTasks();
  const all = runWithConcurrency(
    2,
    tasks.map(({ run }) => run),
  );
  let isSettled = false;
  const message = all.catch((error: Error) => error.message).finally(() => (isSettled = true));
  await flushMicrotasks();
  tasks[0].state.reject(new Error('no'));
  await flushMicrotasks();
  expect(isSettled).toBe(false);
  tasks[1].state.resolve('b');
  expect(await message).toBe('no');
  expect(tasks[2].state.started).toBe(false);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'starts no task after a failure that comes %i microtasks after the end of another task',
  async (microtasks) => {
    const [first, second, third] = createTasks();
    let isFailed = false;
    const startedAfterFailure = jest.fn();
    const all = runWithConcurrency(2, [
      first.run,
      () => {
        const result = second.run();
        result.catch(() => (isFailed = true));
        return result;
      },
      () => {
        if (isFailed) startedAfterFailure();
        return third.run();
      },
    ]);
    const rejection = expect(all).rejects.toThrow('no');
    await flushMicrotasks();
    first.state.resolve('a');
    for (let i = 0; i < microtasks; i++) await Promise.resolve();
    second.state.reject(new Error('no'));
    await flushMicrotasks();
    third.state.resolve('c');
    await rejection;
    expect(startedAfterFailure).not.toHaveBeenCalled();
  },
);

test('rejects with the failure that came first', async () => {
  const tasks = createTasks();
  const all = runWithConcurrency(
    2,
    tasks.map(({ run }) => run),
  );
  await flushMicrotasks();
  tasks[1].state.reject(new Error('first'));
  await flushMicrotasks();
  tasks[0].state.reject(new Error('second'));
  await expect(all).rejects.toThrow('first');
});

test('returns no results for no tasks', async () =>
  expect(await runWithConcurrency(3, [])).toEqual([]));
