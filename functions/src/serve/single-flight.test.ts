import { SingleFlight } from './single-flight.js';

function setUp() {
  const flights = new SingleFlight<string>();
  const started: {
    signal: AbortSignal;
    land: (value: string) => void;
    crash: (error: Error) => void;
  }[] = [];
  const time = { now: 0 };
  const join = (signal?: AbortSignal, notBefore?: number, key = 'key') =>
    flights.join(
      key,
      signal,
      { clock: () => time.now, ...(notBefore !== undefined && { notBefore }) },
      (stop) => new Promise<string>((land, crash) => started.push({ signal: stop, land, crash })),
    );
  return { flights, started, time, join };
}

test('those who ask at the same time share one call; another key has its own', async () => {
  const { started, join, flights } = setUp();
  const rides = [join(), join(), join(undefined, undefined, 'other')];
  expect(started).toHaveLength(2);
  started[0]?.land('a');
  started[1]?.land('b');
  expect(await Promise.all(rides)).toEqual(['a', 'a', 'b']);
  expect(flights.size).toBe(0);
  void join();
  expect(started).toHaveLength(3);
});

test('a failure is everybody’s, and the next one starts anew', async () => {
  const { started, join } = setUp();
  const rides = [join(), join(new AbortController().signal)];
  started[0]?.crash(new Error('down'));
  for (const ride of rides) await expect(ride).rejects.toThrow('down');
  void join();
  expect(started).toHaveLength(2);
});

test('who leaves does not stop the others; when all have left, it is stopped', async () => {
  const { started, join, flights } = setUp();
  const [one, two] = [new AbortController(), new AbortController()];
  const rides = [join(one.signal), join(two.signal)];
  one.abort(new Error('gone'));
  await expect(rides[0]).rejects.toThrow('gone');
  expect(started[0]?.signal.aborted).toBe(false);
  two.abort(new Error('gone, too'));
  await expect(rides[1]).rejects.toThrow('gone, too');
  expect(started[0]?.signal.aborted).toBe(true);
  // Whoever comes now does not board what was stopped.
  expect(flights.size).toBe(0);
  void join();
  expect(started).toHaveLength(2);
  started[0]?.crash(new Error('stopped'));
});

test('who has left already boards nothing for long', async () => {
  const { started, join } = setUp();
  await expect(join(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  expect(started[0]?.signal.aborted).toBe(true);
});

test('a call that began too long ago is not joined', async () => {
  const { started, time, join } = setUp();
  const early = join();
  time.now = 10;
  const late = join(undefined, 1);
  expect(started).toHaveLength(2);
  // The older one that ends first does not take the newer one off the list.
  started[0]?.land('old');
  expect(await early).toBe('old');
  const joined = join(undefined, 1);
  expect(started).toHaveLength(2);
  started[1]?.land('new');
  expect(await Promise.all([late, joined])).toEqual(['new', 'new']);
});
