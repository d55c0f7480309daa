import { runWithConcurrency } from './concurrency.js';

/** A task that ends when it is told to. */
function task<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((onEnd, onFailure) => {
    resolve = onEnd;
    reject = onFailure;
  });
  const state = { started: false, resolve, reject };
  const run = () => {
    state.started = true;
    return promise;
  };
  return { state, run };
}

/** Until all that can happen without us has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('so many at once, in order, with the results in the order of the tasks', async () => {
  const tasks = [task<string>(), task<string>(), task<string>()];
  const [first, second, third] = tasks.map(({ state }) => state) as [
    (typeof tasks)[0]['state'],
    (typeof tasks)[0]['state'],
    (typeof tasks)[0]['state'],
  ];
  const all = runWithConcurrency(
    2,
    tasks.map(({ run }) => run),
  );
  await settled();
  expect([first.started, second.started, third.started]).toEqual([true, true, false]);
  second.resolve('b');
  await settled();
  expect(third.started).toBe(true);
  third.resolve('c');
  first.resolve('a');
  expect(await all).toEqual(['a', 'b', 'c']);
});

test('after a failure no other is started, and those under way end first', async () => {
  const tasks = [task<string>(), task<string>(), task<string>()];
  const all = runWithConcurrency(
    2,
    tasks.map(({ run }) => run),
  );
  let isOver = false;
  const end = all.catch((error: Error) => error.message).finally(() => (isOver = true));
  tasks[0]?.state.reject(new Error('no'));
  await settled();
  expect(isOver).toBe(false);
  tasks[1]?.state.resolve('b');
  expect(await end).toBe('no');
  expect(tasks[2]?.state.started).toBe(false);
});

test('no tasks, no results', async () => expect(await runWithConcurrency(3, [])).toEqual([]));
