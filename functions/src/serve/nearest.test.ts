import { parseVariant, type Variant } from '../images/variant.js';
import { NOW, openScene } from './scene.fake.js';

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
  openScene({ record, config: { ...config, formats: [...config.formats] } });

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
    ['an expired token', 'w400', { expiresAt: NOW }],
    ['a token that shows nothing yet', 'w400', { image: undefined }],
  ])('%s', async (_what, name, record) => {
    const { get, token } = open(record);
    const unknown = await open().get(`/${token}/w800`);
    expect(await get(`/${token}/${name}`)).toEqual(unknown);
  });
});
