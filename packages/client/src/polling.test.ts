import { firebaseError } from '../test/memory-backend.js';
import { openPolling } from './polling.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** The milliseconds at which `read` was called. */
function open(next: (data: unknown) => boolean, read = (): unknown => 'the same') {
  const start = Date.now();
  const times: number[] = [];
  const error = jest.fn();
  const polling = openPolling();
  const stop = polling.watch(
    () => {
      times.push(Date.now() - start);
      return Promise.resolve(read());
    },
    next,
    error,
  );
  return {
    polling,
    stop,
    times,
    error,
    advance: (ms: number) => jest.advanceTimersByTimeAsync(ms),
  };
}

test('reads less and less often while nothing changes', async () => {
  const { times, advance } = open(() => true);
  await advance(60_000);
  expect(times.slice(0, 4)).toEqual([0, 300, 750, 1_425]);
  expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBe(10_000);
});

test('starts again at a change, and ends when no more is expected', async () => {
  const values = ['a', 'a', 'a', 'b', 'c'];
  let reads = 0;
  const next = jest.fn((data: unknown) => data !== 'c');
  const { times, advance } = open(next, () => values[reads++]);
  await advance(60_000);
  expect(times).toEqual([0, 300, 750, 1_425, 1_725]);
  expect(next.mock.calls).toEqual([['a'], ['b'], ['c']]);
});

test('goes on after an error that passes, and reports others once', async () => {
  const answers = [firebaseError('unavailable'), firebaseError('permission-denied')];
  const { times, error, advance } = open(
    () => true,
    () => {
      throw answers.shift() ?? new Error('expected no further read');
    },
  );
  await advance(60_000);
  expect(times).toEqual([0, 300]);
  expect(error.mock.calls).toEqual([[expect.objectContaining({ code: 'permission-denied' })]]);
});

test('after wake, reads until a change comes, or seldom enough', async () => {
  let value = 'a';
  const { polling, times, advance } = open(
    () => false,
    () => value,
  );
  await advance(1_000);
  expect(times).toEqual([0]);
  polling.wake();
  await advance(700);
  value = 'b';
  await advance(60_000);
  expect(times).toEqual([0, 1_000, 1_300, 1_750]);
  times.length = 0;
  polling.wake();
  await advance(600_000);
  expect(times.length).toBeGreaterThan(5);
  expect(times.length).toBeLessThan(15);
});

test('does nothing after stop', async () => {
  const next = jest.fn(() => true);
  const { polling, stop, times, advance } = open(next);
  stop();
  await advance(10_000);
  polling.wake();
  await advance(10_000);
  expect([times, next.mock.calls]).toEqual([[0], []]);
});

describe('in a page', () => {
  class Page extends EventTarget {
    visibilityState = 'visible';
    turn(state: string) {
      this.visibilityState = state;
      this.dispatchEvent(new Event('visibilitychange'));
    }
  }
  const page = new Page();
  beforeEach(() => void Object.assign(globalThis, { document: page }));
  afterEach(() => void Reflect.deleteProperty(globalThis, 'document'));

  test('reads once a minute while it is hidden, and at once when it is shown', async () => {
    const { times, advance, stop } = open(() => true);
    page.turn('hidden');
    await advance(120_000);
    expect(times).toEqual([0, 60_000, 120_000]);
    page.turn('visible');
    await advance(0);
    expect(times).toHaveLength(4);
    stop();
    page.turn('visible');
    await advance(0);
    expect(times).toHaveLength(4);
  });
});
