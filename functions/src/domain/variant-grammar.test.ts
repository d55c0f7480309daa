import { MAX_EDGE } from './variant.js';
import { parseVariant } from './variant-grammar.js';

describe('parseVariant', () => {
  test.each([
    ['w800:800', { name: 'w800', width: 800, fit: 'inside' }],
    ['box:400x300', { name: 'box', width: 400, height: 300, fit: 'inside' }],
    ['box:400x300:inside', { name: 'box', width: 400, height: 300, fit: 'inside' }],
    ['thumb:200x200:cover', { name: 'thumb', width: 200, height: 200, fit: 'cover' }],
    [`a-b_C9:${MAX_EDGE}`, { name: 'a-b_C9', width: MAX_EDGE, fit: 'inside' }],
    [
      'og:1200x630:cover:jpeg:300kB',
      { name: 'og', width: 1200, height: 630, fit: 'cover', maxBytes: 300_000 },
    ],
    ['box:80x100:jpeg:1kB', { name: 'box', width: 80, height: 100, fit: 'inside', maxBytes: 1000 }],
    [
      'face:96x96:cover:focal',
      { name: 'face', width: 96, height: 96, fit: 'cover', crop: 'focal' },
    ],
    [
      'card:400x300:contain:background=00000080:png',
      {
        ...{ name: 'card', width: 400, height: 300, fit: 'contain' },
        ...{ background: '00000080', format: 'png' },
      },
    ],
    [
      'teaser:400:blur=20:gray:watermark',
      { name: 'teaser', width: 400, fit: 'inside', blur: 20, grayscale: true, watermark: true },
    ],
    ['w800:800:quality=80', { name: 'w800', width: 800, fit: 'inside', quality: 80 }],
    ['a:9x9:gray:jpeg:1kB', { name: 'a', width: 9, height: 9, fit: 'inside', grayscale: true, maxBytes: 1000 }], // prettier-ignore
    [
      'og:1200x630:cover:attention:jpeg:95kB',
      {
        ...{ name: 'og', width: 1200, height: 630, fit: 'cover', crop: 'attention' },
        maxBytes: 95_000,
      },
    ],
  ])('%s', (text, expected) => {
    expect(parseVariant(text)).toEqual(expected);
  });

  test.each([
    '',
    'w800',
    ':800',
    'w800:',
    'w800:0',
    `w800:${MAX_EDGE + 1}`,
    'w800:800:cover',
    'w800:800x',
    'w800:800x600:fill',
    'w.800:800',
    'w/8:800',
    'w800:-1',
    'w800:8.5',
    `${'n'.repeat(41)}:800`,
    'w800:800 ',
    // Without a box there is no bound of the pixels.
    'w800:800:jpeg:300kB',
    'og:1200x630:cover:jpeg',
    'og:1200x630:cover:300kB',
    'og:1200x630:cover:webp:300kB',
    'og:1200x630:jpeg:300kB:cover',
    'og:1200x630:cover:jpeg:300',
    'og:1200x630:cover:jpeg:0kB',
    'og:1x1:jpeg:0kB',
    'og:1200x630:cover:jpeg:100000kB',
    // Less than one bit per pixel.
    'og:1200x630:cover:jpeg:94kB',
    'box:81x100:jpeg:1kB',
    'constructor:800',
    '__proto__:800',
    '__x__:800',
    'a:9:gray:gray',
    'a:9:png:webp',
    'a:9x9:png:jpeg:1kB',
    'a:9x9:jpeg=1kB',
    'a:9:toString',
    'a:9:gray=1',
    'a:9:blur',
    'a:9:blur=0',
    'a:9:blur=101',
    'a:9:blur=1.5',
    'a:9:blur=1=1',
    'a:9:quality=59',
    'a:9:quality=91',
    'a:9:contain',
    'a:9x9:focal',
    'a:9x9:inside:attention',
    'a:9x9:contain:background',
    'a:9x9:contain:background=fff',
    'a:9x9:contain:background=FFFFFF',
    'a:9x9:background=ffffff',
    `a:9${':gray'.repeat(100)}`,
  ])('refuses %j', (text) => {
    expect(typeof parseVariant(text)).toBe('string');
  });

  test.each([
    ['w800:99999', 'w800:WIDTH or w800:WIDTHxHEIGHT with pixels from 1 to 16383'],
    ['w800:800:cover', 'a height before :cover, as in w800:WIDTHxHEIGHT:cover'],
    ['a:9:blur=900', ':blur=PIXELS from 1 to 100'],
    ['a:9:sepia', 'one of :jpeg:300kB, :png, :gray, :watermark, :quality, :blur, :background instead of ":sepia"'], // prettier-ignore
    ['a:9x9:cover:top', 'one of :centre, :attention, :focal, :jpeg:300kB, :png, :gray, :watermark, :quality, :blur, :background instead of ":top"'], // prettier-ignore
    ['og:1200x630:cover:jpeg:94kB', 'a size behind :jpeg from 95kB (one bit per pixel) to 99999kB'],
    ['a:9:gray:gray', ':gray once'],
    ['a:9x9:background=ffffff', ':background only with :contain'],
    ['constructor:9', 'another name than constructor, which is reserved'],
  ])('says what %j lacks', (text, expected) => {
    expect(parseVariant(text)).toBe(expected);
  });
});
