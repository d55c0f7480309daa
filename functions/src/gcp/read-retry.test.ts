/** Runs retries with a clock that advances to the next timer when nothing else is left to do. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import {
  ATTEMPT_TIMEOUT_MS,
  DEADLINE_MS,
  MAX_ATTEMPTS,
  openRetry,
  parseRetryAfter,
  PROBE_INTERVAL_MS,
  ReadError,
  REAL_TIMING,
  type RetryTiming,
} from './read-retry.js';

interface Timer {
  at: number;
  end: () => void;
}

/** Virtual time. `random` is 1, for the longest waits, unless given. */
class VirtualTime implements RetryTiming {
  now = 0;
  readonly #timers = new Set<Timer>();

  constructor(readonly random: () => number = () => 1) {}

  readonly clock = () => this.now;

  readonly sleep = (milliseconds: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const timer = { at: this.now + milliseconds, end: resolve };
      this.#timers.add(timer);
      signal.addEventListener('abort', () => {
        this.#timers.delete(timer);
        reject(signal.reason as Error);
      });
    });

  /** Waits for a promise; advances the time as far as needed. */
  async settle<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
    let isSettled = false;
    const result = Promise.allSettled([promise]).finally(() => (isSettled = true));
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return (await result)[0];
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined) throw new Error('expected a timer or a result, found neither');
      this.#timers.delete(next);
      this.now = next.at;
      next.end();
    }
  }
}

const neverAborted = () => new AbortController().signal;
const unavailable = () => Promise.reject(new ReadError(503));
const reasonOf = (result: PromiseSettledResult<unknown>) =>
  result.status === 'rejected' ? (result.reason as unknown) : undefined;

/** Runs one read. @returns its result and the times of its attempts */
async function run(attempt: (signal: AbortSignal) => Promise<unknown>, time = new VirtualTime()) {
  const attempts: number[] = [];
  const read = openRetry(time)((signal) => {
    attempts.push(time.now);
    return attempt(signal);
  }, neverAborted());
  return { result: await time.settle(read), attempts, time };
}

describe('a read', () => {
  test.each<[string, Error]>([
    ['a 429', new ReadError(429)],
    ['a 500', new ReadError(500)],
    ['a 503', new ReadError(503)],
    ['a network error', new TypeError('fetch failed')],
  ])('is retried after %s, with waits that double', async (_title, error) => {
    const { result, attempts } = await run(() => Promise.reject(error));
    expect(reasonOf(result)).toBe(error);
    expect(attempts).toEqual([0, 200, 600, 1400]);
    expect(attempts).toHaveLength(MAX_ATTEMPTS);
  });

  test('waits a random part of that time', async () => {
    const { attempts } = await run(unavailable, new VirtualTime(() => 0.25));
    expect(attempts).toEqual([0, 50, 150, 350]);
  });

  test.each([400, 401, 403, 404, 'no document'])('is not retried after %s', async (code) => {
    const { result, attempts } = await run(() => Promise.reject(new ReadError(code)));
    expect(reasonOf(result)).toMatchObject({ code });
    expect(attempts).toEqual([0]);
  });

  test('returns the result of a later attempt', async () => {
    let failures = 2;
    const { result } = await run(() => (failures-- > 0 ? unavailable() : Promise.resolve('data')));
    expect(result).toEqual({ status: 'fulfilled', value: 'data' });
  });

  test('waits for Retry-After when that fits into the deadline, and fails at once otherwise', async () => {
    const withRetryAfter = (milliseconds: number) => () =>
      Promise.reject(new ReadError(429, milliseconds));
    expect((await run(withRetryAfter(3000))).attempts).toEqual([0, 3000, 6000]);
    const late = await run(withRetryAfter(DEADLINE_MS));
    expect([late.attempts, late.time.now]).toEqual([[0], 0]);
  });

  test('ends by the deadline when the backend never answers, and aborts each attempt', async () => {
    const signals: AbortSignal[] = [];
    const { result, attempts, time } = await run((signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    expect(reasonOf(result)).toMatchObject({ code: 'timeout' });
    expect(time.now).toBeLessThanOrEqual(DEADLINE_MS);
    expect(attempts[1]).toBeGreaterThanOrEqual(ATTEMPT_TIMEOUT_MS);
    expect(signals.map(({ aborted }) => aborted)).toEqual(attempts.map(() => true));
  });

  test('does not abort the signal after it has succeeded: a body may still be read', async () => {
    let used: AbortSignal | undefined;
    await run((signal) => Promise.resolve((used = signal)));
    expect(used?.aborted).toBe(false);
  });

  test.each([0, 1])('rejects with the reason of the client after %i failures', async (failures) => {
    const time = new VirtualTime();
    const controller = new AbortController();
    const gone = new Error('gone');
    let attempts = 0;
    const read = openRetry(time)(() => {
      attempts += 1;
      // Now, or while the read waits for the retry.
      if (failures === 0) controller.abort(gone);
      else setImmediate(() => controller.abort(gone));
      return failures === 0 ? new Promise(() => undefined) : unavailable();
    }, controller.signal);
    expect(reasonOf(await time.settle(read))).toBe(gone);
    expect(attempts).toBe(1);
  });
});

describe('while the backend is down', () => {
  /** Fails until `isUp`, and counts attempts. */
  function openBackend(time: VirtualTime, fail = unavailable) {
    const retry = openRetry(time);
    const backend = { isUp: false, attempts: 0, read: () => read() };
    const read = () =>
      retry(() => {
        backend.attempts += 1;
        return backend.isUp ? Promise.resolve('data') : fail();
      }, neverAborted());
    return backend;
  }
  const readMany = (count: number, read: () => Promise<unknown>) =>
    Promise.allSettled(Array.from({ length: count }, read));

  test('reads fail at once, but for one that tries it each second', async () => {
    const time = new VirtualTime();
    const backend = openBackend(time);
    await time.settle(readMany(20, backend.read));
    const until = time.now + 10 * PROBE_INTERVAL_MS;
    const before = backend.attempts;
    while (time.now < until) {
      const start = time.now;
      const code = reasonOf(await time.settle(backend.read()));
      expect(code).toMatchObject({ name: 'ReadError' });
      // At most one attempt and one wait: the attempt has failed, so the retry fails at once.
      expect(time.now - start).toBeLessThanOrEqual(200);
      time.now += 10;
    }
    expect(backend.attempts - before).toBeLessThanOrEqual(11);
    expect(backend.attempts - before).toBeGreaterThanOrEqual(7);
  });

  test('only one of many concurrent reads waits for a backend that never answers', async () => {
    const time = new VirtualTime();
    const backend = openBackend(time, () => new Promise(() => undefined));
    await time.settle(readMany(20, backend.read));
    time.now += PROBE_INTERVAL_MS;
    const [before, start] = [backend.attempts, time.now];
    const waits: number[] = [];
    const reads = readMany(100, () => backend.read().finally(() => waits.push(time.now - start)));
    await time.settle(reads);
    expect(backend.attempts - before).toBe(1);
    expect(waits.filter((wait) => wait === 0)).toHaveLength(99);
  });

  test('all reads pass again after the first success', async () => {
    const time = new VirtualTime();
    const backend = openBackend(time);
    await time.settle(readMany(20, backend.read));
    backend.isUp = true;
    expect(reasonOf(await time.settle(backend.read()))).toMatchObject({ code: 'backend down' });
    time.now += PROBE_INTERVAL_MS;
    expect(await time.settle(backend.read())).toMatchObject({ value: 'data' });
    const results = await time.settle(readMany(20, backend.read));
    expect(results).toMatchObject({ value: Array(20).fill({ status: 'fulfilled' }) });
  });

  test('a client that leaves while its read tries the backend does not block the next try', async () => {
    const time = new VirtualTime();
    const retry = openRetry(time);
    await time.settle(readMany(20, () => retry(unavailable, neverAborted())));
    time.now += PROBE_INTERVAL_MS;
    const controller = new AbortController();
    const left = retry(() => new Promise(() => undefined), controller.signal);
    controller.abort(new Error('gone'));
    await time.settle(left);
    expect(await time.settle(retry(() => Promise.resolve(1), neverAborted()))).toMatchObject({
      value: 1,
    });
  });

  test('a backend that fails half of all attempts never counts as down', async () => {
    const generator = xoroshiro128plus(7);
    const chance = () => uniformInt(generator, 0, 999) / 1000;
    const time = new VirtualTime(chance);
    const retry = openRetry(time);
    const attempt = () => (chance() < 0.5 ? unavailable() : Promise.resolve());
    for (let round = 0; round < 300; round++) {
      const results = await time.settle(readMany(20, () => retry(attempt, neverAborted())));
      const codes = (results as { value: PromiseSettledResult<unknown>[] }).value.map(reasonOf);
      expect(codes).not.toContainEqual(expect.objectContaining({ code: 'backend down' }));
      time.now += 50;
    }
  });
});

test('REAL_TIMING sleeps, and rejects when the signal aborts', async () => {
  await REAL_TIMING.sleep(1, neverAborted());
  const controller = new AbortController();
  const sleep = REAL_TIMING.sleep(1_000_000, controller.signal);
  controller.abort(new Error('gone'));
  await expect(sleep).rejects.toThrow('gone');
  await expect(REAL_TIMING.sleep(1_000_000, AbortSignal.abort(new Error('no')))).rejects.toThrow();
});

test.each([
  [null, 0],
  ['3', 3000],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
  ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
  ['-5', 0],
  ['soon', 0],
])('parses Retry-After: %s as %i ms', (value, milliseconds) => {
  expect(parseRetryAfter(value, Date.UTC(2026, 0, 1))).toBe(milliseconds);
});
