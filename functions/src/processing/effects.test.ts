import sharp from 'sharp';
import type { Format } from '../domain/format.js';
import type { Point, Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import type { Watermark } from './effects.js';
import { processImage, type ProcessedImage } from './process-image.js';

const LIMITS = { maxBytes: 1e8, maxPixels: 5e7, animated: true, heic: true, tiff: false };

interface Options {
  formats?: Format[];
  focus?: Point;
  watermarkImage?: Watermark;
}

function run(bytes: Buffer, texts: string[], { formats = ['webp'], ...rest }: Options = {}) {
  const variants = texts.map((text) => parseVariant(text) as Variant);
  return processImage(bytes, { ...LIMITS, variants, formats, ...rest });
}

/** The colors of a rendition at points, each a part of width and height. */
async function colorsAt({ renditions }: ProcessedImage, points: [number, number][]) {
  const { data, info } = await sharp(renditions[0]?.data)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return points.map(([x, y]) => {
    const [column, row] = [Math.floor(x * (info.width - 1)), Math.floor(y * (info.height - 1))];
    const at = (row * info.width + column) * 4;
    return [...data.subarray(at, at + 4)];
  });
}

const near = (color: number[]) =>
  color.map((value) => expect.closeTo(value, -1) as unknown as number);

/** Left half red, right half blue. */
const twoColors = (width = 400, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
    .composite([
      {
        input: {
          create: { width: width / 2, height, channels: 3, background: '#0000ff' },
        },
        gravity: 'east',
      },
    ])
    .png()
    .toBuffer();

const RED = [255, 0, 0, 255];
const BLUE = [0, 0, 255, 255];

test('contain adds bars in white or in a color, and enlarges nothing', async () => {
  const photo = await twoColors();
  const white = await run(photo, ['card:200x200:contain']);
  expect(white.renditions[0]).toMatchObject({ width: 200, height: 200 });
  expect(await colorsAt(white, [[0.5, 0.1], [0.1, 0.5], [0.9, 0.5]])).toEqual([near([255, 255, 255, 255]), near(RED), near(BLUE)]); // prettier-ignore
  const clear = await run(photo, ['card:200x200:contain:background=00000000']);
  expect(await colorsAt(clear, [[0.5, 0.1], [0.1, 0.5]])).toEqual([[0, 0, 0, 0], near(RED)]); // prettier-ignore
  const small = await run(photo, ['card:900x900:contain']);
  expect(small.renditions[0]).toMatchObject({ width: 400, height: 400 });
  const jpeg = await run(photo, ['card:200x200:contain:background=00ff00'], { formats: ['jpeg'] });
  expect(await colorsAt(jpeg, [[0.5, 0.1]])).toEqual([near([0, 255, 0, 255])]);
});

test('gray keeps the lightness', async () => {
  const gray = await run(await twoColors(), ['a:100:gray']);
  const [[red = 0, green = 0, blue = 0] = []] = await colorsAt(gray, [[0.1, 0.5]]);
  expect([green, blue]).toEqual([red, red]);
  expect(red).toBeGreaterThan(40);
  expect(red).toBeLessThan(150);
});

test('blur leaves no edge, also beside a variant of the same size without it', async () => {
  const photo = await twoColors();
  const { renditions } = await run(photo, ['sharp:200:png', 'teaser:200:blur=20:png']);
  const [sharpOne, blurred] = ['sharp', 'teaser'].map((name) => {
    const rendition = renditions.find(({ variants }) => variants.includes(name));
    return { original: { width: 0, height: 0 }, renditions: [rendition] } as ProcessedImage;
  }) as [ProcessedImage, ProcessedImage];
  expect(await colorsAt(sharpOne, [[0.47, 0.5]])).toEqual([near(RED)]);
  const [[red = 0, , blue = 0] = []] = await colorsAt(blurred, [[0.47, 0.5]]);
  expect(Math.min(red, blue)).toBeGreaterThan(80);
  expect(renditions.map(({ format }) => format)).toEqual(['png', 'png']);
});

test.each<[Point | undefined, number[]]>([
  [{ x: 0, y: 0.5 }, RED],
  [{ x: 0.2, y: 0 }, RED],
  [{ x: 1, y: 1 }, BLUE],
])('cover:focal keeps %j in view', async (focus, color) => {
  const crop = await run(await twoColors(), ['face:100x200:cover:focal'], focus && { focus });
  expect(crop.renditions[0]).toMatchObject({ width: 100, height: 200 });
  expect(await colorsAt(crop, [[0.05, 0.5], [0.95, 0.5]])).toEqual([near(color), near(color)]); // prettier-ignore
});

test('without a focal point, cover:focal crops around the center', async () => {
  const [focal, center] = await Promise.all(
    ['a:100x100:cover:focal:png', 'a:100x100:cover:png'].map(async (text) =>
      run(await twoColors(), [text]),
    ),
  );
  expect(focal?.renditions[0]?.data).toEqual(center?.renditions[0]?.data);
});

describe('watermark', () => {
  const logo = (width = 40, height = 20) =>
    sharp({ create: { width, height, channels: 4, background: '#00ff00' } })
      .png()
      .toBuffer();
  const mark = async (changes: Partial<Watermark> = {}): Promise<Watermark> => ({
    ...{ bytes: await logo(), gravity: 'southeast', scale: 0.25, opacity: 1 },
    ...changes,
  });
  const GREEN = [0, 255, 0, 255];

  test('is drawn at its place, in its size and opacity', async () => {
    const photo = await twoColors();
    const opaque = await run(photo, ['a:200:watermark'], { watermarkImage: await mark() });
    expect(await colorsAt(opaque, [[0.97, 0.95], [0.7, 0.95], [0.97, 0.5], [0.02, 0.95]])).toEqual([near(GREEN), near(BLUE), near(BLUE), near(RED)]); // prettier-ignore
    const faint = await run(photo, ['a:200:watermark:png'], {
      watermarkImage: await mark({ opacity: 0.5 }),
    });
    const [[red = 255, green = 0, blue = 0] = []] = await colorsAt(faint, [[0.97, 0.95]]);
    expect(red).toBeLessThan(5);
    expect([green, blue]).toEqual([expect.closeTo(128, -1), expect.closeTo(128, -1)]);
  });

  test('a tile covers the whole rendition, in each frame', async () => {
    const tile = await mark({ scale: 0.1 });
    delete tile.gravity;
    const tiled = await run(await twoColors(), ['a:200:watermark'], { watermarkImage: tile });
    expect(await colorsAt(tiled, [[0.01, 0.01], [0.5, 0.5], [0.99, 0.99]])).toEqual([near(GREEN), near(GREEN), near(GREEN)]); // prettier-ignore
    const frames = Buffer.alloc(80 * 80 * 3);
    frames.fill(255, frames.length / 2);
    const raw = { width: 80, height: 80, channels: 3, pageHeight: 40 } as const;
    const animation = await sharp(frames, { raw })
      .gif({ delay: [50, 50] })
      .toBuffer();
    // Encoders drop equal frames.
    const watermarkImage = { ...tile, opacity: 0.5 };
    const { renditions } = await run(animation, ['a:80:watermark'], { watermarkImage });
    const pages = await sharp(renditions[0]?.data, { pages: -1 }).removeAlpha().raw().toBuffer();
    const colors = [10, 50].map((y) => [...pages.subarray((y * 80 + 60) * 3).subarray(0, 3)]);
    expect(colors).toEqual([near([0, 128, 0]), near([128, 255, 128])]);
  });

  test('is never larger than the rendition, however it is shaped', async () => {
    const watermarkImage = await mark({ bytes: await logo(10, 2000), scale: 1 });
    const { renditions } = await run(await twoColors(), ['a:200:watermark'], { watermarkImage });
    expect(renditions[0]).toMatchObject({ width: 200, height: 100 });
  });

  test('that is missing fails: no rendition is made without it', async () => {
    await expect(run(await twoColors(), ['a:9:watermark'])).rejects.toMatchObject({
      code: 'watermark-unavailable',
    });
  });

  test('that is no image fails with a sentence', async () => {
    const watermarkImage = await mark({ bytes: Buffer.from('plain text') });
    await expect(
      run(await twoColors(), ['a:9:watermark'], { watermarkImage }),
    ).rejects.toMatchObject({
      code: 'watermark-unavailable',
      detail: expect.stringContaining('expected a watermark that can be decoded') as unknown,
    });
  });
});

test('transparent bars need a format that has alpha, also with FORMATS=auto', async () => {
  const variants = ['card:200x200:contain:background=00000000', 'w90:90'].map(
    (text) => parseVariant(text) as Variant,
  );
  const settings = { ...LIMITS, variants, formats: ['webp', 'jpeg'] as Format[], autoFormat: true };
  const { renditions } = await processImage(await twoColors(), settings);
  expect(renditions.map(({ variants: names, format }) => [...names, format]).sort()).toEqual([
    ['card', 'webp'],
    ['w90', 'jpeg'],
  ]);
});

test('a variant may have its own quality', async () => {
  const noise = Buffer.from(Uint8Array.from({ length: 90_000 }, (_, at) => (at * at * 7) % 251));
  const photo = await sharp(noise, { raw: { width: 200, height: 150, channels: 3 } })
    .png()
    .toBuffer();
  const { renditions } = await run(photo, ['low:90:quality=60', 'high:90:quality=90'], { formats: ['jpeg'] }); // prettier-ignore
  const bytesOf = (name: string) => renditions.find(({ variants }) => variants.includes(name))?.data.length ?? 0; // prettier-ignore
  expect(bytesOf('high')).toBeGreaterThan(1.3 * bytesOf('low'));
});
