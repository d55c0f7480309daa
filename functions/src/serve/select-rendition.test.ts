import { parseVariant, type Variant } from '../domain/variant.js';
import { NOW, openServeFixture } from '../../test/serve/serve-fixture.js';

/** The scene has w800 in both formats, thumb (a crop) and w1600 in WebP; the rest is configured only. */
const config = {
  variants: [
    'w800:800',
    'w900:900',
    'w400:400',
    'w5000:5000',
    'thumb:200x200:cover',
    'face:90x90:cover',
  ].map((text) => parseVariant(text) as Variant),
  formats: ['webp', 'jpeg'] as const,
};
const open = (record = {}) =>
  openServeFixture({ record, config: { ...config, formats: [...config.formats] } });

describe('a variant that is configured and not made', () => {
  test.each([
    ['w900', 'inline; filename="w1600.webp"'],
    ['w400', 'inline; filename="w800.webp"'],
    ['w5000', 'inline; filename="w1600.webp"'],
    ['face', 'inline; filename="thumb.webp"'],
    ['w900.webp', 'inline; filename="w1600.webp"'],
    ['w400.jpg', 'inline; filename="w800.jpg"'],
    ['thumb.jpg', 'inline; filename="thumb.webp"'],
  ])('%s is the nearest one, and nobody keeps it', async (name, disposition) => {
    const { get, token } = open();
    const reply = await get(`/${token}/${name}`, { headers: { accept: 'image/webp,*/*' } });
    expect(reply).toMatchObject({
      status: 200,
      headers: {
        'content-disposition': disposition,
        'cache-control': 'no-store',
        'content-length': String(reply.body?.length),
        vary: 'Accept',
      },
    });
  });

  test.each([
    ['image/jpeg', 'w800.jpg'],
    ['image/webp', 'w800.webp'],
    ['text/html', 'w800.jpg'],
    [undefined, 'w800.jpg'],
  ])('without an extension, to Accept: %s, is %s', async (accept, file) => {
    const { get, token } = open();
    const { headers, body } = await get(`/${token}/w400`, { headers: { accept } });
    expect(headers['content-disposition']).toBe(`inline; filename="${file}"`);
    expect(body?.toString()).toBe(file);
  });

  test.each([
    ['a crop for a whole one', 'w400', ['w400', 'thumb'], 'thumb.webp'],
    ['a whole one for a crop', 'face', ['face', 'w1600'], 'w1600.webp'],
  ])('is %s when there is nothing of its shape', async (_what, name, variants, file) => {
    const { get, token } = open({ variants });
    const { headers } = await get(`/${token}/${name}`);
    expect(headers['content-disposition']).toBe(`inline; filename="${file}"`);
  });

  test('that is exactly as wide as one that is made, is that one', async () => {
    const { get, token } = openServeFixture({
      config: { variants: [parseVariant('banner:800') as Variant], formats: ['webp'] },
    });
    const { headers } = await get(`/${token}/banner.webp`);
    expect(headers['content-disposition']).toBe('inline; filename="w800.webp"');
  });

  test('has the headers of the one that is sent, but for how long it is kept', async () => {
    const { get, token } = open();
    const asked = { headers: { accept: 'image/webp' } };
    const made = await get(`/${token}/w800`, asked);
    const headers = { ...made.headers, 'cache-control': 'no-store' };
    expect(await get(`/${token}/w400`, asked)).toEqual({ ...made, headers });
    const head = await get(`/${token}/w400`, { ...asked, method: 'HEAD' });
    expect(head).toEqual({ status: 200, headers });
  });

  test('has ranges and preconditions of the one that is sent', async () => {
    const { get, token, image } = open();
    const ask = (headers: object) => get(`/${token}/w400.webp`, { headers });
    const { etag } = image.renditions.w800.webp;
    const part = await ask({ range: 'bytes=0-3', 'if-range': etag });
    expect(part).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 0-3/9', 'cache-control': 'no-store', etag },
    });
    expect(part.body?.toString()).toBe('w800');
    expect((await ask({ range: 'bytes=0-3', 'if-range': '"x"' })).status).toBe(200);
    expect((await ask({ range: 'bytes=9-' })).status).toBe(416);
    expect((await ask({ 'if-match': '"x"' })).status).toBe(412);
  });

  test('changes neither the manifest nor what a width chooses', async () => {
    const [asConfigured, without] = [open(), openServeFixture()];
    for (const query of ['', '?w=400', '?w=900', '?w=5000']) {
      const [reply, expected] = [
        await asConfigured.get(`/${asConfigured.token}${query}`),
        await without.get(`/${without.token}${query}`),
      ];
      expect(reply.headers['cache-control']).toMatch(/^public, /);
      const named = String(reply.body).replaceAll(asConfigured.token, without.token);
      expect([reply.status, named]).toEqual([expected.status, String(expected.body)]);
    }
  });

  test('has a 304 that nobody keeps either', async () => {
    const { get, token, image } = open();
    const etag = image.renditions.w800.webp.etag;
    const headers = { accept: 'image/webp', 'if-none-match': etag };
    const reply = await get(`/${token}/w400`, { headers });
    expect(reply).toMatchObject({ status: 304, headers: { 'cache-control': 'no-store' } });
  });

  test('what has been made is kept as ever', async () => {
    const { get, token } = open();
    expect((await get(`/${token}/w800`)).headers['cache-control']).toMatch(/^public, /);
  });
});

describe('the same 404 as ever', () => {
  test.each([
    ['a variant that nothing has', 'w801', {}],
    ['a format that nothing has', 'w800.avif', {}],
    ['a configured variant in such a format', 'w400.avif', {}],
    ['a configured variant that the token may not show', 'w400', { variants: ['w800'] }],
    ['one that it may, when what is made it may not', 'w400', { variants: ['w400'] }],
    ['a format it lacks, of a token that may not show it', 'thumb.jpg', { variants: ['w800'] }],
    ['a property of every object', 'constructor', {}],
    ['an expired token', 'w400', { expiresAt: NOW }],
    ['a token that shows nothing yet', 'w400', { image: undefined }],
  ])('%s', async (_what, name, record) => {
    const { get, token } = open(record);
    const unknown = await open().get(`/${token}/w800`);
    expect(unknown.status).toBe(404);
    expect(await get(`/${token}/${name}`)).toEqual(unknown);
  });

  test('a revoked token', async () => {
    const { get, token, backend } = open();
    backend.tokens.clear();
    expect(await get(`/${token}/w400`)).toEqual(await open().get(`/${token}/w800`));
  });
});
