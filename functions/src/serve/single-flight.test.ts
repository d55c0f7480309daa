import { SingleFlight } from './single-flight.js';

function setUp() {
  const time = { now: 0 };
  const singleFlight = new SingleFlight<string>(() => time.now);
  const started: {
    signal: AbortSignal;
    resolve: (value: string) => void;
    reject: (error: Error) => void;
  }[] = [];
  const run = (signal?: AbortSignal, notBefore?: number, key = 'key') =>
    singleFlight.run(
      key,
      (shared) =>
        new Promise<string>((resolve, reject) => started.push({ signal: shared, resolve, reject })),
      { signal, notBefore },
    );
  return { singleFlight, started, time, run };
}

test('shares one call among concurrent callers with the same key', async () => {
  const { started, run, singleFlight } = setUp();
  const results = [run(), run(), run(undefined, undefined, 'other')];
  expect(started).toHaveLength(2);
  started[0]?.resolve('a');
  started[1]?.resolve('b');
  expect(await Promise.all(results)).toEqual(['a', 'a', 'b']);
  expect(singleFlight.size).toBe(0);
  void run();
  expect(started).toHaveLength(3);
});

test('rejects for all callers when the call fails, and starts a new call afterwards', async () => {
  const { started, run } = setUp();
  const results = [run(), run(new AbortController().signal)];
  started[0]?.reject(new Error('down'));
  for (const result of results) await expect(result).rejects.toThrow('down');
  void run();
  expect(started).toHaveLength(2);
});

test('aborts the call only when all waiters have left', async () => {
  const { started, run, singleFlight } = setUp();
  const [one, two] = [new AbortController(), new AbortController()];
  const results = [run(one.signal), run(two.signal)];
  one.abort(new Error('gone'));
  await expect(results[0]).rejects.toThrow('gone');
  expect(started[0]?.signal.aborted).toBe(false);
  two.abort(new Error('gone, too'));
  await expect(results[1]).rejects.toThrow('gone, too');
  expect(started[0]?.signal.aborted).toBe(true);
  // A new caller does not share the aborted call.
  expect(singleFlight.size).toBe(0);
  void run();
  expect(started).toHaveLength(2);
  started[0]?.reject(new Error('aborted'));
});

test('aborts a call whose only caller had left before it started', async () => {
  const { started, run } = setUp();
  await expect(run(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  expect(started[0]?.signal.aborted).toBe(true);
});

test('does not share a call that started before notBefore', async () => {
  const { started, time, run } = setUp();
  const early = run();
  time.now = 10;
  const late = run(undefined, 1);
  expect(started).toHaveLength(2);
  // The end of the older call does not remove the newer one.
  started[0]?.resolve('old');
  expect(await early).toBe('old');
  const joined = run(undefined, 1);
  expect(started).toHaveLength(2);
  started[1]?.resolve('new');
  expect(await Promise.all([late, joined])).toEqual(['new', 'new']);
});
