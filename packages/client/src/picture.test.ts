import { picture, pictureHtml } from './picture.js';

const file = { object: 'o', bytes: 1, etag: '"e"' };
const both = { webp: file, jpeg: file };
const record = {
  token: 'spv_x',
  placeholder: { thumbhash: '', color: '#a0b1c2' },
  variants: {
    thumb: { width: 200, height: 200, cropped: true as const, formats: both },
    w400: { width: 400, height: 267, formats: both },
    w800: { width: 800, height: 533, formats: both },
  },
};

describe('pictureHtml', () => {
  it('offers every width in every format, with width and height', () => {
    expect(pictureHtml('/i', record, { alt: 'A field', sizes: '50vw' })).toBe(
      [
        '<picture>',
        '  <source type="image/webp" srcset="/i/spv_x/w400.webp 400w, /i/spv_x/w800.webp 800w" sizes="50vw">',
        '  <img src="/i/spv_x/w800.jpg" srcset="/i/spv_x/w400.jpg 400w, /i/spv_x/w800.jpg 800w" sizes="50vw"' +
          ' width="800" height="533" alt="A field" loading="lazy" decoding="async" style="background-color:#a0b1c2">',
        '</picture>',
      ].join('\n'),
    );
  });

  it('offers only the variants of the option', () => {
    const html = pictureHtml('/i', record, { alt: '', variants: ['thumb'], loading: 'eager' });
    expect(html).toContain('srcset="/i/spv_x/thumb.jpg 200w"');
    expect(html).toContain('alt="" loading="eager"');
    expect(html).not.toContain('w800');
  });

  it('lists a width once when several variants of a small original have it', () => {
    const small = {
      ...record,
      variants: { w400: record.variants.w400, w800: record.variants.w400 },
    };
    expect(pictureHtml('/i', small, { alt: '' })?.match(/400w/g)).toHaveLength(2);
  });

  it('mixes no variants that look different, and offers those that everyone may see', () => {
    const { w400, w800, thumb } = record.variants;
    const w1600 = { width: 1600, height: 1067, formats: both };
    const widths = (variants: object) => {
      const html = pictureHtml('/i', { ...record, variants: variants as never }, { alt: '' }) ?? '';
      return [...html.matchAll(/\/(\w{1,9})[.]jpg \d{1,5}w/g)].map(([, name]) => name);
    };
    const gray = { ...w1600, altered: 'gray' };
    const marked = { ...w1600, altered: 'watermark' };
    const blurred = { ...w400, altered: 'blur=20' };
    expect(widths({ w400, w800, gray })).toEqual(['w400', 'w800']);
    expect(widths({ thumb, w800, marked })).toEqual(['marked']);
    expect(widths({ blurred, w800, marked })).toEqual(['marked']);
    expect(widths({ blurred, w800, wide: { ...blurred, width: 500 } })).toEqual([
      'blurred',
      'wide',
    ]);
    expect(widths({ thumb: { ...thumb, altered: 'gray' }, gray })).toEqual(['gray']);
  });

  it('offers a cropped variant when there is no other', () => {
    const crops = { ...record, variants: { thumb: record.variants.thumb } };
    const html = pictureHtml('/i', crops, { alt: '' });
    expect(html).toContain('/i/spv_x/thumb.webp 200w');
    expect(html).toContain('src="/i/spv_x/thumb.jpg"');
  });

  it('escapes all values', () => {
    const evil = { ...record, placeholder: { thumbhash: '', color: 'red;"><script>' } };
    const html = pictureHtml('/i?"&', evil, { alt: '"><script>alert(1)</script>' });
    expect(html).not.toContain('<script');
    expect(html).toContain('alt="&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;"');
    expect(html).toContain('/i?&#34;&#38;/spv_x');
    expect(html).not.toContain('style=');
  });

  it('returns undefined while there are no variants', () => {
    expect(pictureHtml('/i', { ...record, variants: {} }, { alt: '' })).toBeUndefined();
    expect(pictureHtml('/i', record, { alt: '', variants: ['none'] })).toBeUndefined();
  });
});

test('picture returns the attributes', () => {
  const sizes = '100vw';
  expect(picture('/i', record, { alt: 'A', variants: ['w800'] })).toEqual({
    sources: [{ type: 'image/webp', srcset: '/i/spv_x/w800.webp 800w', sizes }],
    img: {
      ...{ src: '/i/spv_x/w800.jpg', srcset: '/i/spv_x/w800.jpg 800w', sizes },
      ...{ width: 800, height: 533, alt: 'A', loading: 'lazy', decoding: 'async' },
    },
    color: '#a0b1c2',
  });
});
