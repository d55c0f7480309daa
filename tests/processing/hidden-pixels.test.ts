/**
 * Pixels of the original that no viewer shows: outside of a crop, in later frames and pages, under transparency.
 * Originals that differ only there give the same bytes.
 */
import sharp, { type Sharp } from 'sharp';
import { chunk } from '../../bench/processing/file-structure.js';
import {
  processImage,
  type ProcessedImage,
  type ProcessSettings,
} from '../../functions/src/processing/process-image.js';
import {
  auxC,
  clap,
  ispe,
  readHeifItems,
  text,
  writeHeif,
  type HeifItem,
  type HeifReference,
} from '../../functions/test/processing/heif-file.js';
import {
  firstItem,
  itemsOf,
  withProperties,
} from '../../functions/test/processing/heif-fixture.js';
import { open } from './bomb-fixture.js';
import { expectEqual, SETTINGS } from './hidden-fixture.js';

/** HEIC needs the compiled product. */
const processUpload = open();
afterAll(() => processUpload.close());

/** The decoder itself scales to the largest of these. */
const smaller: ProcessSettings = {
  ...SETTINGS,
  variants: SETTINGS.variants.filter(({ name }) => name === 'half'),
};

const SIZE = { width: 120, height: 80 };
type Color = [red: number, green: number, blue: number, alpha: number];

/** Draws an image of 120 x 80 pixels. */
function draw(colorAt: (x: number, y: number) => Color): Sharp {
  const { width, height } = SIZE;
  const pixels = Array.from({ length: width * height }, (_, i) =>
    colorAt(i % width, Math.floor(i / width)),
  );
  return sharp(Buffer.from(pixels.flat()), { raw: { ...SIZE, channels: 4 } });
}

/** Noise that depends on a seed. */
const noise = (x: number, y: number, seed: number): Color => {
  const value = Math.imul(Math.imul(x + 131 * y + 1, 2_654_435_761) ^ seed, 2_246_822_519) >>> 0;
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, 255];
};
const plain = (x: number): Color => [200, 60, x, 255];

/** Expects that the hidden part of the files has no effect. */
async function expectHidden(files: [Buffer, Buffer], options = SETTINGS): Promise<ProcessedImage> {
  const [first, second] = files;
  expect(first.equals(second)).toBe(false);
  const result = await processUpload(first, options);
  expectEqual(await processUpload(second, options), result);
  return result;
}
const both = (make: (seed: number) => Promise<Buffer>) =>
  Promise.all([make(7), make(99)] as const).then((pair) => [...pair] as [Buffer, Buffer]);

describe('the colors of transparent pixels are in no rendition', () => {
  const transparent = (seed: number) =>
    draw((x, y) => {
      const alpha = Math.round(255 * Math.min(1, (30 - Math.hypot(x - 60, y - 40)) / 6));
      const [red, green, blue] = alpha > 0 ? plain(x) : noise(x, y, seed);
      return [red, green, blue, Math.max(0, alpha)];
    });
  const formats: [string, (image: Sharp) => Sharp][] = [
    ['PNG', (image) => image.png()],
    ['PNG that is interlaced', (image) => image.png({ progressive: true })],
    ['PNG of 16 bits', (image) => image.toColourspace('rgb16').png()],
    ['TIFF', (image) => image.tiff({ compression: 'deflate' })],
    ['WebP', (image) => image.webp({ lossless: true, exact: true })],
    ['AVIF', (image) => image.avif({ lossless: true })],
  ];
  test.each(formats)('in %s', async (_name, make) => {
    const files = await both((seed) => make(transparent(seed)).toBuffer());
    await expectHidden(files);
    await expectHidden(files, smaller);
  });

  test('in PNG with a palette', async () => {
    const png = await draw((x, y) => (Math.hypot(x - 60, y - 40) < 30 ? plain(x) : [0, 0, 0, 0]))
      .png({ palette: true, colors: 16 })
      .toBuffer();
    const transparency = png.indexOf('tRNS');
    const entry = png.subarray(transparency + 4).indexOf(0);
    const palette = png.indexOf('PLTE');
    const length = png.readUInt32BE(palette - 4);
    const colors = Buffer.from(png.subarray(palette + 4, palette + 4 + length));
    colors.set([1, 250, 3], 3 * entry);
    const changed = Buffer.concat([
      png.subarray(0, palette - 4),
      chunk('PLTE', colors),
      png.subarray(palette + 4 + length + 4),
    ]);
    await expectHidden([changed, png]);
  });

  test('without loss, every transparent pixel is black', async () => {
    const bytes = await transparent(7).png().toBuffer();
    const encoders = {
      webp: (image: Sharp) => image.webp({ lossless: true, exact: true }),
      jpeg: (image: Sharp) => image.jpeg(),
      avif: (image: Sharp) => image.avif(),
    };
    const { renditions } = await processImage(bytes, { ...SETTINGS, formats: ['webp'] }, encoders);
    for (const { data, variants } of renditions) {
      const pixels = await sharp(data).raw().toBuffer();
      const colors = new Set<string>();
      for (let i = 0; i < pixels.length; i += 4) {
        if (pixels[i + 3] === 0) colors.add(pixels.subarray(i, i + 3).join());
      }
      expect([variants.join(), ...colors]).toEqual([variants.join(), '0,0,0']);
    }
  });

  test('in the frames of an animated WebP', async () => {
    const animation = async (seed: number) => {
      const frames = await Promise.all(
        [seed, seed + 1, seed + 2].map((one) => transparent(one).raw().toBuffer()),
      );
      const raw = { width: SIZE.width, height: 3 * SIZE.height, channels: 4 } as const;
      return sharp(Buffer.concat(frames), { raw: { ...raw, pageHeight: SIZE.height } })
        .webp({ lossless: true, exact: true, delay: [100, 200, 300] })
        .toBuffer();
    };
    const { renditions } = await expectHidden(await both(animation));
    const webp = renditions.find(({ format }) => format === 'webp');
    expect((await sharp(webp?.data).metadata()).delay).toHaveLength(1);
  });
});

test('what is outside of the crop of an AVIF is in no rendition', async () => {
  const isInside = (x: number, y: number) => x < 60 && y < 40;
  const cropped = async (seed: number) => {
    const image = draw((x, y) => (isInside(x, y) ? plain(x) : noise(x, y, seed))).removeAlpha();
    const [item] = readHeifItems(await image.avif({ lossless: true }).toBuffer());
    // Browsers apply a crop of an AVIF only at the origin.
    const crop = clap(60, 40, -60, -40);
    return writeHeif([withProperties(item as HeifItem, crop)], [], { brand: 'avif' });
  };
  const { original } = await expectHidden(await both(cropped));
  expect(original).toEqual({ width: 60, height: 40 });
});

const frames = async (seed: number) =>
  Buffer.concat([
    await draw(plain).removeAlpha().raw().toBuffer(),
    await draw((x, y) => noise(x, y, seed))
      .removeAlpha()
      .raw()
      .toBuffer(),
  ]);
const raw = { width: SIZE.width, height: 2 * SIZE.height, channels: 3 } as const;
const pages = { ...raw, pageHeight: SIZE.height };

test.each<[string, (image: Sharp) => Sharp, Partial<ProcessSettings>]>([
  ['later pages of a TIFF', (image) => image.tiff({ compression: 'deflate' }), {}],
  ['later frames of a still GIF', (image) => image.gif({ colors: 256 }), { animated: false }],
  ['later frames of a still WebP', (image) => image.webp({ lossless: true }), { animated: false }],
  [
    'later frames of a GIF, in JPEG and AVIF',
    (image) => image.gif(),
    { formats: ['jpeg', 'avif'] },
  ],
  [
    'later frames of a WebP, in JPEG and AVIF',
    (image) => image.webp({ lossless: true }),
    { formats: ['jpeg', 'avif'] },
  ],
])('%s are in no rendition', async (_name, make, changes) => {
  const files = await both(async (seed) =>
    make(sharp(await frames(seed), { raw: pages })).toBuffer(),
  );
  const { renditions } = await expectHidden(files, { ...SETTINGS, ...changes });
  for (const { data } of renditions) {
    expect((await sharp(data, { pages: -1 }).metadata()).pages ?? 1).toBe(1);
  }
});

const MARK = 'HIDDEN-CONTENT';
const picture = firstItem('heic/corners.heic');

/** A HEIF file whose primary image has a thumbnail, a depth map, a gain map, metadata, and data after it. */
function withHidden(item: HeifItem, brand: string): Buffer {
  const other = brand === 'heic' ? (itemsOf('heic/burst.heic')[1] as HeifItem) : item;
  const map = (urn: string) => ({ ...withProperties(other, auxC(urn)), hidden: true });
  const metadata = (type: string) => ({ type, data: text(MARK), properties: [], hidden: true });
  const items: HeifItem[] = [
    item,
    { ...other, hidden: true },
    map('urn:mpeg:hevc:2015:auxid:2'),
    map('urn:com:apple:photo:2020:aux:hdrgainmap'),
    metadata('Exif'),
    metadata('mime'),
    { ...withProperties(other, ispe(64, 64)), hidden: true },
  ];
  const references: HeifReference[] = [
    ['thmb', 2, 1],
    ['auxl', 3, 1],
    ['auxl', 4, 1],
    ['cdsc', 5, 1],
    ['cdsc', 6, 1],
  ];
  return Buffer.concat([writeHeif(items, references, { brand }), text(MARK)]);
}

test.each(['heic', 'avif'])(
  'other images, maps, metadata and data after the end of a file are in no rendition: %s',
  async (brand) => {
    const avif = await draw(plain).removeAlpha().avif({ lossless: true }).toBuffer();
    const item = brand === 'heic' ? picture : (readHeifItems(avif)[0] as HeifItem);
    const { renditions } = await expectHidden([
      withHidden(item, brand),
      writeHeif([item], [], { brand }),
    ]);
    for (const { data } of renditions) expect(data.includes(MARK)).toBe(false);
  },
);
