import {
  coverScale,
  formatsOfVariant,
  isCropped,
  MAX_EDGE,
  scaled,
  effectsOf,
  isProtected,
  variantSize,
  type Variant,
} from './variant.js';
import { parseVariant } from './variant-grammar.js';

describe('variantSize', () => {
  const inside = { name: 'v', width: 800, fit: 'inside' } as const;
  const box = { name: 'v', width: 400, height: 400, fit: 'inside' } as const;
  const cover = { name: 'v', width: 200, height: 200, fit: 'cover' } as const;
  const contain = { name: 'v', width: 200, height: 200, fit: 'contain' } as const;
  test.each([
    ['landscape by width', inside, [5312, 2988], [800, 450]],
    ['portrait by width', inside, [2988, 5312], [800, 1422]],
    ['never enlarged', inside, [640, 480], [640, 480]],
    ['same size as the original', inside, [800, 600], [800, 600]],
    ['at least one pixel', inside, [16000, 1], [800, 1]],
    ['a tall strip is limited to the largest edge', inside, [700, 60000], [191, MAX_EDGE]],
    ['in a box, landscape', box, [1000, 500], [400, 200]],
    ['in a box, portrait', box, [500, 1000], [200, 400]],
    ['contain, landscape', contain, [1000, 500], [200, 200]],
    ['contain, smaller original', contain, [100, 50], [100, 100]],
    ['contain, one side smaller', contain, [1000, 120], [200, 200]],
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
  ['icon:64x64:contain:png', ['png']],
])('%s has the formats %j', (text, formats) => {
  expect(formatsOfVariant(parseVariant(text) as Variant, ['avif', 'webp'])).toEqual(formats);
});

test.each([
  ['w800:800', undefined, false],
  ['thumb:9x9:cover:focal', undefined, false],
  ['a:9:gray', 'gray', false],
  ['a:9x9:contain', 'background=ffffff', false],
  ['a:9x9:contain:background=ffffff', 'background=ffffff', false],
  ['a:9:watermark:gray:blur=3', 'blur=3,gray,watermark', true],
  ['a:9:blur=3', 'blur=3', true],
])('the effects of %s are %s', (text, effects, showsLess) => {
  const variant = parseVariant(text) as Variant;
  expect([effectsOf(variant), isProtected(variant)]).toEqual([effects, showsLess]);
});
