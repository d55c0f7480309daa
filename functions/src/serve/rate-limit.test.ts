import { openRateLimiter, type Quotas, type RateLimited, type TokenUsage } from './rate-limit.js';

const NONE: Quotas = { views: 0, token: 0, tokenBytes: 0 };

/** Opens a rate limiter with a clock that the test sets. */
function open(quotas: Partial<Quotas>, maxKeys?: number) {
  const time = { ms: 0 };
  const rateLimiter = openRateLimiter({ ...NONE, ...quotas }, () => time.ms, maxKeys);
  return {
    time,
    countRead: (client: string, hash: string) => rateLimiter.countRead(client, hash),
    countOpening: (client: string) => rateLimiter.countOpening(client),
    countBytes: (usage: TokenUsage, bytes: number) => rateLimiter.countBytes(usage, bytes),
    setFound: (hash: string) => rateLimiter.setFound(hash),
    setUnknown: (hash: string) => rateLimiter.setUnknown(hash),
  };
}

const repeat = (count: number, action: () => RateLimited | undefined) =>
  Array.from({ length: count }, action);

test('limits the reads of one client per minute, and of no other client', () => {
  const { countRead, time } = open({ views: 3 });
  expect(repeat(3, () => countRead('a', 'hash'))).toEqual([undefined, undefined, undefined]);
  time.ms = 15_500;
  expect(countRead('a', 'hash')).toEqual({
    policy: 'views',
    quota: 3,
    unit: 'requests',
    window: 60,
    retryAfter: 45,
  });
  expect(countRead('b', 'hash')).toBeUndefined();
  time.ms = 59_999;
  expect(countRead('a', 'hash')?.retryAfter).toBe(1);
  time.ms = 60_000;
  expect(countRead('a', 'hash')).toBeUndefined();
});

test('limits the openings of sealed tokens of one client, apart from its reads', () => {
  const { countRead, countOpening, time } = open({ views: 2 });
  expect(repeat(2, () => countOpening('a'))).toEqual([undefined, undefined]);
  expect(countOpening('a')).toMatchObject({ policy: 'seals', quota: 2, unit: 'requests' });
  expect(countOpening('b')).toBeUndefined();
  expect(repeat(2, () => countRead('a', 'hash'))).toEqual([undefined, undefined]);
  time.ms = 60_000;
  expect(countOpening('a')).toBeUndefined();
  expect(repeat(9, () => open({}).countOpening('a'))).toEqual(Array(9).fill(undefined));
});

test('reads for made-up tokens leave a client its quota for tokens that were found', () => {
  const { countRead, setFound, setUnknown } = open({ views: 3 });
  setFound('known');
  repeat(10, () => countRead('a', 'made-up'));
  expect(countRead('a', 'made-up')?.policy).toBe('views');
  expect(repeat(3, () => countRead('a', 'known'))).toEqual([undefined, undefined, undefined]);
  expect(countRead('a', 'known')?.policy).toBe('views');
  // A token that was deleted since counts as any other.
  setUnknown('known');
  expect(countRead('b', 'known')).toBeUndefined();
  repeat(3, () => countRead('b', 'made-up'));
  expect(countRead('b', 'known')?.policy).toBe('views');
});

test('limits the reads of one token, for all clients together', () => {
  const { countRead, setFound } = open({ token: 2 });
  expect(countRead('a', 'hash')).toBeUndefined();
  // The read that finds the token is the first of two.
  setFound('hash');
  expect(countRead('b', 'hash')).toBeUndefined();
  expect(countRead('c', 'hash')?.policy).toBe('token');
  expect(countRead('c', 'another')).toBeUndefined();
});

test('limits the bytes of one token per minute', () => {
  const { countBytes, setFound, time } = open({ tokenBytes: 1000 });
  const token = setFound('hash');
  expect(countBytes(token, 600)).toBeUndefined();
  time.ms = 10_000;
  expect(countBytes(token, 400)).toBeUndefined();
  expect(countBytes(token, 1)).toEqual({
    policy: 'token-bytes',
    quota: 1000,
    unit: 'content-bytes',
    window: 60,
    retryAfter: 50,
  });
  expect(countBytes(setFound('another'), 1000)).toBeUndefined();
  time.ms = 60_000;
  expect(countBytes(token, 1000)).toBeUndefined();
});

test('a body that is larger than the quota is allowed once per minute', () => {
  const { countBytes, setFound, time } = open({ tokenBytes: 1000 });
  const token = setFound('hash');
  expect(countBytes(token, 5000)).toBeUndefined();
  expect(countBytes(token, 1)?.policy).toBe('token-bytes');
  time.ms = 60_000;
  expect(countBytes(token, 5000)).toBeUndefined();
});

test('a token keeps its usage when its record is read again', () => {
  const { countBytes, setFound } = open({ tokenBytes: 1000 });
  expect(countBytes(setFound('hash'), 1000)).toBeUndefined();
  expect(countBytes(setFound('hash'), 1)?.policy).toBe('token-bytes');
});

test('a quota of 0 means no limit', () => {
  const { countRead, countBytes, setFound } = open({});
  const token = setFound('h');
  const all = [
    ...repeat(1000, () => countRead('a', 'h')),
    ...repeat(1000, () => countRead('a', 'made-up')),
    ...repeat(1000, () => countBytes(token, 1e9)),
  ];
  expect(all.every((limited) => limited === undefined)).toBe(true);
});

test('counts at most the maximum number of clients and tokens, and drops the least recently used', () => {
  const { countRead, setFound, countBytes } = open({ views: 1, tokenBytes: 1 }, 100);
  const token = setFound('token');
  countBytes(token, 1);
  const limitedClients = () =>
    Array.from({ length: 1000 }, (_, at) => countRead(`client-${at}`, 'made-up')).filter(Boolean);
  // Each client has one read; no client is remembered until it comes again.
  expect(limitedClients()).toEqual([]);
  expect(limitedClients()).toEqual([]);
  expect(countRead('client-999', 'made-up')?.policy).toBe('views');
  // Made-up tokens do not displace the usage of a real one; 100 others do.
  expect(setFound('token')).toBe(token);
  for (let at = 0; at < 100; at++) setFound(`token-${at}`);
  expect(setFound('token')).not.toBe(token);
});
