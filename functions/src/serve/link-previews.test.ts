/** The variant `og` as the crawlers of link previews request it: always the whole JPEG, or the range of it. */
import { randomBytes } from 'node:crypto';
import { ACCEPTS, CRAWLERS, RANGES } from '../../test/serve/crawlers.js';
import { openServeFixture } from '../../test/serve/serve-fixture.js';
import type { Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import type { RequestHeaders } from './context.js';

const OG = 'og:1200x630:cover:jpeg:300kB';
/** As large as `og` can be, and larger than some crawlers' ranges. */
const JPEG = randomBytes(300_000);

function open(config: { noindex?: boolean } = {}) {
  const variants = ['w800:800', OG].map((text) => parseVariant(text) as Variant);
  const fixture = openServeFixture({ config: { variants, formats: ['webp', 'jpeg'], ...config } });
  const og = {
    width: 1200,
    height: 630,
    cropped: true as const,
    jpeg: fixture.put('og.jpg', JPEG),
  };
  Object.assign(fixture.image.renditions, { og });
  return fixture;
}

const fixture = open();
const request = (path: string, headers: RequestHeaders, method = 'GET') =>
  fixture.get(`/i/${fixture.token}${path}`, { headers, method });

describe.each(CRAWLERS)('$name', ({ headers }) => {
  const { range, ...plain } = headers;

  test('gets the JPEG for each Accept header, with and without extension', async () => {
    for (const accept of ACCEPTS) {
      for (const path of ['/og.jpg', '/og', '/og.jpg?v=1700000000000000']) {
        const response = await request(path, { ...plain, ...(accept !== undefined && { accept }) });
        expect([accept, path, response.status]).toEqual([accept, path, 200]);
        expect(response.headers).toMatchObject({
          'content-type': 'image/jpeg',
          'content-length': String(JPEG.length),
          'content-disposition': 'inline; filename="og.jpg"',
          'accept-ranges': 'bytes',
        });
        expect(response.headers['vary']).toBe(path === '/og' ? 'Accept' : undefined);
        expect(response.body?.equals(JPEG)).toBe(true);
      }
    }
  });

  test('gets each range with the length of the whole', async () => {
    for (const each of [...RANGES, ...(range === undefined ? [] : [range])]) {
      const response = await request('/og.jpg', { ...plain, range: each });
      const [, last = ''] = each.split('-');
      const end = Math.min(last === '' ? Infinity : Number(last), JPEG.length - 1);
      expect([each, response.status]).toEqual([each, 206]);
      expect(response.headers).toMatchObject({
        'content-type': 'image/jpeg',
        'content-range': `bytes 0-${end}/${JPEG.length}`,
        'content-length': String(end + 1),
      });
      expect(response.body?.equals(JPEG.subarray(0, end + 1))).toBe(true);
    }
  });

  test('gets the rest of what its first range has left out', async () => {
    const first = await request('/og.jpg', { ...plain, range: 'bytes=0-32767' });
    const rest = await request('/og.jpg', {
      ...plain,
      range: `bytes=32768-${JPEG.length - 1}`,
      'if-range': first.headers['etag'],
    });
    expect(Buffer.concat([first.body, rest.body] as Buffer[]).equals(JPEG)).toBe(true);
  });

  test('gets the headers for HEAD, and a 304 when it comes again', async () => {
    const head = await request('/og.jpg', plain, 'HEAD');
    expect([head.status, head.headers['content-type'], head.body]).toEqual([
      200,
      'image/jpeg',
      undefined,
    ]);
    const again = await request('/og.jpg', { ...plain, 'if-none-match': head.headers['etag'] });
    expect(again.status).toBe(304);
  });

  test('gets the response of any other client', async () => {
    const { body, ...other } = await request('/og.jpg', {});
    const { body: own, ...response } = await request('/og.jpg', plain);
    expect(response).toEqual(other);
    expect(own?.equals(body as Buffer)).toBe(true);
    const revoked = open();
    revoked.backend.tokens.clear();
    const url = `/i/${revoked.token}/og.jpg`;
    expect(await revoked.get(url, { headers })).toEqual(await revoked.get('/nothing'));
  });
});

test.each([
  [true, 'noindex'],
  [false, undefined],
])('NOINDEX=%s: X-Robots-Tag is %s', async (noindex, expected) => {
  const { get, token } = open({ noindex });
  const response = await get(`/${token}/og.jpg`, {
    headers: { 'user-agent': 'Googlebot-Image/1.0' } as RequestHeaders,
  });
  expect(response.headers['x-robots-tag']).toBe(expected);
});

test('a token that allows only og gives nothing else', async () => {
  const only = open();
  const record = only.backend.tokens.get(only.hash);
  only.backend.tokens.set(only.hash, {
    ...(record as NonNullable<typeof record>),
    variants: ['og'],
  });
  const statusOf = async (path: string) => (await only.get(`/${only.token}${path}`)).status;
  expect(await statusOf('/og.jpg')).toBe(200);
  expect(await statusOf('/w800.jpg')).toBe(404);
  expect(await statusOf('/og.webp')).toBe(404);
});
