/** The image worker in front of `serve`, both in this process. workerd.test.ts runs it in Cloudflare's runtime. */
import { CASES } from '../../../functions/test/serve/conformance-cases.js';
import { entityTag } from '../../../functions/src/domain/entity-tag.js';
import { formatSealingKeys } from '../../../functions/src/domain/sealing-keys.js';
import { mintToken } from '../../../functions/src/domain/token.js';
import {
  NOW,
  openServeFixture,
  SEALING_KEYS,
  sealFor,
} from '../../../functions/test/serve/serve-fixture.js';
import {
  openInState,
  STATES,
  type StateInfo,
  type ConformanceCase,
} from '../../../functions/test/serve/token-states.js';
import { openEdge } from '../test/edge-fixture.js';

const ETAG = entityTag('w800.webp');
const KEYS = formatSealingKeys(SEALING_KEYS);
const SEALED = { SEALING_KEYS: KEYS };

let now = NOW;
let logged: string[];
beforeEach(() => {
  now = NOW;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  logged = [];
  jest.spyOn(console, 'error').mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => {
  expect(logged.join()).not.toMatch(/sp[sv]_/);
  jest.restoreAllMocks();
});

/** What the edge answers differently, and why. */
function adapt(each: ConformanceCase): ConformanceCase {
  const { 'cache-control': cacheControl, ...response } = each.response ?? {};
  // Only browsers may keep a response of the edge, for their half of the lifetime.
  const [maxAge] = /max-age=\d+/.exec(cacheControl ?? '') ?? [];
  const isKept = cacheControl?.startsWith('public') && !each.request.includes('seal-keys');
  // The lifetime that a sealed link has left is for browsers alone: the right is the token's.
  const sealedAge = each.state === 'sealed and expiring' ? 'max-age=10' : undefined;
  const own = sealedAge ?? (maxAge === 'max-age=0' || maxAge === undefined ? 'no-cache' : maxAge);
  const expected = isKept
    ? `private, ${own}${own === 'no-cache' ? '' : ', must-revalidate'}`
    : cacheControl;
  return { ...each, response: { ...response, ...(expected && { 'cache-control': expected }) } };
}

/** Another text: its last character is replaced by one that it is not. */
const changeLast = (text: string) => text.slice(0, -1) + (text.endsWith('_') ? '-' : '_');

const titleOf = ({ state, request, headers }: ConformanceCase) =>
  `${state}: ${request}${headers ? ` ${JSON.stringify(headers)}` : ''}`;

describe('answers what `serve` answers', () => {
  test.each(CASES.map((each) => [titleOf(each), adapt(each)] as const))(
    '%s',
    async (_title, each) => {
      const fixture = await openInState(each.state);
      const state: StateInfo = STATES[each.state];
      const { sealingKeys, bucket = 'bucket' } = state.config ?? {};
      const edge = openEdge(fixture.serve, { BUCKET: bucket, ...(sealingKeys ? SEALED : {}) });
      const [method = '', path = ''] = each.request.split(' ');
      const url = path.replace('T', fixture.token).replace(/^\/U/, `/${mintToken()}`);
      const headers = Object.entries(each.headers ?? {}).map(([name, value]): [string, string] => [
        name,
        value.replace('E', ETAG),
      ]);
      if (headers.some(([name]) => /content-length|transfer-encoding/.test(name))) return;
      const response = await edge.get(url, { method, headers });
      const body = Buffer.from(await response.arrayBuffer());
      expect(response.status).toBe(each.status);
      for (const [name, value] of Object.entries(each.response ?? {})) {
        const expected = value === null ? null : value.replace(/^E$/, ETAG);
        expect([name, response.headers.get(name)]).toEqual([name, expected]);
      }
      if (typeof each.body === 'number') expect(body).toHaveLength(each.body);
      else if (each.body !== undefined) expect(String(body)).toBe(each.body);
    },
  );
});

/** `serve` whose clock and time are those of the test. */
function openServe(options: Parameters<typeof openServeFixture>[0] = {}) {
  const fixture = openServeFixture(options);
  Object.defineProperty(fixture.time, 'now', { get: () => now });
  Object.defineProperty(fixture.time, 'clock', { get: () => now - NOW });
  return fixture;
}

test('asks the origin once for a token, and once for the bytes of each rendition', async () => {
  const { serve, token } = openServe();
  const edge = openEdge(serve);
  for (let view = 0; view < 5; view++) {
    for (const path of ['w800.webp', 'w800', 'thumb.webp', 'thumb']) {
      expect((await edge.get(`/${token}/${path}`)).status).toBe(200);
    }
    expect((await edge.get(`/${token}`)).status).toBe(200);
  }
  const paths = ['', '/w800.webp', '/w800.jpg', '/thumb.webp'].map((path) => `/${token}${path}`);
  expect([...edge.asked].sort()).toEqual(paths.sort());
  // Not under the token, but under its hash.
  expect([...edge.caches.entries.keys()].join()).not.toContain(token);
});

test("passes on the address of the visitor that Cloudflare states, not the visitor's own words", async () => {
  const { serve, token } = openServe();
  const received: (string | null)[] = [];
  const files = (request: Request) => {
    received.push(request.headers.get('x-edge-client'));
    return Promise.resolve(new Response(null, { status: 404 }));
  };
  const edge = openEdge(serve, { FILES: { fetch: files } });
  const forged = { 'x-edge-client': '192.0.2.66' };
  await edge.get(`/${token}/w800.webp`, {
    headers: { ...forged, 'cf-connecting-ip': '192.0.2.1' },
  });
  await edge.get(`/${token}/w800.webp`, { headers: forged });
  expect(received).toEqual(['192.0.2.1', null]);
});

test('a revoked token works for its share of the bound, then never again', async () => {
  const { serve, token, backend } = openServe();
  const edge = openEdge(serve);
  const view = () => edge.get(`/${token}/w800.webp`);
  expect((await view()).headers.get('cache-control')).toBe('private, max-age=30, must-revalidate');
  backend.tokens.clear();
  now += 29_999;
  expect((await view()).status).toBe(200);
  now += 1;
  // `serve` may have the record in its own memory for the other half.
  const last = await view();
  expect([last.status, last.headers.get('cache-control')]).toEqual([200, 'private, max-age=15, must-revalidate']); // prettier-ignore
  now = NOW + 60_000;
  expect((await view()).status).toBe(404);
});

test('a response that a cache in between has kept counts from its age', async () => {
  const { serve, token } = openServe();
  const edge = openEdge(async (request) => {
    const response = await serve(request);
    return { ...response, headers: [...response.headers, 'Age', '20'] };
  });
  await edge.get(`/${token}`);
  now += 9_999;
  await edge.get(`/${token}`);
  expect(edge.asked).toHaveLength(1);
  now += 1;
  await edge.get(`/${token}`);
  expect(edge.asked).toHaveLength(2);
});

test('while the origin is down: 503, and nothing stale', async () => {
  const { serve, token } = openServe();
  let isDown = false;
  const edge = openEdge((request) => {
    if (isDown) throw new Error(`no connection for ${request.url}`);
    return serve(request);
  });
  expect((await edge.get(`/${token}/w800.webp`)).status).toBe(200);
  isDown = true;
  expect((await edge.get(`/${token}/w800.webp`)).status).toBe(200);
  now += 30_000;
  const response = await edge.get(`/${token}/w800.webp`);
  expect([response.status, response.headers.get('cache-control')]).toEqual([503, 'no-store']);
  expect(logged).toEqual(['the file worker did not respond']);
});

describe('sealed links', () => {
  test('1,000 links of an image need one request for the right', async () => {
    const { serve, token } = openServe({ config: { sealingKeys: SEALING_KEYS } });
    const edge = openEdge(serve, SEALED);
    const links = Array.from({ length: 20 }, () => sealFor(token, { notAfter: NOW / 1000 + 60 }));
    for (const link of links) expect((await edge.get(`/${link}/w800.webp`)).status).toBe(200);
    expect(edge.asked).toHaveLength(2);
  });

  test('expire to the second, also in browsers', async () => {
    const { serve, token } = openServe();
    const edge = openEdge(serve, SEALED);
    const link = sealFor(token, { notAfter: NOW / 1000 + 10 });
    const view = async () => {
      const { status, headers } = await edge.get(`/${link}/w800.webp`);
      return [status, headers.get('cache-control')];
    };
    expect(await view()).toEqual([200, 'private, max-age=10, must-revalidate']);
    now += 9_001;
    expect(await view()).toEqual([200, 'private, no-cache']);
    now += 999;
    expect(await view()).toEqual([404, 'no-store']);
  });

  test('give the same 404 as everything else that is not there', async () => {
    const { serve, token, backend } = openServe();
    const edge = openEdge(serve, SEALED);
    const revoked = mintToken();
    const paths = [
      '/unknown',
      `/${revoked}/w800.webp`,
      `/${sealFor(revoked)}/w800.webp`,
      `/${sealFor(token, { notAfter: 1 })}/w800.webp`,
      `/${sealFor(token, { variants: ['thumb'] })}/w800.webp`,
      `/${sealFor(token, { maxWidth: 10 })}/w800.webp`,
      `/${changeLast(sealFor(token))}/w800.webp`,
      `/${token}/none.webp`,
    ];
    const responses = [];
    for (const path of paths) {
      const { status, headers, ...response } = await edge.get(path).then(async (one) => ({
        status: one.status,
        headers: Object.fromEntries(one.headers),
        body: await one.text(),
      }));
      responses.push({ status, headers, ...response });
    }
    for (const response of responses) expect(response).toEqual(responses[0]);
    const { headers, status } = (await serve({
      ...{ method: 'GET', url: '/unknown', headers: {}, signal: new AbortController().signal },
    })) as { headers: string[]; status: number };
    const pairs = headers.flatMap((name, at) => (at % 2 ? [] : [[name.toLowerCase(), headers[at + 1]]])); // prettier-ignore
    expect(responses[0]).toEqual({ status, headers: Object.fromEntries(pairs) as object, body: 'Not found.' }); // prettier-ignore
    expect(backend.tokens.size).toBe(1);
  });

  test('publish their keys, and list addresses with the sealed text only', async () => {
    const { serve, token } = openServe({ config: { publicBaseUrl: 'https://example.com/i' } });
    const edge = openEdge(serve, SEALED);
    const keys = (await (await edge.get('/i/seal-keys.json')).json()) as { audience: string };
    expect(keys.audience).toBe('bucket');
    const link = sealFor(token, { variants: ['w800'] });
    const manifest = await (await edge.get(`/${link}`)).text();
    expect(manifest).toContain(`"https://example.com/i/${link}/w800.webp"`);
    expect(manifest).not.toContain(token);
    expect(manifest).not.toContain('thumb.webp');
    expect(await (await edge.get(`/${token}`)).text()).toContain(`/i/${token}/thumb.webp`);
  });
});

test('an image that was overwritten is read again', async () => {
  const fixture = openServe();
  const edge = openEdge(fixture.serve);
  await edge.get(`/${fixture.token}`);
  const record = fixture.backend.tokens.get(fixture.hash);
  const webp = fixture.put('new.webp', Buffer.from('new'));
  const renditions = { w800: { width: 800, height: 600, webp } };
  if (record) {
    fixture.backend.tokens.set(fixture.hash, {
      ...record,
      image: { ...fixture.image, renditions },
    });
  }
  now += 60_000;
  fixture.backend.renditions.delete('w800.webp');
  const response = await edge.get(`/${fixture.token}/w800.webp`);
  expect([response.status, await response.text()]).toEqual([200, 'new']);
});

test('what is configured but not made yet is answered by `serve`, and not kept', async () => {
  const config = {
    variants: [{ name: 'w1200', width: 1200, fit: 'inside' as const }],
    formats: ['webp' as const],
  };
  const { serve, token } = openServe({ config: { ...config, sealingKeys: SEALING_KEYS } });
  const edge = openEdge(serve, SEALED);
  for (const text of [token, sealFor(token), sealFor(token, { variants: ['w1200', 'w1600'] })]) {
    const response = await edge.get(`/${text}/w1200.webp`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(response.headers.get('content-disposition')).toContain('w1600.webp');
  }
  const asked = edge.asked.length;
  expect((await edge.get(`/${sealFor(token, { variants: ['w800'] })}/w1200.webp`)).status).toBe(
    404,
  );
  expect(edge.asked).toHaveLength(asked);
});

describe('refuses', () => {
  test('requests of an image resizing, and loops', async () => {
    const { serve, token } = openServe();
    const edge = openEdge(serve);
    const ask = (via: string) => edge.get(`/${token}/w800.webp`, { headers: { via } });
    expect((await ask('1.1 image-resizing')).status).toBe(404);
    expect((await ask('1.1 other, 1.1 storage-public-variants-images')).status).toBe(503);
    expect(logged.join()).toContain('loop');
    expect(edge.asked).toEqual([]);
    expect((await ask('1.1 google')).status).toBe(200);
  });

  test('plain HTTP, other methods, and settings that are wrong', async () => {
    const { serve } = openServe();
    expect((await openEdge(serve).get('/x', { method: 'DELETE' })).status).toBe(405);
    expect((await openEdge(serve).get('/x', { method: 'OPTIONS' })).status).toBe(204);
    const wrong = openEdge(serve, { RESIZING: 'always' });
    expect((await wrong.get(`/${mintToken()}/w800`)).status).toBe(503);
    expect(logged.join()).toContain('RESIZING: expected off, binding or cf.image');
  });
});
