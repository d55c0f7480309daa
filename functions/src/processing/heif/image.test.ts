import sharp from 'sharp';
import {
  auxC,
  box,
  clap,
  fullBox,
  gridData,
  imir,
  irot,
  ispe,
  nclx,
  prof,
  readHeifItems,
  text,
  u16,
  u32,
  u8,
  writeHeif,
  type HeifItem,
  type HeifReference,
} from '../../../test/processing/heif-file.js';
import {
  corners,
  createAvifItem,
  firstItem,
  itemsOf,
  MAX_PIXELS,
  readFixture,
  show,
  sizeOf,
  UPRIGHT,
  withProperties,
} from '../../../test/processing/heif-fixture.js';
import type { ColorDescription } from '../color-description.js';
import { readHeif } from './image.js';

const heic = firstItem('heic/corners.heic');
const burst = itemsOf('heic/burst.heic');
const read = (bytes: Buffer) => readHeif(bytes, MAX_PIXELS);

const heicWith = (...properties: Buffer[]) => writeHeif([withProperties(heic, ...properties)]);

let avif: HeifItem;
beforeAll(async () => {
  avif = await createAvifItem();
});

// ISO/IEC 23008-12 sections 6.5.10 and 6.5.12: rotations are counterclockwise; axis 0 swaps top and
// bottom, axis 1 left and right.
describe('transforms a HEIC in the order of its properties', () => {
  test.each<[string, Buffer[], string, string]>([
    ['irot 0', [irot(0)], '96x64', UPRIGHT],
    ['irot 1', [irot(1)], '64x96', 'green yellow red blue'],
    ['irot 2', [irot(2)], '96x64', 'yellow blue green red'],
    ['irot 3', [irot(3)], '64x96', 'blue red yellow green'],
    ['imir 0', [imir(0)], '96x64', 'blue yellow red green'],
    ['imir 1', [imir(1)], '96x64', 'green red yellow blue'],
    ['irot 1, imir 0', [irot(1), imir(0)], '64x96', 'red blue green yellow'],
    ['imir 0, irot 1', [imir(0), irot(1)], '64x96', 'yellow green blue red'],
    ['clap', [clap(48, 64, -48, 0)], '48x64', 'red red blue blue'],
    ['clap, irot 3', [clap(48, 64, -48, 0), irot(3)], '64x48', 'blue red blue red'],
    ['irot 3, clap', [irot(3), clap(64, 48, 0, -48)], '64x48', 'blue red blue red'],
    [
      'irot 3, clap of the left',
      [irot(3), clap(32, 96, -32, 0)],
      '32x96',
      'blue blue yellow yellow',
    ],
    [
      'imir 1, clap, irot 1',
      [imir(1), clap(48, 32, -48, -32), irot(1)],
      '32x48',
      'green green green green',
    ],
    [
      'clap, imir 0, irot 1, clap',
      [clap(96, 32, 0, -32), imir(0), irot(1), clap(32, 48, 0, -48)],
      '32x48',
      'green green green green',
    ],
  ])('%s', async (_name, properties, size, expected) => {
    const bytes = heicWith(...properties);
    const shown = await show(bytes);
    expect([sizeOf(read(bytes).size), sizeOf(shown), corners(shown)]).toEqual([
      size,
      size,
      expected,
    ]);
  });

  test('and not by EXIF', async () => {
    const bytes = readFixture('heic/exif-6.heic');
    expect(bytes.includes('Exif')).toBe(true);
    const shown = await show(bytes);
    expect([sizeOf(shown), corners(shown)]).toEqual(['64x96', 'green yellow red blue']);
  });

  test('but reports the limit of pixels for the whole before a crop', () => {
    const bytes = heicWith(clap(48, 32, 0, 0));
    expect(() => readHeif(bytes, 96 * 64 - 1)).toThrow(/^too-many-pixels: .*found 96 x 64$/);
    expect(sizeOf(readHeif(bytes, 96 * 64).size)).toBe('48x32');
  });
});

// As Chromium 147 shows these files.
describe('transforms an AVIF as browsers do', () => {
  test.each<[string, () => Buffer[], string, string]>([
    ['irot 1', () => [irot(1)], '64x96', 'green yellow red blue'],
    ['irot before imir', () => [irot(1), imir(0)], '64x96', 'red blue green yellow'],
    ['irot before imir in any order', () => [imir(0), irot(1)], '64x96', 'red blue green yellow'],
    ['clap at the origin', () => [clap(48, 64, -48, 0)], '48x64', 'red red blue blue'],
    [
      'clap before irot in any order',
      () => [irot(1), clap(48, 64, -48, 0)],
      '64x48',
      'red blue red blue',
    ],
    ['no clap elsewhere', () => [clap(48, 64, 48, 0)], '96x64', UPRIGHT],
    ['no clap beyond the image', () => [clap(480, 640, 0, 0)], '96x64', UPRIGHT],
  ])('%s', async (_name, properties, size, expected) => {
    const bytes = writeHeif([withProperties(avif, ...properties())], [], { brand: 'avif' });
    const shown = await show(bytes);
    expect([sizeOf(read(bytes).size), sizeOf(shown), corners(shown)]).toEqual([
      size,
      size,
      expected,
    ]);
  });
});

describe('in a file of several images', () => {
  test('shows the primary image of a burst', async () => {
    expect(corners(await show(readFixture('heic/burst.heic')))).toBe('red red red red');
    const third = writeHeif(burst, [], { primary: 3 });
    expect(corners(await show(third))).toBe('blue blue blue blue');
  });

  test('gives the decoder nothing of thumbnails, depth maps, metadata and other images', async () => {
    const thumbnail = burst[0] as HeifItem;
    const depth = withProperties(firstItem('heic/grey.heic'), auxC('urn:mpeg:hevc:2015:auxid:2'));
    const exif = { type: 'Exif', data: text('GPS: at home'), properties: [], hidden: true };
    const icc = prof(text('a profile'));
    const items = [thumbnail, withProperties(heic, icc), { ...depth, hidden: true }, exif];
    const references: HeifReference[] = [
      ['thmb', 1, 2],
      ['auxl', 3, 2],
      ['cdsc', 4, 2],
    ];
    const { file, hasAlpha, items: count } = read(writeHeif(items, references, { primary: 2 }));
    expect([count, hasAlpha]).toEqual([1, false]);
    expect(file.length).toBeLessThan(heic.data.length + 500);
    for (const hidden of [thumbnail.data, depth.data, exif.data, text('a profile'), text('auxC')]) {
      expect(file.includes(hidden)).toBe(false);
    }
    expect(corners(await show(file))).toBe(UPRIGHT);
  });

  test('assembles, crops and rotates tiles', async () => {
    const tiles = burst.map((item) => ({ ...item, hidden: true }));
    const properties = [ispe(120, 100), clap(100, 100, 20, 0), irot(3)];
    const grid = { type: 'grid', data: gridData(2, 2, 120, 100), properties };
    const shown = await show(
      writeHeif([...tiles, grid], [['dimg', 5, 1, 2, 3, 4]], { primary: 5 }),
    );
    expect([sizeOf(shown), corners(shown)]).toEqual(['100x100', 'blue red yellow green']);
  });

  test('decodes more tiles than libheif allows by default', async () => {
    for (const [item, brand] of [
      [burst[0] as HeifItem, 'heic'],
      [avif, 'avif'],
    ] as const) {
      const size = { heic: [64, 64], avif: [96, 64] }[brand] as [number, number];
      const tiles = Array.from({ length: 1100 }, () => ({ ...item, hidden: true }));
      const [width, height] = [44 * size[0] - 10, 25 * size[1] - 10];
      const data = gridData(44, 25, width, height);
      const ids = tiles.map((_, i) => i + 1);
      const file = writeHeif(
        [...tiles, { type: 'grid', data, properties: [ispe(width, height)] }],
        [['dimg', 1101, ...ids]],
        { primary: 1101, brand },
      );
      expect(sizeOf(await show(file))).toBe(`${width}x${height}`);
    }
  }, 60_000);

  test('shows an identity of an image, transformed after the image itself', async () => {
    const items = [
      { ...withProperties(heic, irot(1)), hidden: true },
      { type: 'iden', data: Buffer.alloc(0), properties: [clap(64, 48, 0, -48), imir(1)] },
    ];
    const shown = await show(writeHeif(items, [['dimg', 2, 1]], { primary: 2 }));
    expect([sizeOf(shown), corners(shown)]).toEqual(['64x48', 'yellow green yellow green']);
  });

  test('shows the base image of a tone-mapped image', async () => {
    const [base, gainMap] = [heic, burst[0] as HeifItem];
    const items = [
      base,
      gainMap,
      { type: 'tmap', data: Buffer.alloc(62), properties: [ispe(96, 64)] },
    ];
    const bytes = writeHeif(items, [['dimg', 3, 1, 2]], { primary: 3 });
    expect(corners(await show(bytes))).toBe(UPRIGHT);
    expect(read(bytes).items).toBe(1);
  });

  test('lays images over each other', async () => {
    // White, 160 x 100; the first image at 0, 0, the second at 100, 40.
    const canvas = Buffer.concat([u8(0, 0), u16(65_535, 65_535, 65_535, 65_535, 160, 100)]);
    const data = Buffer.concat([canvas, u16(0, 0, 96, 36)]);
    const overlay = { type: 'iovl', data, properties: [ispe(160, 100)] };
    const items = [heic, burst[0] as HeifItem, overlay];
    const shown = await show(writeHeif(items, [['dimg', 3, 1, 2]], { primary: 3 }));
    expect([sizeOf(shown), corners(shown)]).toEqual(['160x100', 'red white white red']);
  });

  test('an overlay shows its lower layer through the transparent pixels of a higher one', async () => {
    const [color, alpha] = itemsOf('heic/alpha.heic') as [HeifItem, HeifItem];
    const canvas = Buffer.concat([u8(0, 0), u16(65_535, 65_535, 65_535, 65_535, 96, 64)]);
    const data = Buffer.concat([canvas, u16(0, 0, 0, 0)]);
    const items = [heic, color, alpha, { type: 'iovl', data, properties: [ispe(96, 64)] }];
    const references: HeifReference[] = [
      ['dimg', 4, 1, 2],
      ['auxl', 3, 2],
    ];
    const pixelAt = (
      image: { data: Uint8Array | Uint16Array; channels: number },
      x: number,
      y: number,
    ) => {
      const start = (y * 96 + x) * image.channels;
      return [...image.data.subarray(start, start + 3)];
    };
    const [shown, lower, higher] = [
      await show(writeHeif(items, references, { primary: 4 })),
      await show(writeHeif([heic])),
      await show(writeHeif([color])),
    ];
    expect(pixelAt(shown, 0, 63)).toEqual(pixelAt(lower, 0, 63));
    expect(pixelAt(shown, 0, 0)).toEqual(pixelAt(higher, 0, 0));
  });
});

describe('alpha', () => {
  const alphaItems = () => itemsOf('heic/alpha.heic');
  const auxl: HeifReference = ['auxl', 2, 1];
  const avifBrand = { brand: 'avif' };

  test('is decoded, with the transformations of the image only', async () => {
    const [color, alpha] = alphaItems() as [HeifItem, HeifItem];
    const items = [withProperties(color, irot(2)), withProperties(alpha, irot(1))];
    const { data } = await show(writeHeif(items, [auxl]));
    const alphaAt = (x: number, y: number) => data[(y * 96 + x) * 4 + 3];
    expect([alphaAt(95, 0), alphaAt(0, 63), alphaAt(95, 63)]).toEqual([0, 128, 255]);
  });

  test('divides premultiplied colors', async () => {
    const straight = (await show(writeHeif(alphaItems(), [auxl]))).data;
    const divided = (await show(writeHeif(alphaItems(), [auxl, ['prem', 1, 2]]))).data;
    const half = 95 * 4;
    expect([straight[half + 3], divided[half + 3]]).toEqual([128, 128]);
    const expected = [...straight.subarray(half, half + 3)].map((value) =>
      Math.min(255, Math.round((value * 255) / 128)),
    );
    expect([...divided.subarray(half, half + 3)]).toEqual(expected);
    expect(expected).not.toEqual([...straight.subarray(half, half + 3)]);
  });

  test.each([8, 10, 12] as const)(
    'divides premultiplied colors of an AVIF of %i bits',
    async (bitdepth) => {
      const raw = { width: 64, height: 64, channels: 4 } as const;
      const levels = Array.from({ length: 64 * 64 }, () => [100, 50, 20, 128]).flat();
      const file = await sharp(Buffer.from(levels), { raw })
        .avif({ bitdepth, lossless: true, chromaSubsampling: '4:4:4' })
        .toBuffer();
      const { data } = await show(
        writeHeif(readHeifItems(file), [auxl, ['prem', 1, 2]], avifBrand),
      );
      const scale = data instanceof Uint16Array ? 257 : 1;
      const [r = 0, g = 0, b = 0, a = 0] = [...data.subarray(0, 4)].map((value) => value / scale);
      expect(Math.abs(a - 128)).toBeLessThan(0.6);
      expect([r - 199, g - 100, b - 40].every((difference) => Math.abs(difference) < 3)).toBe(true);
    },
  );

  test('of each tile is the alpha of the whole', async () => {
    const [color, alpha] = alphaItems() as [HeifItem, HeifItem];
    const grid = { type: 'grid', data: gridData(2, 1, 192, 64), properties: [ispe(192, 64)] };
    const references: HeifReference[] = [
      ['dimg', 5, 1, 3],
      ['auxl', 2, 1],
      ['auxl', 4, 3],
    ];
    const items = [color, alpha, color, alpha, grid].map((item) => ({
      ...item,
      hidden: item !== grid,
    }));
    const { channels, data } = await show(writeHeif(items, references, { primary: 5 }));
    expect(channels).toBe(4);
    expect([data[3], data[95 * 4 + 3], data[96 * 4 + 3]]).toEqual([255, 128, 255]);
  });
});

describe('color', () => {
  const icc = text('any bytes: the profile is not parsed');
  const p3 = { primaries: 12, transfer: 13, matrix: 6, fullRange: true };
  test.each<[string, Buffer[], ColorDescription]>([
    ['of a profile', [prof(icc)], { icc }],
    ['of a restricted profile', [box('colr', text('rICC'), icc)], { icc }],
    ['of code points', [nclx(12, 13, 6, true)], { cicp: p3 }],
    ['of both', [nclx(12, 13, 6, true), prof(icc)], { icc, cicp: p3 }],
    ['of neither', [], {}],
    ['of the first of two profiles', [prof(icc), prof(text('other'))], { icc }],
  ])('%s', (_name, properties, expected) => {
    expect(read(heicWith(...properties)).color).toEqual(expected);
  });

  test('of the tiles when their grid has none', () => {
    const tile = { ...withProperties(burst[0] as HeifItem, prof(icc)), hidden: true };
    const grid = { type: 'grid', data: gridData(1, 1, 64, 64), properties: [ispe(64, 64)] };
    const bytes = writeHeif([tile, grid], [['dimg', 2, 1]], { primary: 2 });
    expect(read(bytes).color).toEqual({ icc });
  });

  test('with its depth and whether it is gray', async () => {
    const formatOf = (bytes: Buffer) => {
      const { bitDepth, isGray } = read(bytes);
      return { bitDepth, isGray };
    };
    const deep = readFixture('heic/ten-bit.heic');
    expect(formatOf(deep)).toEqual({ bitDepth: 10, isGray: false });
    expect(formatOf(readFixture('heic/grey.heic'))).toEqual({ bitDepth: 8, isGray: true });
    const avif12 = await sharp(readFixture('photos/seeding.jpg'))
      .resize(64)
      .avif({ bitdepth: 12 })
      .toBuffer();
    expect(formatOf(avif12)).toEqual({ bitDepth: 12, isGray: false });
    expect(corners(await show(deep))).toBe(UPRIGHT);
  });
});

test('reads item data from several places, and from the box idat', async () => {
  const half = Math.floor(heic.data.length / 2);
  const ftyp = box('ftyp', text('heic'), u32(0), text('mif1heic'));
  const essential = heic.properties.map((_, i) => 0x80 + i + 1);
  const meta = (base: number) =>
    fullBox(
      'meta',
      fullBox('pitm', u16(1)),
      // Version 1, construction method 1, offsets of 8 bytes, a base offset of 4 bytes.
      box(
        'iloc',
        u32(0x0100_0000),
        u16(0x8440, 1, 1, 1, 0),
        u32(base),
        u16(2),
        Buffer.concat([u32(0, 0, half, 0, half, heic.data.length - half)]),
      ),
      fullBox('iinf', u16(1), box('infe', u8(2, 0, 0, 0), u16(1, 0), text('hvc1\0'))),
      box(
        'iprp',
        box('ipco', ...heic.properties),
        fullBox('ipma', u32(1), u16(1), u8(essential.length, ...essential)),
      ),
      box('idat', text('junk'), heic.data),
    );
  expect(corners(await show(Buffer.concat([ftyp, meta(4)])))).toBe(UPRIGHT);
});
