/** Gain maps in renditions, read with libultrahdr, which sharp has. */
import sharp, { type Sharp } from 'sharp';
import { P3 } from '../../../test/processing/color-cases.js';
import { withJpegProfile } from '../../../test/processing/color-file.js';
import { METADATA, PICTURE, ultraHdr } from '../../../test/processing/ultra-hdr.js';
import { parseConfig } from '../../config/config.js';
import type { Format } from '../../domain/format.js';
import type { Variant } from '../../domain/variant.js';
import { parseVariant } from '../../domain/variant-grammar.js';
import { visitSegments } from '../jpeg.js';
import { processImage, type ProcessSettings } from '../process-image.js';
import { addGainMap, findGainMap } from './container.js';
import { writeIso, writePictureXmp, writeXmp } from './metadata.js';

/** Missing in the types of sharp 0.35. */
type GainMapSharp = Sharp & Record<'keepGainMap' | 'withGainMap', () => Sharp>;
const openHdr = (jpeg: Buffer | undefined) => sharp(jpeg) as GainMapSharp;

beforeAll(() => {
  // The pipeline blocks it: it reads gain maps without libultrahdr.
  sharp.unblock({ operation: ['VipsForeignLoadUhdrBuffer'] });
});

async function renditionsOf(
  bytes: Buffer,
  texts: string[],
  changes: Partial<ProcessSettings> = {},
  formats: Format[] = ['jpeg'],
): Promise<Record<string, Buffer>> {
  const { renditions } = await processImage(bytes, {
    ...parseConfig({ BUCKET: 'bucket', KEEP_GAIN_MAP: 'true' }),
    variants: texts.map((text) => parseVariant(text) as Variant),
    formats,
    ...changes,
  });
  return Object.fromEntries(renditions.map(({ variants, data }) => [variants.join(), data]));
}

/** The gain map as libultrahdr finds it. */
async function mapOf(jpeg: Buffer | undefined): Promise<Buffer | undefined> {
  return (await sharp(jpeg).metadata()).gainMap?.image;
}

/** The index of the lightest corner: upper left, upper right, lower left, lower right. */
async function lightestCorner(jpeg: Buffer | undefined): Promise<number> {
  const { data, info } = await sharp(jpeg)
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const level = (x: number, y: number) =>
    data[Math.floor(y * height) * width + Math.floor(x * width)] ?? 0;
  const corners = [level(0.1, 0.1), level(0.9, 0.1), level(0.1, 0.9), level(0.9, 0.9)];
  return corners.indexOf(Math.max(...corners));
}

/** Light of the picture with its map, 1 is 80 cd/m2: one value per pixel, of a small copy. */
async function hdrLight(jpeg: Buffer | undefined): Promise<number[]> {
  const { data } = await openHdr(jpeg)
    .withGainMap()
    .resize(12, 8, { fit: 'fill', kernel: 'nearest' })
    .removeAlpha()
    .raw({ depth: 'float' })
    .toBuffer({ resolveWithObject: true });
  return [...new Float32Array(data.buffer, data.byteOffset, data.length / 4)];
}

test('JPEG renditions have the map, resized with the picture, and are as light as the original', async () => {
  const original = await ultraHdr();
  const { w240, w120 } = await renditionsOf(original, ['w240:240', 'w120:120']);
  const sizes = [w240, w120].map(async (jpeg) => {
    const { width, height, channels } = await sharp(await mapOf(jpeg)).metadata();
    return [width, height, channels];
  });
  expect(await Promise.all(sizes)).toEqual([
    [60, 40, 1],
    [30, 20, 1],
  ]);
  const expected = await hdrLight(original);
  expect(Math.max(...expected)).toBeGreaterThan(3 * Math.min(...expected) + 1);
  for (const jpeg of [w240, w120]) {
    const light = await hdrLight(jpeg);
    light.forEach((value, i) => expect(value / (expected[i] ?? NaN)).toBeCloseTo(1, 0.7));
  }
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'orientation %i: the map is turned with the picture',
  async (orientation) => {
    const { w240 } = await renditionsOf(await ultraHdr({ orientation }), ['w240:240']);
    const corner = await lightestCorner(w240);
    expect(await lightestCorner(await mapOf(w240))).toBe(corner);
    // EXIF 2.32, section 4.6.4: where the first row and the first column are.
    expect(corner).toBe([0, 1, 3, 2, 0, 1, 3, 2][orientation - 1]);
    const { width, height } = await sharp(await mapOf(w240)).metadata();
    expect(width > height).toBe(orientation < 5);
  },
);

test('nothing of the metadata of the upload is in the rendition', async () => {
  const secret = {
    IFD0: { Copyright: 'Secret', Artist: 'Secret' },
    IFD3: { GPSLatitude: '1/1 2/1 3/1' },
  };
  const withExif = async (jpeg: Buffer) =>
    sharp(jpeg).withExif(secret).withXmp('<x>Secret</x>').jpeg().toBuffer();
  const stored = findGainMap(await ultraHdr());
  const picture = await withExif(
    await sharp(await ultraHdr())
      .jpeg()
      .toBuffer(),
  );
  const original = addGainMap(picture, await withExif(stored?.bytes ?? Buffer.alloc(0)), METADATA);
  expect(original.toString('latin1').split('Secret').length).toBeGreaterThan(4);

  const { w240: jpeg = Buffer.alloc(0) } = await renditionsOf(original, ['w240:240']);
  expect(jpeg.includes('Secret')).toBe(false);
  const segments = (file: Buffer) => {
    const texts: string[] = [];
    visitSegments(file, (marker, start, end) => {
      if (marker >= 0xe0 && marker <= 0xef) texts.push(file.toString('latin1', start + 4, end));
    });
    return texts;
  };
  const xmp = 'http://ns.adobe.com/xap/1.0/\0';
  const iso = 'urn:iso:std:iso:ts:21496:-1\0';
  const map = findGainMap(jpeg)?.bytes ?? Buffer.alloc(0);
  expect(segments(jpeg)).toEqual([
    xmp + writePictureXmp(map.length),
    `${iso}\0\0\0\0`,
    expect.stringMatching(/^MPF\0MM\0\*/),
  ]);
  expect(segments(map)).toEqual([
    xmp + writeXmp(METADATA),
    iso + writeIso(METADATA).toString('latin1'),
  ]);
  expect(jpeg.subarray(-map.length).equals(map)).toBe(true);
});

test('variants that show something else than the picture have no map, and neither have other formats', async () => {
  const texts = [
    'a:99x99:cover',
    'b:99:gray',
    'c:99x99:contain',
    'd:99x99:jpeg:9kB',
    'e:99:blur=2',
  ];
  const original = await ultraHdr();
  for (const data of Object.values(await renditionsOf(original, texts))) {
    expect(data.includes('MPF')).toBe(false);
  }
  const { w99 } = await renditionsOf(original, ['w99:99'], {}, ['webp']);
  expect(w99?.includes('MPF')).toBe(false);
});

describe('a rendition is what it is without the parameter', () => {
  const plain = async (bytes: Buffer) => {
    const { keepGainMap, ...config } = parseConfig({ BUCKET: 'bucket', KEEP_GAIN_MAP: 'true' });
    expect(keepGainMap).toBe(true);
    const variants = [parseVariant('w240:240') as Variant];
    const { renditions } = await processImage(bytes, { ...config, variants, formats: ['jpeg'] });
    return renditions[0]?.data;
  };

  test.each<[string, Parameters<typeof ultraHdr>[0]]>([
    ['if the map is cut short', { editMap: (map) => map.subarray(0, 180) }],
    [
      'if it is no JPEG behind its header',
      { editMap: (map) => Buffer.concat([map.subarray(0, 20), Buffer.alloc(400)]) },
    ],
    ['if it has another shape than the picture', { mapWidth: 60, mapHeight: 80 }],
    ['if it is larger than the picture', { mapWidth: 960, mapHeight: 640 }],
  ])('%s', async (_, options) => {
    const bytes = await ultraHdr(options);
    const { w240 } = await renditionsOf(bytes, ['w240:240']);
    expect(w240?.equals((await plain(bytes)) ?? Buffer.alloc(0))).toBe(true);
  });

  test('if the file is no Ultra HDR photo', async () => {
    const bytes = await sharp(await ultraHdr())
      .jpeg()
      .toBuffer();
    expect(findGainMap(bytes)).toBeUndefined();
    const { w240 } = await renditionsOf(bytes, ['w240:240']);
    expect(w240?.equals((await plain(bytes)) ?? Buffer.alloc(0))).toBe(true);
  });
});

test('three gains stay only with the colors that they belong to', async () => {
  const [gain] = METADATA.channels as [(typeof METADATA.channels)[0]];
  const metadata = { ...METADATA, channels: [gain, { ...gain, max: 1 }, gain] };
  const original = await ultraHdr({ isColor: true, metadata });
  const inP3 = withJpegProfile(original, P3);
  const hasMap = async (bytes: Buffer, changes: Partial<ProcessSettings> = {}) => {
    const { w240 } = await renditionsOf(bytes, ['w240:240'], changes);
    const found = findGainMap(w240 ?? bytes);
    if (found) expect(found.metadata.channels.map(({ max }) => max)).toEqual([2, 1, 2]);
    return found !== undefined;
  };
  expect([
    await hasMap(original),
    await hasMap(inP3),
    await hasMap(inP3, { colorSpace: 'p3' }),
  ]).toEqual([true, false, true]);
});

test('a photo that libultrahdr has written, and its own reading of ours', async () => {
  const written = await openHdr(await ultraHdr())
    .keepGainMap()
    .jpeg({ quality: 90 })
    .toBuffer();
  const stored = findGainMap(written);
  expect(stored?.metadata.channels[0]?.max).toBeCloseTo(2, 3);
  const { w240 } = await renditionsOf(written, ['w240:240']);
  expect(findGainMap(w240 ?? written)?.metadata).toEqual(
    expect.objectContaining({ maxHeadroom: stored?.metadata.maxHeadroom }),
  );
  const { width } = await sharp(await mapOf(w240)).metadata();
  expect(width).toBe(PICTURE.width / 8);
});
