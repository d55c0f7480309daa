import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { ImageFailure, type ImageFailureCode } from '../errors.js';
import type { Format } from '../images/format.js';
import { parseConfig } from '../config/config.js';
import { parseVariant, type Variant } from '../images/variant.js';
import { derive, type Plan } from './derive.js';

const photo = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));

const variants = (...texts: string[]) => texts.map((text) => parseVariant(text) as Variant);
const defaults = parseConfig({ BUCKET: 'bucket' });
const plan = (
  texts: string[],
  formats: Format[] = ['webp'],
  changes: Partial<Plan> = {},
): Plan => ({
  ...defaults,
  variants: variants(...texts),
  formats,
  ...changes,
});

/** A picture whose left half is red and whose right half is blue. */
function halves(width: number, height: number) {
  const right = Math.ceil(width / 2);
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    {
      input: { create: { width: right, height, channels: 3, background: '#0000ff' } },
      left: width - right,
      top: 0,
    },
  ]);
}

async function pixel(data: Buffer, x: number, y: number): Promise<number[]> {
  const { data: raw, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
  return [
    ...raw.subarray((y * info.width + x) * info.channels, (y * info.width + x + 1) * info.channels),
  ];
}

async function failureOf(bytes: Buffer): Promise<ImageFailureCode> {
  const error: unknown = await derive(bytes, plan(['w100:100'])).catch((reason: unknown) => reason);
  if (error instanceof ImageFailure) return error.code;
  throw new Error(`expected an ImageFailure, found ${String(error)}`);
}

describe('the sample photo', () => {
  test('gives every variant in every format at the exact size', async () => {
    const derived = await derive(
      photo,
      plan(['thumb:200x200:cover', 'w400:400', 'w800:800', 'w1600:1600'], ['webp', 'jpeg', 'avif']),
    );
    expect(derived.original).toEqual({ width: 5312, height: 2988 });
    expect(derived.renditions).toHaveLength(12);
    const sizes = { thumb: [200, 200], w400: [400, 225], w800: [800, 450], w1600: [1600, 900] };
    for (const { variants: names, format, width, height, data } of derived.renditions) {
      expect([width, height]).toEqual(sizes[names.join() as keyof typeof sizes]);
      const metadata = await sharp(data).metadata();
      expect([metadata.width, metadata.height]).toEqual([width, height]);
      expect(metadata.format).toBe(format === 'avif' ? 'heif' : format);
    }
    expect(derived.placeholder.color).toMatch(/^#[0-9a-f]{6}$/);
    expect(Buffer.from(derived.placeholder.thumbhash, 'base64').length).toBeGreaterThan(15);
  }, 30_000);

  test('the same input gives the same bytes', async () => {
    const [first, second] = await Promise.all([
      derive(photo, plan(['w400:400'], ['webp', 'jpeg'])),
      derive(photo, plan(['w400:400'], ['webp', 'jpeg'])),
    ]);
    expect(first).toEqual(second);
  }, 30_000);
});

test('nothing is enlarged', async () => {
  const small = await halves(120, 80).png().toBuffer();
  const { renditions } = await derive(small, plan(['w800:800', 'thumb:200x200:cover']));
  expect(renditions.map(({ width, height }) => [width, height])).toEqual([
    [120, 80],
    [80, 80],
  ]);
});

// The orientations of EXIF 2.32 section 4.6.4: where the red half, stored on the left, is shown.
test.each([
  [1, 'left'],
  [2, 'right'],
  [3, 'right'],
  [4, 'left'],
  [5, 'top'],
  [6, 'top'],
  [7, 'bottom'],
  [8, 'bottom'],
])('orientation %i is applied and dropped', async (orientation, side) => {
  const bytes = await halves(400, 200)
    .jpeg({ quality: 100 })
    .withMetadata({ orientation })
    .toBuffer();
  const { original, renditions } = await derive(bytes, plan(['w100:100'], ['jpeg']));
  const upright = orientation < 5;
  expect(original).toEqual(upright ? { width: 400, height: 200 } : { width: 200, height: 400 });
  const [{ data, width, height }] = renditions as [(typeof renditions)[number]];
  const [x, y] = { left: [5, 25], right: [95, 25], top: [50, 5], bottom: [50, 195] }[side] ?? [
    0, 0,
  ];
  expect([width, height]).toEqual(upright ? [100, 50] : [100, 200]);
  const [red, , blue] = await pixel(data, x as number, y as number);
  expect(red).toBeGreaterThan(200);
  expect(blue).toBeLessThan(60);
  expect((await sharp(data).metadata()).orientation).toBeUndefined();
});

test('a rendition carries no EXIF, GPS, XMP or profile', async () => {
  const bytes = await halves(300, 200)
    .jpeg()
    .withExif({
      IFD0: { Copyright: 'SECRET-OWNER', Make: 'SECRET-CAMERA' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
    })
    .withXmp(
      '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">SECRET-XMP</x:xmpmeta><?xpacket end="w"?>',
    )
    .withIccProfile('p3')
    .toBuffer();
  expect(bytes.includes('SECRET-OWNER')).toBe(true);
  expect(bytes.includes('SECRET-XMP')).toBe(true);
  const { renditions } = await derive(bytes, plan(['w100:100'], ['webp', 'jpeg', 'avif']));
  for (const { data, format } of renditions) {
    for (const trace of [
      'SECRET',
      'Exif\0',
      'EXIF',
      'GPS',
      'http://ns.adobe.com',
      'ICC_PROFILE',
      'ICCP',
    ]) {
      expect([format, trace, data.includes(trace)]).toEqual([format, trace, false]);
    }
    const metadata = await sharp(data).metadata();
    expect(metadata.exif ?? metadata.xmp ?? metadata.icc ?? metadata.iptc).toBeUndefined();
  }
});

test('alpha is kept in WebP and lies on white in JPEG', async () => {
  const clear = await sharp({
    create: { width: 50, height: 50, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
  })
    .png()
    .toBuffer();
  const { renditions } = await derive(clear, plan(['w50:50'], ['webp', 'jpeg']));
  const [webp, jpeg] = renditions as [(typeof renditions)[number], (typeof renditions)[number]];
  expect((await pixel(webp.data, 25, 25))[3]).toBe(0);
  expect(await pixel(jpeg.data, 25, 25)).toEqual([255, 255, 255]);
});

test.each([
  ['grey', () => halves(80, 60).greyscale().png()],
  ['palette', () => halves(80, 60).png({ palette: true, colours: 4 })],
  ['16 bits', () => halves(80, 60).toColourspace('rgb16').png()],
  ['CMYK', () => halves(80, 60).toColourspace('cmyk').jpeg()],
  ['GIF', () => halves(80, 60).gif()],
  ['WebP', () => halves(80, 60).webp()],
  ['AVIF', () => halves(80, 60).avif()],
])('%s input becomes sRGB of 8 bits', async (_kind, make) => {
  const { renditions } = await derive(await make().toBuffer(), plan(['w40:40'], ['jpeg']));
  const metadata = await sharp((renditions[0] as { data: Buffer }).data).metadata();
  expect([metadata.space, metadata.depth, metadata.channels]).toEqual(['srgb', 'uchar', 3]);
});

describe('bad input ends with a code', () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  test.each<[string, ImageFailureCode, () => Buffer | Promise<Buffer>]>([
    ['an empty file', 'empty-file', () => Buffer.alloc(0)],
    ['text', 'not-an-image', () => Buffer.from('hello, I am a JPEG')],
    ['an SVG', 'not-an-image', () => svg],
    ['a PDF', 'not-an-image', () => Buffer.from('%PDF-1.4\n%%EOF')],
    ['a TIFF', 'unsupported-format', () => halves(20, 20).tiff().toBuffer()],
    ['the first bytes of a JPEG', 'not-an-image', () => photo.subarray(0, 10)],
    ['a truncated progressive JPEG', 'damaged-image', () => photo.subarray(0, photo.length / 2)],
    [
      'a truncated baseline JPEG',
      'damaged-image',
      async () => (await halves(500, 500).jpeg().toBuffer()).subarray(0, 2000),
    ],
    [
      'a truncated PNG',
      'damaged-image',
      async () => {
        const png = await halves(500, 500).png({ compressionLevel: 0 }).toBuffer();
        return png.subarray(0, png.length / 2);
      },
    ],
  ])('%s: %s', async (_what, code, make) => {
    expect(await failureOf(await make())).toBe(code);
  });

  test('an SVG can’t be reached even by its other names', async () => {
    await expect(sharp(svg).metadata()).rejects.toThrow();
  });
});
