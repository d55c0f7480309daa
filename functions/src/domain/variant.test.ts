import {
  coverScale,
  formatsOfVariant,
  isCropped,
  MAX_EDGE,
  parseVariant,
  scaled,
  variantSize,
} from './variant.js';

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
  ])('returns undefined for %j', (text) => {
    expect(parseVariant(text)).toBeUndefined();
  });
});

describe('variantSize', () => {
  const inside = { name: 'v', width: 800, fit: 'inside' } as const;
  const box = { name: 'v', width: 400, height: 400, fit: 'inside' } as const;
  const cover = { name: 'v', width: 200, height: 200, fit: 'cover' } as const;
  test.each([
    ['landscape by width', inside, [5312, 2988], [800, 450]],
    ['portrait by width', inside, [2988, 5312], [800, 1422]],
    ['never enlarged', inside, [640, 480], [640, 480]],
    ['same size as the original', inside, [800, 600], [800, 600]],
    ['at least one pixel', inside, [16000, 1], [800, 1]],
    ['a tall strip is limited to the largest edge', inside, [700, 60000], [191, MAX_EDGE]],
    ['in a box, landscape', box, [1000, 500], [400, 200]],
    ['in a box, portrait', box, [500, 1000], [200, 400]],
    ['cover, landscape', cover, [1000, 500], [200, 200]],
    ['cover, smaller original keeps proportions', cover, [100, 50], [50, 50]],
    ['cover, one side smaller', cover, [1000, 120], [120, 120]],
  ])('%s', (_what, variant, [width, height], expected) => {
    const size = variantSize(variant, { width: width as number, height: height as number });
    expect([size.width, size.height]).toEqual(expected);
  });

  test('the original resized by coverScale contains the variant', () => {
    for (const variant of [inside, box, cover]) {
      for (const original of [
        { width: 5312, height: 2988 },
        { width: 333, height: 1999 },
        { width: 90, height: 4000 },
      ]) {
        const base = scaled(original, coverScale(variant, original));
        const size = variantSize(variant, original);
        expect(base.width).toBeGreaterThanOrEqual(size.width);
        expect(base.height).toBeGreaterThanOrEqual(size.height);
      }
    }
  });
});

test.each([
  [{ width: 200, height: 200 }, { width: 4000, height: 3000 }, true],
  [{ width: 200, height: 150 }, { width: 4000, height: 3000 }, false],
  // Rounded to whole pixels.
  [{ width: 200, height: 133 }, { width: 3000, height: 2000 }, false],
  [{ width: 200, height: 200 }, { width: 3000, height: 3000 }, false],
  [{ width: 1, height: 3 }, { width: 1, height: 9 }, true],
])('%j of %j is cropped: %p', (size, original, expected) => {
  expect(isCropped(size, original)).toBe(expected);
});

test.each([
  ['og:1200x630:cover:jpeg:300kB', ['jpeg']],
  ['w800:800', ['avif', 'webp']],
])('%s has the formats %j', (text, formats) => {
  expect(formatsOfVariant(parseVariant(text) ?? {}, ['avif', 'webp'])).toEqual(formats);
});
