import type { ImageRecord, TokenRecord, TokenVariant } from './records.js';
import { addWidth, isWhole, sourceOfWidth, sourceRendition } from './widths.js';

const file = (object: string, bytes = 10) => ({ object, bytes, etag: `"${object}"` });

test('a width is made of the narrowest variant that is 1.6 times as wide', () => {
  const variants = [400, 800, 1600].map((width) => ({ width, height: width }));
  expect(sourceOfWidth(variants, 250)?.width).toBe(400);
  expect(sourceOfWidth(variants, 251)?.width).toBe(800);
  expect(sourceOfWidth(variants, 1000)?.width).toBe(1600);
  expect(sourceOfWidth(variants, 1001)).toBeUndefined();
});

test('cropped and altered variants are not whole; of a variant, the largest file is the source', () => {
  const size: TokenVariant = { width: 8, height: 6 };
  const variants = [size, { ...size, cropped: true as const }, { ...size, altered: 'blur=20' }];
  expect(variants.map(isWhole)).toEqual([true, false, false]);
  expect(sourceRendition({ ...size, webp: file('w', 9), jpeg: file('j', 11) })?.object).toBe('j');
  expect(sourceRendition(size)).toBeUndefined();
});

describe('addWidth', () => {
  const image = {
    variants: { w8: { width: 8, height: 6, formats: { webp: file('w8') } } },
  } as unknown as ImageRecord;
  const token = {
    image: { renditions: { w8: { width: 8, height: 6, webp: file('w8') } } },
  } as unknown as TokenRecord;
  const made = {
    width: 4,
    height: 3,
    format: 'webp' as const,
    rendition: file('w4'),
    source: 'w8',
  };

  test('adds it to both records', () => {
    expect(addWidth(image, token, made)).toEqual({
      image: { width: 4, height: 3, formats: { webp: file('w4') } },
      token: { width: 4, height: 3, webp: file('w4') },
    });
  });

  test('keeps other formats, and the rendition that another view has recorded', () => {
    const earlier = { width: 4, height: 3, formats: { webp: file('earlier'), jpeg: file('j4') } };
    const size = { width: 4, height: 3 };
    const added = addWidth({ ...image, widths: { 4: earlier } }, token, made);
    expect(added).toEqual({ image: earlier, token: { ...size, webp: file('earlier') } });
    const withJpeg = {
      renditions: { w8: { width: 8, height: 6, webp: file('w8') } },
      widths: { 4: { ...size, jpeg: file('j4') } },
    };
    const other = { ...token, image: withJpeg } as unknown as TokenRecord;
    expect(addWidth(image, other, made)?.token).toEqual({
      ...size,
      jpeg: file('j4'),
      webp: file('w4'),
    });
  });

  test.each([
    ['no image record', undefined, token],
    ['no token record', image, undefined],
    ['a token without renditions', image, {} as TokenRecord],
    ['an image that was processed again', { ...image, variants: {} }, token],
    ['an image that was never processed', {} as ImageRecord, token],
  ])('%s: nothing is added', (_case, storedImage, storedToken) => {
    expect(addWidth(storedImage, storedToken, made)).toBeUndefined();
  });
});
