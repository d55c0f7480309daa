/** Sealed links as a client sees them. */
import type { TokenRecord } from '../domain/records.js';
import type { SealLimits } from '../domain/seal.js';
import * as hpke from '../domain/hpke.js';
import { mintToken } from '../domain/token.js';
import {
  NOW,
  openServeFixture,
  SEALING_KEYS,
  sealFor,
  type FixtureOptions,
} from '../../test/serve/serve-fixture.js';
import type { Manifest } from './manifest.js';

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const [VICTIM, FLOOD] = [from('192.0.2.1'), from('198.51.100.1')];

/** Opens an instance with keys, and a sealed link to its image. */
function open({ record = {}, config = {} }: FixtureOptions = {}, limits: SealLimits = {}) {
  const fixture = openServeFixture({ record, config: { sealingKeys: SEALING_KEYS, ...config } });
  return { ...fixture, sealed: sealFor(fixture.token, limits) };
}

const VARIANTS = [
  { name: 'w800', width: 800, fit: 'inside' as const },
  { name: 'w1000', width: 1000, fit: 'inside' as const },
  { name: 'w1600', width: 1600, fit: 'inside' as const },
];

type Fixture = ReturnType<typeof open>;
async function namesIn({ get, sealed }: Fixture): Promise<string[] | number> {
  const { status, body } = await get(`/${sealed}`);
  if (status !== 200) return status;
  return (JSON.parse(String(body)) as Manifest).variants.map(({ name }) => name);
}
const statusOf = async ({ get, sealed }: Fixture, name: string) =>
  (await get(`/${sealed}/${name}`)).status;

describe('the manifest of a sealed link', () => {
  test('has URLs with the sealed token, never with the token', async () => {
    for (const publicBaseUrl of [undefined, 'https://example.com/i']) {
      const fixture = open({ config: publicBaseUrl === undefined ? {} : { publicBaseUrl } });
      const { get, sealed, token } = fixture;
      const { body, headers } = await get(`/${sealed}`);
      const base = publicBaseUrl === undefined ? '' : `${publicBaseUrl}/`;
      expect(String(body)).toContain(`"${base}${sealed}/w800.webp"`);
      expect(String(body) + JSON.stringify(headers)).not.toContain(token);
      expect((await get(`/${sealed}/w800.webp`)).status).toBe(200);
    }
  });
});

describe('the limits of a sealed link', () => {
  test.each<[string, SealLimits, string[] | number]>([
    ['none', {}, ['thumb', 'w800', 'w1600']],
    ['variants', { variants: ['w800', 'none'] }, ['w800']],
    ['a width', { maxWidth: 800 }, ['thumb', 'w800']],
    ['a width between two', { maxWidth: 1599 }, ['thumb', 'w800']],
    ['both', { variants: ['w800', 'w1600'], maxWidth: 800 }, ['w800']],
    ['a width below all', { maxWidth: 10 }, []],
  ])('%s', async (_what, limits, names) => {
    expect(await namesIn(open({}, limits))).toEqual(names);
  });

  test('refuse what they do not name, and select among the rest', async () => {
    const fixture = open(
      { config: { variants: VARIANTS, formats: ['webp', 'jpeg'] } },
      { maxWidth: 800 },
    );
    const { get, sealed } = fixture;
    expect(await statusOf(fixture, 'w1600.webp')).toBe(404);
    // Configured, but not made yet: no narrower one stands for what is too wide.
    expect(await statusOf(fixture, 'w1000.webp')).toBe(404);
    expect((await get(`/${sealed}?w=1600&f=webp`)).headers['content-disposition']).toContain(
      'w800.webp',
    );
    expect((await get(`/${sealed}?w=1600`)).status).toBe(200);
    const none = open({}, { variants: ['none'] });
    expect((await none.get(`/${none.sealed}?w=100`)).status).toBe(404);
  });

  test('allow a variant that has no rendition yet, and the nearest one stands for it', async () => {
    const config = { variants: VARIANTS, formats: ['webp' as const] };
    const { get, sealed } = open({ config }, { variants: ['w1000', 'w800'] });
    const { status, headers } = await get(`/${sealed}/w1000.webp`);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(headers['content-disposition']).toContain('w800.webp');
  });

  test('never give access to more than the token does', async () => {
    const share = { record: { kind: 'share' as const, variants: ['thumb'] } };
    expect(await namesIn(open(share))).toEqual(['thumb']);
    expect(await namesIn(open(share, { variants: ['w800'] }))).toEqual([]);
    expect(await namesIn(open(share, { maxWidth: 65_535 }))).toEqual(['thumb']);
    const restricted = { config: { publicVariants: ['thumb'], variants: VARIANTS } };
    expect(await namesIn(open(restricted))).toEqual(['thumb']);
    expect(await namesIn(open(restricted, { variants: ['w800', 'thumb'] }))).toEqual(['thumb']);
    for (const name of ['w800', 'w1000', 'w800.webp']) {
      expect(await statusOf(open(restricted, { variants: [name.slice(0, 4)] }), name)).toBe(404);
      expect(await statusOf(open(restricted, { maxWidth: 2000 }), name)).toBe(404);
    }
    const blurred = { config: { variants: [{ name: 'w800', width: 800, fit: 'inside' as const, blur: 9 }], publicVariants: ['w800'] } }; // prettier-ignore
    expect(await namesIn(open(blurred, { variants: ['w800'] }))).toEqual([]);
  });

  test('do not change what the token itself gives access to, or another link', async () => {
    const fixture = open({}, { maxWidth: 800, notAfter: NOW / 1000 + 5 });
    await namesIn(fixture);
    const other = sealFor(fixture.token, { variants: ['w1600'] });
    expect(await namesIn({ ...fixture, sealed: fixture.token })).toHaveLength(3);
    expect(await namesIn({ ...fixture, sealed: other })).toEqual(['w1600']);
    expect(await namesIn(fixture)).toEqual(['thumb', 'w800']);
  });
});

describe('the expiry of a sealed link', () => {
  test('is exact to the second, and no cache keeps a response longer', async () => {
    const fixture = open({}, { notAfter: NOW / 1000 + 20 });
    const { get, sealed, time } = fixture;
    const cacheControl = async () => (await get(`/${sealed}/w800.webp`)).headers['cache-control'];
    expect(await cacheControl()).toBe('public, max-age=10, s-maxage=10, must-revalidate');
    time.now = NOW + 19_999;
    expect(await cacheControl()).toBe('public, no-cache');
    time.now = NOW + 20_000;
    const reads = { ...fixture.backend.calls };
    expect(await get(`/${sealed}/w800.webp`)).toEqual(await get('/unknown'));
    expect(await get(`/${sealed}`)).toEqual(await get('/unknown'));
    expect(fixture.backend.calls).toEqual(reads);
    expect((await get(`/${fixture.token}/w800.webp`)).status).toBe(200);
  });

  test('costs no read once it is over, also on an instance that never saw the link', async () => {
    const { get, sealed, backend } = open({}, { notAfter: NOW / 1000 });
    expect((await get(`/${sealed}/w800.webp`)).status).toBe(404);
    expect(backend.calls).toEqual({});
  });

  test('of its token applies if that is earlier', async () => {
    const record = { expiresAt: NOW + 10_000 };
    const { get, sealed, time } = open({ record }, { notAfter: NOW / 1000 + 20 });
    const { headers } = await get(`/${sealed}/w800.webp`);
    expect(headers['cache-control']).toContain('s-maxage=10');
    time.now = NOW + 10_000;
    expect((await get(`/${sealed}/w800.webp`)).status).toBe(404);
  });
});

test('ends with its token, within the bound, although it stays in memory', async () => {
  const { get, sealed, backend, time } = open();
  expect((await get(`/${sealed}/w800.webp`)).status).toBe(200);
  backend.tokens.clear();
  time.clock = 59_999;
  expect((await get(`/${sealed}/w800.webp`)).headers['cache-control']).toBe('public, no-cache');
  time.clock = 60_000;
  expect(await get(`/${sealed}/w800.webp`)).toEqual(await get('/unknown'));
});

test('all that opens nothing gets one response, byte for byte', async () => {
  const { get, sealed, token, backend } = open();
  const another = sealFor(token, {}, [{ kid: 1, seed: Buffer.alloc(32, 2) }]);
  const refused = [
    `/${sealed.slice(0, -1)}`,
    `/${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'B' : 'A'}`,
    `/${sealed}A`,
    `/${another}`,
    `/${sealFor(token, {}, [{ kid: 2, seed: Buffer.alloc(32, 1) }])}`,
    `/${sealFor(mintToken())}`,
    `/${sealFor(token, { variants: ['none'] })}/w800.webp`,
    `/${sealFor(token, { notAfter: 1 })}/w800.webp`,
    `/${sealed}/w801.webp`,
  ];
  const expected = await get('/unknown');
  for (const url of refused.slice(0, 6)) {
    for (const rest of ['', '/w800', '/w800.webp', '?w=800']) {
      expect(await get(`${url}${rest}`)).toEqual(expected);
    }
  }
  for (const url of refused.slice(6)) expect(await get(url)).toEqual(expected);
  expect(backend.calls['findToken']).toBe(2);
});

test('rotation: every key opens, the first one is published', async () => {
  const second = { kid: 9, seed: Buffer.alloc(32, 9) };
  const fixture = openServeFixture({ config: { sealingKeys: [second, ...SEALING_KEYS] } });
  const { get, token } = fixture;
  const { body } = await get('/i/seal-keys.json');
  expect(JSON.parse(String(body))).toEqual({
    audience: 'bucket',
    keys: [{ kid: 9, key: expect.stringMatching(/^[\w-]{43}$/) as string }],
  });
  for (const keys of [[second], SEALING_KEYS]) {
    expect((await get(`/${sealFor(token, {}, keys)}/w800.webp`)).status).toBe(200);
  }
  const dropped = openServeFixture({ config: { sealingKeys: [second] } });
  expect((await dropped.get(`/${sealFor(dropped.token)}/w800.webp`)).status).toBe(404);
});

describe('openings', () => {
  const decrypt = jest.spyOn(hpke, 'decrypt');
  beforeEach(() => decrypt.mockClear());
  afterAll(() => decrypt.mockRestore());
  const junk = (fixture: Fixture) => {
    const text = sealFor(fixture.token);
    return `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`;
  };

  test('are remembered, also those that failed', async () => {
    const fixture = open();
    const bad = junk(fixture);
    for (let view = 0; view < 5; view++) {
      expect(await statusOf(fixture, 'w800.webp')).toBe(200);
      expect((await fixture.get(`/${bad}/w800.webp`)).status).toBe(404);
    }
    expect(decrypt).toHaveBeenCalledTimes(2);
  });

  test('are limited per client by their number: a flood of junk refuses no good link of others', async () => {
    const fixture = open({ config: { quotas: { views: 10, token: 0, tokenBytes: 0 } } });
    const { get, sealed, token, time } = fixture;
    expect((await get(`/${sealed}/w800.webp`, VICTIM)).status).toBe(200);
    const statuses: number[] = [];
    for (let count = 0; count < 50; count++) {
      statuses.push((await get(`/${junk(fixture)}/w800.webp`, FLOOD)).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(404), ...Array<number>(40).fill(429)]);
    expect(decrypt).toHaveBeenCalledTimes(11);
    // What is remembered costs nothing, also for the flooding client; what is new has no quota left there.
    expect((await get(`/${sealed}/w800.webp`, FLOOD)).status).toBe(200);
    const recent = sealFor(token);
    const refused = await get(`/${recent}/w800.webp`, FLOOD);
    expect(refused).toMatchObject({
      status: 429,
      headers: { 'ratelimit-policy': '"seals";q=10;w=60', 'cache-control': 'no-store' },
    });
    expect((await get(`/${recent}/w800.webp`, VICTIM)).status).toBe(200);
    time.clock = 60_000;
    expect((await get(`/${sealFor(token)}/w800.webp`, FLOOD)).status).toBe(200);
  });

  test('cost nothing for what is malformed or has an unknown key id', async () => {
    const fixture = open({ config: { quotas: { views: 1, token: 0, tokenBytes: 0 } } });
    const unknown = sealFor(fixture.token, {}, [{ kid: 2, seed: Buffer.alloc(32, 1) }]);
    for (const text of [unknown, fixture.sealed.slice(0, -1), 'sps_', `sps_${'A'.repeat(104)}`]) {
      expect((await fixture.get(`/${text}/w800.webp`)).status).toBe(404);
    }
    expect(decrypt).not.toHaveBeenCalled();
    expect(await statusOf(fixture, 'w800.webp')).toBe(200);
  });

  test('of one token count together for its own limits', async () => {
    const quotas = { views: 0, token: 0, tokenBytes: 'w800.webp'.length };
    const fixture = open({ config: { quotas } });
    expect(await statusOf(fixture, 'w800.webp')).toBe(200);
    expect((await fixture.get(`/${sealFor(fixture.token)}/w800.webp`)).status).toBe(429);
  });

  test('need no read of the record for a second link', async () => {
    const fixture = open();
    await statusOf(fixture, 'w800.webp');
    for (let count = 0; count < 20; count++) {
      await fixture.get(`/${sealFor(fixture.token)}/w800.webp`);
    }
    expect(fixture.backend.calls).toEqual({ findToken: 1, readRendition: 1 });
  });

  test('never log or return the token', async () => {
    const fixture = open();
    fixture.backend.reader.findToken = () => Promise.reject(new Error('down'));
    expect(await statusOf(fixture, 'w800.webp')).toBe(503);
    const text = JSON.stringify(fixture.logged);
    expect(text).toContain(fixture.hash.slice(0, 8));
    expect(text).not.toContain(fixture.token.slice(4));
    expect(text).not.toContain(fixture.sealed.slice(4, 40));
  });
});

test('the record of another image is never shown', async () => {
  const fixture = open();
  const other = open();
  const record = other.backend.tokens.get(other.hash) as TokenRecord<number>;
  fixture.backend.tokens.set(other.hash, { ...record, variants: ['thumb'] });
  expect(await namesIn({ ...fixture, sealed: other.sealed })).toEqual(['thumb']);
  expect(await namesIn(fixture)).toHaveLength(3);
});
