import { openRateLimiter, type Quotas } from './rate-limit.js';

const NONE: Quotas = { views: 0, failures: 0, token: 0 };

beforeEach(() => jest.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));
afterEach(() => jest.useRealTimers());

async function times<T>(count: number, act: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < count; at++) results.push(await act());
  return results;
}

test('views: a client’s quota, then a refusal until its minute is over; others are not touched', async () => {
  const limits = openRateLimiter({ ...NONE, views: 3 });
  const view = () => limits.consume('a', 'hash');
  expect(await times(3, view)).toEqual([undefined, undefined, undefined]);
  jest.advanceTimersByTime(15_500);
  expect(await view()).toEqual({ policy: 'views', quota: 3, window: 60, retryAfter: 45 });
  expect(await limits.consume('b', 'hash')).toBeUndefined();
  jest.advanceTimersByTime(44_500);
  expect(await view()).toBeUndefined();
});

test('a token’s quota is the same for all its clients together', async () => {
  const limits = openRateLimiter({ ...NONE, token: 2 });
  expect(await limits.consume('a', 'hash')).toBeUndefined();
  expect(await limits.consume('b', 'hash')).toBeUndefined();
  expect((await limits.consume('c', 'hash'))?.policy).toBe('token');
  expect(await limits.consume('c', 'another')).toBeUndefined();
});

test('who goes on failing is kept out for longer each time, up to an hour', async () => {
  const limits = openRateLimiter({ ...NONE, failures: 2 });
  const fail = () => limits.fail('a');
  expect(await times(2, fail)).toEqual([undefined, undefined]);
  const blocks: (number | undefined)[] = [];
  for (let round = 0; round < 8; round++) {
    blocks.push((await fail())?.retryAfter);
    // Neither another failure nor a view makes it longer, and none of them is let in.
    jest.advanceTimersByTime(1000);
    expect((await fail())?.retryAfter).toBe((blocks.at(-1) as number) - 1);
    expect((await limits.consume('a', 'hash'))?.policy).toBe('failures');
    expect(await limits.consume('b', 'hash')).toBeUndefined();
    jest.advanceTimersByTime(((blocks.at(-1) as number) - 1) * 1000);
    expect(await limits.consume('a', 'hash')).toBeUndefined();
    await times(2, fail);
  }
  expect(blocks).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600]);
});

test('0 is no limit', async () => {
  const limits = openRateLimiter(NONE);
  const all = await times(1000, async () => [
    await limits.consume('a', 'h'),
    await limits.fail('a'),
  ]);
  expect(all.flat().every((refusal) => refusal === undefined)).toBe(true);
  expect(jest.getTimerCount()).toBe(0);
});

test('a million clients take no more room than the keys that are kept', async () => {
  const limits = openRateLimiter({ views: 5, failures: 5, token: 5 }, 100);
  for (let client = 0; client < 1_000_000; client++) {
    await limits.consume(`client-${client}`, `hash-${client}`);
  }
  // A timer a key, of two counters: what is not kept has none.
  expect(jest.getTimerCount()).toBe(200);
});
