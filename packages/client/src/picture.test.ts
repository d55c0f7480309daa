import type { ImageRecord } from './records.js';
import { pictureElement, placeholderDataUrl } from './picture.js';

const file = { object: 'o', bytes: 1, etag: '"e"' };
const both = { webp: file, jpeg: file };
const record = {
  token: 'spv_x',
  original: { width: 3000, height: 2000 } as ImageRecord['original'],
  placeholder: { thumbhash: '', color: '#a0b1c2' },
  variants: {
    thumb: { width: 200, height: 200, formats: both },
    w400: { width: 400, height: 267, formats: both },
    w800: { width: 800, height: 533, formats: both },
  },
};

describe('pictureElement', () => {
  it('offers every width in every format, with width and height', () => {
    expect(pictureElement('/i', record, { alt: 'A field', sizes: '50vw' })).toBe(
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
    const html = pictureElement('/i', record, { alt: '', variants: ['thumb'], loading: 'eager' });
    expect(html).toContain('srcset="/i/spv_x/thumb.jpg 200w"');
    expect(html).toContain('alt="" loading="eager"');
    expect(html).not.toContain('w800');
  });

  it('lists a width once when several variants of a small original have it', () => {
    const small = {
      ...record,
      variants: { w400: record.variants.w400, w800: record.variants.w400 },
    };
    expect(pictureElement('/i', small, { alt: '' }).match(/400w/g)).toHaveLength(2);
  });

  it('offers a cropped variant when there is no other', () => {
    const crops = { ...record, variants: { thumb: record.variants.thumb } };
    const html = pictureElement('/i', crops, { alt: '' });
    expect(html).toContain('/i/spv_x/thumb.webp 200w');
    expect(html).toContain('src="/i/spv_x/thumb.jpg"');
  });

  it('uses the aspect ratio of the widest variant while the size of the original is unknown', () => {
    const processing = { ...record, original: {} as ImageRecord['original'] };
    const html = pictureElement('/i', processing, { alt: '' });
    expect(html).toContain('w400.webp 400w, /i/spv_x/w800.webp 800w');
    expect(html).not.toContain('thumb');
  });

  it('escapes all values', () => {
    const evil = { ...record, placeholder: { thumbhash: '', color: 'red;"><script>' } };
    const html = pictureElement('/i?"&', evil, { alt: '"><script>alert(1)</script>' });
    expect(html).not.toContain('<script');
    expect(html).toContain('alt="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(html).toContain('/i?&quot;&amp;/spv_x');
    expect(html).not.toContain('style=');
  });

  it('throws when there are no variants', () => {
    expect(() => pictureElement('/i', { ...record, variants: {} }, { alt: '' })).toThrow(
      'no variants',
    );
  });
});

describe('placeholderDataUrl', () => {
  it('returns a PNG', () => {
    const url = placeholderDataUrl({ thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI' });
    expect(url).toMatch(/^data:image\/png;base64,iVBORw0KGgo/);
  });

  it.each(['', 'AAAA', 'no base64 !'])('rejects %j', (thumbhash) => {
    expect(() => placeholderDataUrl({ thumbhash })).toThrow('not a base64 ThumbHash');
  });
});
