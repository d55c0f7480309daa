/** Rate limits as a client sees them: what is refused, what never is, and which headers a refusal has. */
import { Readable } from 'node:stream';
import { hashToken, mintToken } from '../domain/token.js';
import type { TokenRecord } from '../domain/records.js';
import { neverAborted, openServeFixture } from '../../test/serve/serve-fixture.js';
import type { ServeConfig } from './context.js';

const DEFAULTS = { views: 3000, token: 6000, tokenBytes: 1_000_000_000 };
const NONE = { views: 0, token: 0, tokenBytes: 0 };
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const CLIENT = from('192.0.2.1');

const openWith = (quotas: Partial<ServeConfig['quotas']>) =>
  openServeFixture({ config: { quotas: { ...NONE, ...quotas } } });
type Fixture = ReturnType<typeof openServeFixture>;

/** Stores further tokens for the fixture's image. */
function addTokens({ backend, hash }: Fixture, count: number): string[] {
  const record = backend.tokens.get(hash) as TokenRecord<number>;
  const tokens = Array.from({ length: count }, () => mintToken());
  for (const token of tokens) backend.tokens.set(hashToken(token), record);
  return tokens;
}

async function statusesOf({ get }: Fixture, urls: string[], request = CLIENT): Promise<number[]> {
  const statuses: number[] = [];
  for (const url of urls) statuses.push((await get(url, request)).status);
  return statuses;
}

describe('failures never refuse a view', () => {
  test.each<[string, (at: number, token: string) => string]>([
    ['junk paths', (at) => `/junk-${at}`],
    ['malformed tokens', (at, token) => `/${token.slice(0, -1)}-/w${at}`],
    ['bad queries', (at, token) => `/${token}?w=x${at}`],
    ['unknown tokens', () => `/${mintToken()}/w800`],
    ['unknown variants of a valid token', (at, token) => `/${token}/w${at + 10_000}`],
  ])('61 URLs of one client, then a view that needs a read: %s', async (_kind, url) => {
    const fixture = openWith(DEFAULTS);
    const [victim] = addTokens(fixture, 1);
    const urls = Array.from({ length: 61 }, (_, at) => url(at, fixture.token));
    for (const status of await statusesOf(fixture, urls)) expect([400, 404]).toContain(status);
    expect(await statusesOf(fixture, [`/${String(victim)}/w800.webp`])).toEqual([200]);
  });

  test('a page of 500 broken images costs one read for each, and does not refuse the next page', async () => {
    const fixture = openWith(DEFAULTS);
    const urls = Array.from({ length: 500 }, () => `/${mintToken()}/w800`);
    for (let visit = 0; visit < 5; visit++) {
      expect(new Set(await statusesOf(fixture, urls))).toEqual(new Set([404]));
    }
    expect(fixture.backend.calls).toEqual({ findToken: 500 });
    expect(await statusesOf(fixture, [`/${fixture.token}/w800.webp`])).toEqual([200]);
  });

  test('what costs no read is refused without a promise and is not counted', async () => {
    const fixture = openWith({ views: 1 });
    const { serve, token, backend } = fixture;
    const request = (url: string) =>
      serve({ method: 'GET', url, ...CLIENT, signal: neverAborted() });
    const unknown = mintToken();
    await request(`/${unknown}/w800`);
    for (let count = 0; count < 100; count++) {
      for (const url of ['/junk', `/${token}x`, `/${token}?w=x`, `/${unknown}/w800`]) {
        expect(request(url)).toMatchObject({ status: url.includes('?') ? 400 : 404 });
      }
    }
    expect(backend.calls).toEqual({ findToken: 1 });
    expect(await request(`/${token}/w800.webp`)).toMatchObject({ status: 429 });
  });

  test('made-up tokens from a shared address leave known images available to others behind it', async () => {
    const fixture = openWith({ views: 10 });
    const { token, backend, time } = fixture;
    await fixture.get(`/${token}/w800.webp`, from('198.51.100.1'));
    const guesses = Array.from({ length: 50 }, () => `/${mintToken()}/w800`);
    const statuses = await statusesOf(fixture, guesses);
    expect(statuses.filter((status) => status === 404)).toHaveLength(10);
    expect(backend.calls['findToken']).toBe(11);
    // The record must be read again, and so must the other renditions.
    time.clock = 59_999;
    const urls = ['w800.webp', 'w800.jpg', 'thumb.webp', 'w1600.webp'];
    expect(
      await statusesOf(
        fixture,
        urls.map((name) => `/${token}/${name}`),
      ),
    ).toEqual([200, 200, 200, 200]);
  });
});

describe('reads', () => {
  test('beyond the quota of the client get a 429, responses from memory do not', async () => {
    const { get, token } = openWith({ views: 2 });
    const request = (name: string, address = '192.0.2.1') =>
      get(`/${token}/${name}`, from(address));
    // The first read is for a token that is not known yet.
    const names = ['w800.webp', 'w800.jpg', 'thumb.webp'];
    for (const name of names) expect((await request(name)).status).toBe(200);
    const response = await request('w1600.webp');
    expect(response).toMatchObject({
      status: 429,
      headers: {
        'cache-control': 'no-store',
        ratelimit: '"views";r=0;t=60',
        'ratelimit-policy': '"views";q=2;w=60',
        'retry-after': '60',
      },
    });
    for (const name of names) expect((await request(name)).status).toBe(200);
    expect((await request('w1600.webp', '192.0.2.2')).status).toBe(200);
  });

  test('for made-up tokens are limited per client, whatever address it forges', async () => {
    const fixture = openWith({ views: 5 });
    for (let count = 0; count < 20; count++) {
      await fixture.get(`/${mintToken()}`, from(`203.0.113.${count}, 192.0.2.1`));
    }
    expect(fixture.backend.calls).toEqual({ findToken: 5 });
  });

  test('of visitors behind Firebase Hosting are counted for each visitor', async () => {
    const fixture = openWith({ views: 1 });
    const [first, second] = addTokens(fixture, 2).map((token) => `/${token}/w800`) as [
      string,
      string,
    ];
    const behind = (address: string) => from(`${address},66.102.8.69`);
    expect(await statusesOf(fixture, [first, second], behind('192.0.2.1'))).toEqual([200, 429]);
    expect(await statusesOf(fixture, [second], behind('192.0.2.2'))).toEqual([200]);
  });

  test('for one token are limited for all clients together, also while its image is processed', async () => {
    const fixture = openWith({ token: 3 });
    for (const record of fixture.backend.tokens.values()) delete record.image;
    const statuses: number[] = [];
    for (let client = 0; client < 5; client++) {
      const request = from(`192.0.2.${client}`);
      statuses.push(...(await statusesOf(fixture, [`/${fixture.token}/w800`], request)));
    }
    expect(statuses).toEqual([404, 404, 404, 429, 429]);
  });

  test('of a gallery of 500 images are within the default quotas', async () => {
    const fixture = openWith(DEFAULTS);
    const responses = await Promise.all(
      addTokens(fixture, 500).map((token) => fixture.get(`/${token}/w800.webp`)),
    );
    expect(responses.every(({ status }) => status === 200)).toBe(true);
  });
});

describe('bytes of one token', () => {
  /** Length of `w1600.webp`, which is read for each request. */
  const LARGE = 600 * 1024;
  const SMALL = 'w800.webp'.length;

  test('are limited from memory too, for all clients, with a 429 that says when to retry', async () => {
    const fixture = openWith({ tokenBytes: 10 * SMALL });
    const { get, token, time } = fixture;
    time.clock = 1000;
    await get(`/${token}/w800.webp`, CLIENT);
    time.clock = 15_500;
    const urls = Array.from({ length: 12 }, () => `/${token}/w800.webp`);
    const statuses = await statusesOf(fixture, urls, from('192.0.2.2'));
    expect(statuses).toEqual([...Array<number>(9).fill(200), 429, 429, 429]);
    const response = await get(`/${token}/w800.webp`, CLIENT);
    expect(response.headers).toMatchObject({
      'cache-control': 'no-store',
      ratelimit: '"token-bytes";r=0;t=46',
      'ratelimit-policy': `"token-bytes";q=${10 * SMALL};qu="content-bytes";w=60`,
      'retry-after': '46',
    });
    expect((await get(`/${String(addTokens(fixture, 1)[0])}/w800.webp`)).status).toBe(200);
    time.clock = 61_000;
    expect((await get(`/${token}/w800.webp`)).status).toBe(200);
  });

  test('are refused without a promise', async () => {
    const { serve, token } = openWith({ tokenBytes: SMALL });
    const view = () =>
      serve({ method: 'GET', url: `/${token}/w800.webp`, headers: {}, signal: neverAborted() });
    await view();
    expect(view()).toMatchObject({ status: 429 });
  });

  test('are those of the body: a range counts its length, HEAD and 304 nothing', async () => {
    const fixture = openWith({ tokenBytes: 2 * SMALL + 8 });
    const { get, token } = fixture;
    const url = `/${token}/w800.webp`;
    const { headers } = await get(url);
    for (let count = 0; count < 50; count++) {
      expect((await get(url, { method: 'HEAD' })).status).toBe(200);
      expect((await get(`/${token}`, { method: 'HEAD' })).status).toBe(200);
      const request = { headers: { 'if-none-match': String(headers['etag']) } };
      expect((await get(url, request)).status).toBe(304);
      expect((await get(url, { headers: { range: 'bytes=99-' } })).status).toBe(416);
    }
    const range = { headers: { range: 'bytes=0-3' } };
    expect((await get(url, range)).status).toBe(206);
    expect((await get(url, range)).status).toBe(206);
    expect((await get(url)).status).toBe(200);
    expect((await get(url, range)).status).toBe(429);
  });

  test('include the manifest', async () => {
    const probe = openWith({});
    const size = Number((await probe.get(`/${probe.token}`)).headers['content-length']);
    const fixture = openWith({ tokenBytes: 2 * size });
    const url = `/${fixture.token}`;
    expect(await statusesOf(fixture, [url, url, url])).toEqual([200, 200, 429]);
  });

  test('are reserved before a read: concurrent requests do not exceed the quota, and refused ones cost no read', async () => {
    const fixture = openWith({ tokenBytes: 3 * LARGE });
    const { get, token, backend } = fixture;
    const views = Array.from({ length: 20 }, () => get(`/${token}/w1600.webp`));
    const sent = (await Promise.all(views)).filter(({ status }) => status === 200);
    expect(sent).toHaveLength(3);
    expect(backend.calls['readRendition']).toBe(3);
  });

  test('are limited with REVOCATION_SECONDS 0 as well', async () => {
    const fixture = openServeFixture({
      config: { revocationSeconds: 0, quotas: { ...NONE, tokenBytes: 2 * SMALL } },
    });
    const url = `/${fixture.token}/w800.webp`;
    expect(await statusesOf(fixture, [url, url, url])).toEqual([200, 200, 429]);
  });

  test('are 1,000 MB by default: one client gets that from memory in a minute, and no more', async () => {
    const fixture = openWith(DEFAULTS);
    const { serve, token, put, backend, image, hash } = fixture;
    const data = Buffer.alloc(500_000, 7);
    const webp = put('big.webp', data);
    const record = backend.tokens.get(hash) as TokenRecord<number>;
    const renditions = { big: { width: 1, height: 1, webp } };
    backend.tokens.set(hash, { ...record, image: { ...image, renditions } });
    let bytes = 0;
    for (let count = 0; count < 5000; count++) {
      const response = await serve({
        method: 'GET',
        url: `/${token}/big.webp`,
        ...CLIENT,
        signal: neverAborted(),
      });
      if (response.status !== 200 || response.body instanceof Readable) continue;
      bytes += response.body?.length ?? 0;
    }
    expect(bytes).toBe(1_000_000_000);
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 1 });
  });
});
