import { openRateLimiter, type Quotas } from './rate-limit.js';

const NONE: Quotas = { views: 0, failures: 0, token: 0 };

beforeEach(() => jest.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));
afterEach(() => jest.useRealTimers());

async function repeat<T>(count: number, action: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < count; at++) results.push(await action());
  return results;
}

test('limits the reads of one client per minute, and of no other client', async () => {
  const rateLimiter = openRateLimiter({ ...NONE, views: 3 });
  const consume = () => rateLimiter.consume('a', 'hash');
  expect(await repeat(3, consume)).toEqual([undefined, undefined, undefined]);
  jest.advanceTimersByTime(15_500);
  expect(await consume()).toEqual({ policy: 'views', quota: 3, window: 60, retryAfter: 45 });
  expect(await rateLimiter.consume('b', 'hash')).toBeUndefined();
  jest.advanceTimersByTime(44_500);
  expect(await consume()).toBeUndefined();
});

test('limits the reads of one token, for all clients together', async () => {
  const rateLimiter = openRateLimiter({ ...NONE, token: 2 });
  expect(await rateLimiter.consume('a', 'hash')).toBeUndefined();
  expect(await rateLimiter.consume('b', 'hash')).toBeUndefined();
  expect((await rateLimiter.consume('c', 'hash'))?.policy).toBe('token');
  expect(await rateLimiter.consume('c', 'another')).toBeUndefined();
});

test('blocks a client for longer after each repeat offense, up to one hour', async () => {
  const rateLimiter = openRateLimiter({ ...NONE, failures: 2 });
  const fail = () => rateLimiter.fail('a');
  expect(await repeat(2, fail)).toEqual([undefined, undefined]);
  const blocks: (number | undefined)[] = [];
  for (let round = 0; round < 8; round++) {
    blocks.push((await fail())?.retryAfter);
    // Further requests are refused and do not extend the block.
    jest.advanceTimersByTime(1000);
    expect((await fail())?.retryAfter).toBe((blocks.at(-1) as number) - 1);
    expect((await rateLimiter.consume('a', 'hash'))?.policy).toBe('failures');
    expect(await rateLimiter.consume('b', 'hash')).toBeUndefined();
    jest.advanceTimersByTime(((blocks.at(-1) as number) - 1) * 1000);
    expect(await rateLimiter.consume('a', 'hash')).toBeUndefined();
    await repeat(2, fail);
  }
  expect(blocks).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600]);
});

test('a quota of 0 means no limit', async () => {
  const rateLimiter = openRateLimiter(NONE);
  const all = await repeat(1000, async () => [
    await rateLimiter.consume('a', 'h'),
    await rateLimiter.fail('a'),
  ]);
  expect(all.flat().every((limited) => limited === undefined)).toBe(true);
  expect(jest.getTimerCount()).toBe(0);
});

test('a hundred thousand clients use no more memory than the maximum number of keys', async () => {
  const rateLimiter = openRateLimiter({ views: 5, failures: 5, token: 5 }, 100);
  for (let client = 0; client < 100_000; client++) {
    await rateLimiter.consume(`client-${client}`, `hash-${client}`);
  }
  // Two counters with one timer per key; a dropped key has no timer.
  expect(jest.getTimerCount()).toBe(200);
});
