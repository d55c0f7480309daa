import type { Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import type { Manifest } from './manifest.js';
import { NOW, openServeFixture } from '../../test/serve/serve-fixture.js';

/** The fixture has w800 in both formats, and thumb (cropped) and w1600 in WebP; other variants are configured only. */
const config = {
  variants: [
    'w800:800',
    'w900:900',
    'w400:400',
    'w5000:5000',
    'thumb:200x200:cover',
    'face:90x90:cover',
    'og:1200x630:cover:jpeg:300kB',
    'huge:5000x5000:cover',
  ].map((text) => parseVariant(text) as Variant),
  formats: ['webp', 'jpeg'] as const,
};
const open = (record = {}) =>
  openServeFixture({ record, config: { ...config, formats: [...config.formats] } });

describe('a configured variant without renditions', () => {
  test.each([
    ['w900', 'inline; filename="w1600.webp"'],
    ['w400', 'inline; filename="w800.webp"'],
    ['w5000', 'inline; filename="w1600.webp"'],
    ['face', 'inline; filename="thumb.webp"'],
    // Crawlers keep what they get: the whole image rather than the small thumb.
    ['og', 'inline; filename="w1600.webp"'],
    ['og.jpg', 'inline; filename="w1600.webp"'],
    ['huge', 'inline; filename="thumb.webp"'],
    ['w900.webp', 'inline; filename="w1600.webp"'],
    ['w400.jpg', 'inline; filename="w800.jpg"'],
    ['thumb.jpg', 'inline; filename="thumb.webp"'],
  ])('%s gets the nearest rendition, with no-store', async (name, disposition) => {
    const { get, token } = open();
    const response = await get(`/${token}/${name}`, { headers: { accept: 'image/webp,*/*' } });
    expect(response).toMatchObject({
      status: 200,
      headers: {
        'content-disposition': disposition,
        'cache-control': 'no-store',
        'content-length': String(response.body?.length),
        vary: 'Accept',
      },
    });
  });

  test.each([
    ['image/jpeg', 'w800.jpg'],
    ['image/webp', 'w800.webp'],
    ['text/html', 'w800.jpg'],
    [undefined, 'w800.jpg'],
  ])('without an extension, Accept: %s selects %s', async (accept, file) => {
    const { get, token } = open();
    const { headers, body } = await get(`/${token}/w400`, { headers: { accept } });
    expect(headers['content-disposition']).toBe(`inline; filename="${file}"`);
    expect(body?.toString()).toBe(file);
  });

  test.each([
    ['a cropped rendition for an uncropped variant', 'w400', ['w400', 'thumb'], 'thumb.webp'],
    ['an uncropped rendition for a cropped variant', 'face', ['face', 'w1600'], 'w1600.webp'],
  ])('gets %s when there is no other', async (_case, name, variants, file) => {
    const { get, token } = open({ variants });
    const { headers } = await get(`/${token}/${name}`);
    expect(headers['content-disposition']).toBe(`inline; filename="${file}"`);
  });

  test('gets a rendition that is exactly as wide', async () => {
    const { get, token } = openServeFixture({
      config: { variants: [parseVariant('banner:800') as Variant], formats: ['webp'] },
    });
    const { headers } = await get(`/${token}/banner.webp`);
    expect(headers['content-disposition']).toBe('inline; filename="w800.webp"');
  });

  test('gets the headers of the substitute, except Cache-Control', async () => {
    const { get, token } = open();
    const request = { headers: { accept: 'image/webp' } };
    const requested = await get(`/${token}/w800`, request);
    const headers = { ...requested.headers, 'cache-control': 'no-store' };
    expect(await get(`/${token}/w400`, request)).toEqual({ ...requested, headers });
    const head = await get(`/${token}/w400`, { ...request, method: 'HEAD' });
    expect(head).toEqual({ status: 200, headers });
  });

  test('applies ranges and preconditions to the substitute', async () => {
    const { get, token, image } = open();
    const getWith = (headers: object) => get(`/${token}/w400.webp`, { headers });
    const { etag } = image.renditions.w800.webp;
    const part = await getWith({ range: 'bytes=0-3', 'if-range': etag });
    expect(part).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 0-3/9', 'cache-control': 'no-store', etag },
    });
    expect(part.body?.toString()).toBe('w800');
    expect((await getWith({ range: 'bytes=0-3', 'if-range': '"x"' })).status).toBe(200);
    expect((await getWith({ range: 'bytes=9-' })).status).toBe(416);
    expect((await getWith({ 'if-match': '"x"' })).status).toBe(412);
  });

  test('changes neither the manifest nor the selection by width', async () => {
    const [configured, unconfigured] = [open(), openServeFixture()];
    for (const query of ['', '?w=400', '?w=900', '?w=5000']) {
      const [response, expected] = [
        await configured.get(`/${configured.token}${query}`),
        await unconfigured.get(`/${unconfigured.token}${query}`),
      ];
      expect(response.headers['cache-control']).toMatch(/^public, /);
      const named = String(response.body).replaceAll(configured.token, unconfigured.token);
      expect([response.status, named]).toEqual([expected.status, String(expected.body)]);
    }
  });

  test('gets a 304 with no-store', async () => {
    const { get, token, image } = open();
    const etag = image.renditions.w800.webp.etag;
    const headers = { accept: 'image/webp', 'if-none-match': etag };
    const response = await get(`/${token}/w400`, { headers });
    expect(response).toMatchObject({ status: 304, headers: { 'cache-control': 'no-store' } });
  });

  test('does not change Cache-Control of existing renditions', async () => {
    const { get, token } = open();
    expect((await get(`/${token}/w800`)).headers['cache-control']).toMatch(/^public, /);
  });
});

test('a variant with a byte limit is a JPEG, even if FORMATS has none', async () => {
  const variants = [parseVariant('og:1200x630:cover:jpeg:300kB') as Variant];
  const { get, token } = openServeFixture({ config: { variants, formats: ['webp'] } });
  const { status, headers } = await get(`/${token}/og.jpg`);
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  expect((await get(`/${token}/og.webp`)).status).toBe(404);
});

describe('FORMATS=auto', () => {
  const openAuto = () =>
    openServeFixture({ config: { ...config, formats: ['webp', 'jpeg'], autoFormat: true } });

  test.each(['thumb', 'thumb.webp', 'thumb.jpg'])(
    '%s gets the only format of the variant, which caches may keep',
    async (name) => {
      const { get, token } = openAuto();
      const { headers } = await get(`/${token}/${name}`, { headers: { accept: 'image/jpeg' } });
      expect(headers['content-disposition']).toBe('inline; filename="thumb.webp"');
      expect(headers['cache-control']).toContain('max-age=');
      expect(headers).not.toHaveProperty('vary');
    },
  );

  test('a variant that has several formats from before is negotiated', async () => {
    const { get, token } = openAuto();
    const { headers } = await get(`/${token}/w800`, { headers: { accept: 'image/jpeg' } });
    expect(headers).toMatchObject({ 'content-type': 'image/jpeg', vary: 'Accept' });
  });

  test('a variant without renditions gets a substitute, and a format that is never made none', async () => {
    const { get, token } = openAuto();
    expect((await get(`/${token}/face.jpg`)).headers).toMatchObject({
      'cache-control': 'no-store',
      vary: 'Accept',
    });
    expect((await get(`/${token}/thumb.avif`)).status).toBe(404);
  });
});

describe('?w= with f=', () => {
  test.each([
    // w1600 has no JPEG.
    ['w=1600&f=jpeg', {}, 'w800.jpg'],
    ['w=1600&f=webp', {}, 'w1600.webp'],
    ['w=100&f=webp', { variants: ['thumb'] }, 'thumb.webp'],
  ])('%s selects among the variants in that format: %j %s', async (query, record, file) => {
    const { get, token } = open(record);
    const { headers } = await get(`/${token}?${query}`, { headers: { accept: 'image/avif' } });
    expect(headers['content-disposition']).toBe(`inline; filename="${file}"`);
    expect(headers['cache-control']).toMatch(/^public, /);
    expect(headers).not.toHaveProperty('vary');
  });

  test('gets another format, with no-store, while a configured format has no renditions', async () => {
    const { get, token } = openServeFixture({ config: { formats: ['avif', 'webp', 'jpeg'] } });
    const request = { headers: { accept: 'image/webp' } };
    const { status, headers } = await get(`/${token}?w=800&f=avif`, request);
    expect([status, headers['content-disposition']]).toEqual([200, 'inline; filename="w800.webp"']);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', vary: 'Accept' });
  });
});

describe('returns the same 404 for', () => {
  test.each([
    ['an unknown variant', 'w801', {}],
    ['a format that is not configured', 'w800.avif', {}],
    ['a configured variant in a format that is not configured', 'w400.avif', {}],
    ['a format that a variant with a byte limit never has', 'og.webp', {}],
    ['a configured variant that the token does not grant', 'w400', { variants: ['w800'] }],
    [
      'a granted variant when the token grants no existing rendition',
      'w400',
      { variants: ['w400'] },
    ],
    [
      'a missing format of a variant that the token does not grant',
      'thumb.jpg',
      { variants: ['w800'] },
    ],
    ['the name of an inherited property', 'constructor', {}],
    ['a width in a format that is not configured', '?w=800&f=avif', {}],
    ['a width in a format, when the token grants no variant', '?w=800&f=webp', { variants: [] }],
    ['an expired token', 'w400', { expiresAt: NOW }],
    ['a token whose image has no renditions yet', 'w400', { image: undefined }],
  ])('%s', async (_case, name, record) => {
    const { get, token } = open(record);
    const unknown = await open().get(`/${token}/w800`);
    expect(unknown.status).toBe(404);
    const url = name.startsWith('?') ? `/${token}${name}` : `/${token}/${name}`;
    expect(await get(url)).toEqual(unknown);
  });

  test('a revoked token', async () => {
    const { get, token, backend } = open();
    backend.tokens.clear();
    expect(await get(`/${token}/w400`)).toEqual(await open().get(`/${token}/w800`));
  });
});

describe('variants with effects', () => {
  const { image } = openServeFixture();
  /** w800 as it is, w1600 and thumb with effects. */
  const openAltered = (
    effects: { w800?: string; w1600?: string; thumb?: string },
    texts: string[],
  ) => {
    const { w800, w1600, thumb } = image.renditions;
    const alter = <T extends object>(variant: T, altered: string | undefined) => ({
      ...variant,
      ...(altered !== undefined && { altered }),
    });
    const renditions = {
      w800: alter(w800, effects.w800),
      w1600: alter(w1600, effects.w1600),
      thumb: alter(thumb, effects.thumb),
    };
    const variants = texts.map((text) => parseVariant(text) as Variant);
    const publicVariants = variants.map(({ name }) => name);
    return openServeFixture({
      record: { image: { ...image, renditions } },
      config: { variants, publicVariants, formats: ['webp', 'jpeg'] },
    });
  };
  const fileOf = async ({ get, token }: ReturnType<typeof openAltered>, path: string) => {
    const accept = 'image/webp';
    const { status, headers } = await get(`/${token}${path}`, { headers: { accept } });
    return /filename="(.*)"/.exec(headers['content-disposition'] ?? '')?.[1] ?? status;
  };

  test('are not selected by width while there is one without', async () => {
    const fixture = openAltered({ w1600: 'blur=9' }, ['w800:800', 'w1600:1600:blur=9']);
    expect(await fileOf(fixture, '?w=1500')).toBe('w800.webp');
    expect(await fileOf(fixture, '/w1600')).toBe('w1600.webp');
  });

  test('are selected by width among those that look like the widest', async () => {
    const fixture = openAltered({ w800: 'blur=9', w1600: 'watermark' }, [
      'w800:800:blur=9',
      'w1600:1600:watermark',
    ]);
    expect(await fileOf(fixture, '?w=100')).toBe('w1600.webp');
  });

  test.each([
    ['teaser:900:blur=9', 404],
    ['teaser:900:watermark', 404],
    ['teaser:900:blur=8', 'w1600.webp'],
    ['teaser:900:gray', 'w800.webp'],
    ['teaser:900', 'w800.webp'],
    ['teaser:900x900:contain', 'w800.webp'],
  ])('%s without renditions gets %s: none that shows more', async (text, expected) => {
    const fixture = openAltered({ w1600: 'blur=8' }, ['w800:800', 'w1600:1600:blur=8', text]);
    expect(await fileOf(fixture, '/teaser')).toBe(expected);
  });

  test('are named in the manifest', async () => {
    const { get, token } = openAltered({ w1600: 'blur=9' }, ['w800:800', 'w1600:1600:blur=9']);
    const { variants } = JSON.parse(String((await get(`/${token}`)).body)) as Manifest;
    expect(variants.map(({ name, altered }) => [name, altered])).toEqual([
      ['w800', undefined],
      ['w1600', 'blur=9'],
    ]);
  });
});
