import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { parseConfig } from '../config/config.js';
import type { Format } from '../domain/format.js';
import { variantSize, type Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import { encodersFor } from './encode.js';
import { processImage, type ProcessedImage, type ProcessSettings } from './process-image.js';

const photo = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));

const settings = (
  texts: string[],
  formats: Format[] = ['webp'],
  changes: Partial<ProcessSettings> = {},
): ProcessSettings => ({
  ...parseConfig({ BUCKET: 'bucket' }),
  variants: texts.map((text) => parseVariant(text) as Variant),
  formats,
  ...changes,
});

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#84a' } });

/** Three frames of increasing brightness. */
const createAnimation = (width: number, height: number) =>
  sharp(Buffer.concat([10, 90, 170].map((level) => Buffer.alloc(width * height * 3, level))), {
    raw: { width, height: height * 3, channels: 3, pageHeight: height },
  });

/** Lines of strokes like those of letters, in two colors on white. */
function createScreenshot() {
  const [width, height] = [1000, 600];
  const data = Buffer.alloc(width * height * 3, 255);
  for (let y = 20; y < height - 20; y++) {
    if (y % 16 > 8) continue;
    for (let x = 20; x < width - 20; x++) {
      const letter = (Math.floor(x / 7) * 31 + Math.floor(y / 16) * 17) % 23;
      const isInk = x % 7 === letter % 5 || (letter < 9 && y % 16 === letter && x % 7 < 5);
      if (letter > 3 && isInk)
        data.set(letter % 2 ? [32, 33, 36] : [26, 115, 232], (y * width + x) * 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const sizes = ({ renditions }: ProcessedImage) =>
  renditions.map(({ variants, width, height }) => [variants.join(), width, height]);

describe('the sample photo', () => {
  test('becomes every variant in every format at the exact size', async () => {
    const result = await processImage(
      photo,
      settings(
        ['thumb:200x200:cover', 'w400:400', 'w800:800', 'w1600:1600'],
        ['webp', 'jpeg', 'avif'],
      ),
    );
    expect(result.original).toEqual({ width: 5312, height: 2988 });
    expect(result.renditions).toHaveLength(12);
    const expected = { thumb: [200, 200], w400: [400, 225], w800: [800, 450], w1600: [1600, 900] };
    for (const { variants, format, width, height, data } of result.renditions) {
      expect([width, height]).toEqual(expected[variants.join() as keyof typeof expected]);
      const metadata = await sharp(data).metadata();
      expect([metadata.width, metadata.height]).toEqual([width, height]);
      expect(metadata.format).toBe(format === 'avif' ? 'heif' : format);
    }
    expect(result.placeholder.color).toMatch(/^#[0-9a-f]{6}$/);
    expect(Buffer.from(result.placeholder.thumbhash, 'base64').length).toBeGreaterThan(15);
  }, 60_000);

  test('is as sharp as after a single resize', async () => {
    const { renditions } = await processImage(
      photo,
      settings(['w400:400', 'w800:800', 'w1600:1600'], ['jpeg']),
    );
    for (const { data, width, height } of renditions) {
      const reference = await sharp(photo)
        .resize({ width, height, fit: 'fill' })
        .jpeg({ quality: 80 })
        .toBuffer();
      const [actual, expected] = await Promise.all(
        [data, reference].map(async (bytes) => (await sharp(bytes).stats()).sharpness),
      );
      expect((actual as number) / (expected as number)).toBeGreaterThan(0.95);
    }
  });
});

describe('a variant with a byte limit', () => {
  const OG = 'og:1200x630:cover:jpeg:300kB';

  test('is one JPEG within the limit, whatever the formats are', async () => {
    const { renditions } = await processImage(photo, settings([OG, 'w400:400'], ['webp', 'avif']));
    const [og, ...others] = renditions.filter(({ variants }) => variants.includes('og'));
    expect(others).toEqual([]);
    expect(og).toMatchObject({ variants: ['og'], format: 'jpeg', width: 1200, height: 630 });
    expect(og?.data.length).toBeLessThanOrEqual(300_000);
    expect(await sharp(og?.data).metadata()).toMatchObject({ width: 1200, height: 630 });
  });

  test('is encoded again until it fits', async () => {
    const texts = ['a:1200x630:cover:jpeg:300kB', 'b:1200x630:cover:jpeg:95kB'];
    // Noise, which takes more than 95 kB at the usual quality.
    const noisy = sharp({
      create: {
        ...{ width: 1600, height: 1200, channels: 3, background: '#777' },
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    });
    const { renditions } = await processImage(await noisy.jpeg().toBuffer(), settings(texts));
    const bytes = renditions.map(({ variants, data }) => [variants.join(), data.length]);
    const { a = 0, b = 0 } = Object.fromEntries(bytes) as Record<string, number>;
    expect(a).toBeGreaterThan(95_000);
    expect(a).toBeLessThanOrEqual(300_000);
    expect(b).toBeLessThanOrEqual(95_000);
  });

  test('is the first frame of an animation, at the usual quality', async () => {
    const animation = await createAnimation(1300, 700).gif().toBuffer();
    const { renditions } = await processImage(animation, settings([OG, 'w90:90']));
    const og = renditions.find(({ format }) => format === 'jpeg');
    const { channels } = await sharp(og?.data).stats();
    expect(Math.abs((channels[0]?.mean ?? 0) - 10)).toBeLessThan(4);
    const webp = renditions.find(({ format }) => format === 'webp');
    expect((await sharp(webp?.data, { pages: -1 }).metadata()).pages).toBe(3);
  });
});

describe('FORMATS=auto gives each image the format that suits it', () => {
  const auto = (texts: string[], quality?: number) =>
    settings(texts, ['webp', 'jpeg'], { autoFormat: true, ...(quality && { quality }) });
  const formatsOf = ({ renditions }: ProcessedImage) => renditions.map(({ format }) => format);

  test('JPEG to an opaque photo', async () => {
    expect(formatsOf(await processImage(photo, auto(['w90:90', 'w40:40'])))).toEqual([
      'jpeg',
      'jpeg',
    ]);
  });

  test('WebP to a transparent and to an animated image, except where the variant is a JPEG', async () => {
    const glass = sharp({
      create: {
        width: 300,
        height: 200,
        channels: 4,
        background: { r: 9, g: 9, b: 9, alpha: 0.5 },
      },
    });
    const texts = ['w90:90', 'og:100x60:cover:jpeg:99kB'];
    expect(formatsOf(await processImage(await glass.png().toBuffer(), auto(texts))).sort()).toEqual(
      ['jpeg', 'webp'],
    );
    const animation = await createAnimation(100, 80).gif().toBuffer();
    const { renditions } = await processImage(animation, auto(['w90:90'], 70));
    expect(await sharp(renditions[0]?.data, { pages: -1 }).metadata()).toMatchObject({
      format: 'webp',
      pages: 3,
    });
  });

  test('WebP to a screenshot, lossless where that is smaller', async () => {
    const png = await createScreenshot().png().toBuffer();
    const { renditions } = await processImage(png, auto(['w1000:1000', 'w300:300'], 70));
    const [large, small] = renditions.sort((a, b) => b.width - a.width);
    expect(large?.format).toBe('webp');
    const pixels = await sharp(large?.data).raw().toBuffer();
    expect(pixels.equals(await sharp(png).raw().toBuffer())).toBe(true);
    // RFC 9649: the chunk VP8 is lossy, VP8L lossless.
    expect(large?.data.toString('latin1', 12, 16)).toBe('VP8L');
    const lossy = await processImage(
      png,
      settings(['w300:300'], ['webp'], { quality: 70 }),
      encodersFor(70, true),
    );
    expect(small?.data.length).toBeLessThanOrEqual(lossy.renditions[0]?.data.length ?? 0);
  });

  test('a JPEG of a screenshot has all colors', async () => {
    const png = await createScreenshot().png().toBuffer();
    const texts = ['w1000:1000', 'w300:300'];
    const { renditions } = await processImage(png, settings(texts, ['jpeg'], { quality: 70 }));
    expect((await sharp(renditions[1]?.data).metadata()).chromaSubsampling).toBe('4:4:4');
    const photos = await processImage(photo, settings(['w300:300'], ['jpeg'], { quality: 70 }));
    const { chromaSubsampling } = await sharp(photos.renditions[0]?.data).metadata();
    expect(chromaSubsampling).toBe('4:2:0');
  });
});

describe('QUALITY', () => {
  test('has more bytes the higher the target, in every format', async () => {
    const formats: Format[] = ['webp', 'jpeg', 'avif'];
    const bytesAt = async (quality: number) => {
      const { renditions } = await processImage(
        photo,
        settings(['w200:200'], formats, { quality }),
      );
      return formats.map((format) => renditions.find((r) => r.format === format)?.data.length ?? 0);
    };
    const [low, high] = [await bytesAt(60), await bytesAt(85)];
    for (const index of formats.keys()) expect(high[index]).toBeGreaterThan(low[index] as number);
  });

  test('absent, renditions are those of version 0.1.0, also of screenshots', async () => {
    const png = await createScreenshot().png().toBuffer();
    const { renditions } = await processImage(png, settings(['w300:300'], ['webp', 'jpeg']));
    const pixels = sharp(png).resize({ width: 300, height: 180, fit: 'fill' });
    const raw = await pixels.raw().toBuffer({ resolveWithObject: true });
    const expected = {
      webp: await sharp(raw.data, { raw: raw.info }).webp({ quality: 67, effort: 0 }).toBuffer(),
      jpeg: await sharp(raw.data, { raw: raw.info })
        .jpeg({ quality: 79, optimiseCoding: false })
        .toBuffer(),
    };
    for (const { format, data } of renditions) {
      expect(data.equals(expected[format as 'webp'])).toBe(true);
    }
  });
});

test('returns the same bytes for the same file and settings', async () => {
  const animation = await createAnimation(90, 60).gif().toBuffer();
  for (const bytes of [photo, animation]) {
    const run = () =>
      processImage(
        bytes,
        settings(['w300:300', 'c:99x99:cover:attention'], ['webp', 'jpeg', 'avif']),
      );
    const first = await run();
    expect(await run()).toEqual(first);
  }
}, 60_000);

test('never enlarges, and produces identical variants once', async () => {
  const result = await processImage(
    await plain(120, 80).png().toBuffer(),
    settings(['w800:800', 'thumb:200x200:cover', 'w1600:1600', 'w60:60'], ['webp', 'jpeg']),
  );
  expect(sizes(result)).toEqual([
    ['w800,w1600', 120, 80],
    ['w800,w1600', 120, 80],
    ['thumb', 80, 80],
    ['thumb', 80, 80],
    ['w60', 60, 40],
    ['w60', 60, 40],
  ]);
});

test('each rendition has the size of its variant for any original', async () => {
  const variants = ['a:50', 'b:70x20', 'c:33x33:cover', 'd:40x90:cover', 'e:60x10:cover:attention'];
  const edge = fc.integer({ min: 1, max: 150 });
  await fc.assert(
    fc.asyncProperty(edge, edge, fc.integer({ min: 1, max: 8 }), async (w, h, orientation) => {
      const bytes = await plain(w, h).jpeg().withMetadata({ orientation }).toBuffer();
      const original = orientation < 5 ? { width: w, height: h } : { width: h, height: w };
      const result = await processImage(bytes, settings(variants, ['jpeg']));
      expect(result.original).toEqual(original);
      const names: string[] = [];
      for (const rendition of result.renditions) {
        const { width, height } = await sharp(rendition.data).metadata();
        for (const name of rendition.variants) {
          const variant = variants
            .map((text) => parseVariant(text) as Variant)
            .find((v) => v.name === name);
          expect({ width, height }).toEqual(variantSize(variant as Variant, original));
          names.push(name);
        }
      }
      expect(names.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    }),
    { numRuns: 40 },
  );
}, 60_000);

describe('animations', () => {
  const pagesOf = async (bytes: Buffer, changes: Partial<ProcessSettings> = {}) => {
    const { renditions } = await processImage(
      bytes,
      settings(['w60:60', 't:20x20:cover', 'w999:999'], ['webp', 'jpeg'], changes),
    );
    return Promise.all(
      renditions.map(async ({ variants, format, data }) => {
        const {
          pages = 1,
          pageHeight,
          height,
          delay,
        } = await sharp(data, { pages: -1 }).metadata();
        return [variants.join(), format, pages, pageHeight ?? height, delay?.join()];
      }),
    );
  };

  test.each(['gif', 'webp'] as const)(
    '%s stays animated in WebP and becomes a still JPEG',
    async (format) => {
      const bytes = await createAnimation(90, 60)
        [format]({ delay: [40, 50, 60] })
        .toBuffer();
      expect(await pagesOf(bytes)).toEqual([
        ['w999', 'webp', 3, 60, '40,50,60'],
        ['w999', 'jpeg', 1, 60, undefined],
        ['w60', 'webp', 3, 40, '40,50,60'],
        ['w60', 'jpeg', 1, 40, undefined],
        ['t', 'webp', 3, 20, '40,50,60'],
        ['t', 'jpeg', 1, 20, undefined],
      ]);
    },
  );

  test('become their first frame when ANIMATED is false', async () => {
    const bytes = await createAnimation(90, 60).gif().toBuffer();
    const pages = await pagesOf(bytes, { animated: false });
    expect(pages.map(([, , count]) => count)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

test('fails with the code of the first encode that fails', async () => {
  const encoders = {
    webp: (image: sharp.Sharp) => image.webp(),
    jpeg: (image: sharp.Sharp) => image.extract({ left: 0, top: 0, width: 9999, height: 1 }),
    avif: (image: sharp.Sharp) => image.avif(),
  };
  const bytes = await plain(50, 50).png().toBuffer();
  await expect(
    processImage(bytes, settings(['w20:20'], ['webp', 'jpeg']), encoders),
  ).rejects.toMatchObject({
    code: 'too-much-memory',
  });
});
