/** The recipes of docs/guides/cdn.md: responses of `serve` through models of CDNs, and a browser behind them. */
import {
  cloudCdn,
  cloudflare,
  fastly,
  HOSTING,
  openCdn,
  type CdnRules,
} from '../../test/serve/cdn-models.js';
import { openCache, type Upstream } from '../../test/serve/http-cache.js';
import { openServeFixture } from '../../test/serve/serve-fixture.js';

const BOUND = 60;
const WEBP = 'image/webp,*/*';
const JPEG = 'image/jpeg';

/** The CDN of each recipe, with its settings. */
const RECIPES: readonly [string, CdnRules][] = [
  ['Firebase Hosting', HOSTING],
  ['Cloudflare, free plan', cloudflare({ browserSeconds: 0 })],
  ['Cloud CDN', cloudCdn(0)],
  ['Fastly', fastly(true)],
];

/** `serve`, a CDN in front of it, and a browser behind that. */
function open(rules: CdnRules) {
  const fixture = openServeFixture({ config: { revocationSeconds: BOUND } });
  const { time, token, backend, hash } = fixture;
  const requests: string[] = [];
  const upstream: Upstream = async ({ url, accept }) => {
    requests.push(url);
    const { status, headers, body } = await fixture.get(url, { headers: { accept } });
    return { status, headers, ...(body && { body: body.toString() }) };
  };
  const now = () => time.clock;
  const cdn = openCdn(rules, upstream, now);
  const browser = openCache(cdn, { isShared: false, sendsAge: true, now });
  const pass = (seconds: number) => {
    time.clock += seconds * 1000;
    time.now += seconds * 1000;
  };
  const revoke = () => backend.tokens.delete(hash);
  const restore =
    (record = backend.tokens.get(hash)) =>
    () =>
      void (record && backend.tokens.set(hash, record));
  return { token, cdn, browser, requests, pass, revoke, restore: restore() };
}

/** The last second at which a URL still works after its revocation, asked every second by a browser and by the CDN. */
async function lastSuccess(rules: CdnRules, path: string, seconds: number): Promise<number> {
  const { token, cdn, browser, pass, revoke } = open(rules);
  const url = `/${token}/${path}`;
  const ask = async () => {
    const { status } = await browser({ url, accept: WEBP });
    const direct = await cdn({ url, accept: WEBP });
    return status === 200 || direct.status === 200;
  };
  // Not at the start of a lifetime.
  for (let second = 0; second < 7; second++) {
    await ask();
    pass(1);
  }
  revoke();
  let last = -1;
  for (let second = 0; second <= seconds; second++) {
    if (await ask()) last = second;
    pass(1);
  }
  return last;
}

describe.each(RECIPES)('%s', (_name, rules) => {
  test.each(['w800.webp', 'w800.jpg', 'w800'])(
    'a revoked URL of %s is dead within the bound',
    async (path) => expect(await lastSuccess(rules, path, 4 * BOUND)).toBeLessThan(BOUND),
  );

  test('answers views of URLs with an extension itself', async () => {
    const { token, cdn, requests, pass } = open(rules);
    for (let view = 0; view < 20; view++) {
      const { status } = await cdn({ url: `/${token}/w800.webp`, accept: WEBP });
      expect(status).toBe(200);
      pass(1);
    }
    expect(requests).toHaveLength(1);
  });

  test('gives each browser a format that it accepts', async () => {
    const { token, cdn } = open(rules);
    const typeOf = async (url: string, accept: string) =>
      (await cdn({ url: `/${token}/${url}`, accept })).headers['content-type'];
    expect(await typeOf('w800', WEBP)).toBe('image/webp');
    expect(await typeOf('w800', JPEG)).toBe('image/jpeg');
    expect(await typeOf('w800.webp', WEBP)).toBe('image/webp');
    expect(await typeOf('w800.jpg', JPEG)).toBe('image/jpeg');
  });

  test('stores no refusal: a token that is made later works at once', async () => {
    const { token, cdn, revoke, restore, pass } = open(rules);
    const url = `/${token}/w800.webp`;
    revoke();
    expect((await cdn({ url, accept: WEBP })).status).toBe(404);
    restore();
    // The instance itself remembers that there was no record.
    pass(BOUND);
    expect((await cdn({ url, accept: WEBP })).status).toBe(200);
  });
});

describe('without the settings of the recipe', () => {
  test('Cloudflare with a rule for all paths mixes formats up where there are two', async () => {
    const { token, cdn } = open(cloudflare({ cachesEverything: true }));
    const url = `/${token}/w800`;
    await cdn({ url, accept: WEBP });
    expect((await cdn({ url, accept: JPEG })).headers['content-type']).toBe('image/webp');
  });

  test('Cloudflare makes browsers keep an image for hours', async () => {
    expect(await lastSuccess(cloudflare(), 'w800.webp', 4 * BOUND)).toBe(4 * BOUND);
  });

  test('Cloud CDN goes on sending what has expired, for a day', async () => {
    expect(await lastSuccess(cloudCdn(), 'w800.webp', 4 * BOUND)).toBe(4 * BOUND);
  });

  test('Fastly stores refusals for an hour, although they are no-store', async () => {
    const { token, cdn, revoke, restore, pass } = open(fastly(false));
    const url = `/${token}/w800.webp`;
    revoke();
    await cdn({ url, accept: WEBP });
    restore();
    pass(BOUND);
    expect((await cdn({ url, accept: WEBP })).status).toBe(404);
  });
});
