/** Files that a stranger may send: every count, size and reference has a bound. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  box,
  boxType,
  fullBox,
  gridData,
  ispe,
  readHeifItems,
  text,
  u16,
  u32,
  u8,
  writeHeif,
  writeSequence,
  type HeifItem,
  type HeifReference,
} from '../../../test/processing/heif-file.js';
import { firstItem, itemsOf, readFixture } from '../../../test/processing/heif-fixture.js';
import { damage } from '../../../test/processing/fuzz-damage.js';
import { ImageFailure } from '../../errors.js';
import { readHeif } from './image.js';

const heic = firstItem('heic/corners.heic');
const tile = itemsOf('heic/burst.heic')[0] as HeifItem;
const MAX_PIXELS = 50_000_000;

/** Attacks take less than 0.1 s on an idle machine, which may be busy; without bounds, minutes. */
const MAX_SECONDS = 2;

/** @returns the failure, or `read`, and the seconds of the processor that it took */
function measure(bytes: Buffer, maxPixels = MAX_PIXELS): { outcome: string; seconds: number } {
  const before = process.cpuUsage();
  let outcome = 'read';
  try {
    const { file } = readHeif(bytes, maxPixels);
    expect(file.length).toBeLessThan(bytes.length + 200_000);
  } catch (error) {
    if (!(error instanceof ImageFailure)) throw error;
    outcome = error.message;
  }
  const { user, system } = process.cpuUsage(before);
  return { outcome, seconds: (user + system) / 1e6 };
}

const ftyp = box('ftyp', text('heic'), u32(0), text('mif1heic'));
const pitm = fullBox('pitm', u16(1));
const infe = (id: number, type = 'hvc1') =>
  box('infe', u8(2, 0, 0, 0), u16(id, 0), text(`${type}\0`));
const iinf = (...entries: Buffer[]) => fullBox('iinf', u16(entries.length), ...entries);
const file = (...boxes: Buffer[]) => Buffer.concat([ftyp, fullBox('meta', ...boxes)]);
const repeat = (count: number, make: (i: number) => Buffer) =>
  Array.from({ length: count }, (_, i) => make(i));

/** An item of a type, derived from others. */
const derived = (type: string, data: Buffer = Buffer.alloc(0)): HeifItem => ({
  type,
  data,
  properties: [ispe(64, 64)],
});
const overlayData = (layers: number) =>
  Buffer.concat([u8(0, 0), Buffer.alloc(8), u16(64, 64), Buffer.alloc(4 * layers)]);

/** An image of five levels, each of 40 times the level below: 102,400,000 images of 4,096 pixels. */
function nestedOverlays(): Buffer {
  const items = [tile, ...Array.from({ length: 5 }, () => derived('iovl', overlayData(40)))];
  const references = Array.from({ length: 5 }, (_, i): HeifReference => [
    'dimg',
    i + 2,
    ...Array<number>(40).fill(i + 1),
  ]);
  return writeHeif(items, references, { primary: 6 });
}

const withGrid = (data: Buffer, tiles: number, item = tile) =>
  writeHeif([item, derived('grid', data)], [['dimg', 2, ...Array<number>(tiles).fill(1)]], {
    primary: 2,
  });

describe('refuses, in little time', () => {
  test.each<[string, RegExp, () => Buffer]>([
    [
      'item data of millions of parts without bytes',
      /^too-slow: .* parts of item data/,
      // Offsets and lengths of 0 bytes: each item has 65,535 parts in 6 bytes.
      () =>
        file(
          pitm,
          iinf(infe(1)),
          fullBox('iloc', u16(0, 9000), ...repeat(9000, (i) => u16(i, 0, 65_535))),
        ),
    ],
    [
      'item data that overlap: the file 1,000 times',
      /^damaged-image: expected item data without overlaps/,
      () => {
        const extents = repeat(1000, () => u32(0, 8192));
        const iloc = fullBox('iloc', u16(0x4400, 1), u16(1, 0, 1000), ...extents);
        const iprp = box(
          'iprp',
          box('ipco', ...heic.properties),
          ipma(heic.properties.map((_, i) => i + 1)),
        );
        return file(pitm, iinf(infe(1)), iloc, iprp);
      },
    ],
    [
      'more items than any camera writes',
      /^too-slow: .* boxes/,
      () => file(pitm, iinf(...repeat(10_001, (i) => infe(i + 1)))),
    ],
    [
      'more boxes than any camera writes',
      /^too-slow: .* boxes/,
      () => file(...repeat(10_001, () => box('free'))),
    ],
    [
      'more tracks than any camera writes',
      /^too-slow: .* tracks/,
      () => Buffer.concat([ftyp, box('moov', ...repeat(101, () => box('trak')))]),
    ],
    [
      'more references than any camera writes',
      /^too-slow: .* references/,
      () =>
        file(
          pitm,
          iinf(infe(1)),
          fullBox('iloc', u16(0x4400, 0)),
          fullBox(
            'iref',
            ...repeat(2, (i) => box('dimg', u16(1, 30_000), Buffer.alloc(60_000, i))),
          ),
        ),
    ],
    ['overlays of overlays', /^too-many-pixels: .* together/, nestedOverlays],
    [
      'an overlay of more layers than it may have',
      /^too-slow: .* layers/,
      () =>
        writeHeif(
          [tile, derived('iovl', overlayData(65))],
          [['dimg', 2, ...Array<number>(65).fill(1)]],
          {
            primary: 2,
          },
        ),
    ],
    [
      'a grid of itself',
      /^damaged-image: .* item 1 again/,
      () => writeHeif([derived('grid', gridData(1, 1, 64, 64))], [['dimg', 1, 1]]),
    ],
    [
      'an identity of an identity of the first',
      /^damaged-image: .* item 1 again/,
      () =>
        writeHeif(
          [derived('iden'), derived('iden')],
          [
            ['dimg', 1, 2],
            ['dimg', 2, 1],
          ],
        ),
    ],
    [
      'identities in a long row',
      /^damaged-image: .*derived images in a row/,
      () =>
        writeHeif(
          Array.from({ length: 1000 }, () => derived('iden')),
          Array.from({ length: 999 }, (_, i): HeifReference => ['dimg', i + 1, i + 2]),
        ),
    ],
    [
      'an image that is its own alpha channel',
      /^damaged-image: expected an alpha channel/,
      () => {
        const auxC = fullBox('auxC', text('urn:mpeg:hevc:2015:auxid:1\0'));
        return writeHeif([{ ...heic, properties: [...heic.properties, auxC] }], [['auxl', 1, 1]]);
      },
    ],
    [
      'a grid of 65,536 tiles',
      /^too-slow: .* tiles/,
      () => withGrid(gridData(256, 256, 16_000, 900), 40_000),
    ],
    [
      'a grid of tiles that hide each other',
      /^damaged-image: expected tiles that cover/,
      () => withGrid(gridData(64, 64, 64, 64), 4096),
    ],
    [
      'a grid that is larger than the limit',
      /^too-many-pixels: .* found 60000 x 60000/,
      () => withGrid(gridData(2, 2, 60_000, 60_000), 4),
    ],
    [
      'a tile that is larger than the limit',
      /^too-many-pixels: .* found 60000 x 60000/,
      () => {
        const others = tile.properties.filter((one) => one.toString('latin1', 4, 8) !== 'ispe');
        return withGrid(gridData(1, 1, 64, 64), 1, {
          ...tile,
          properties: [ispe(60_000, 60_000), ...others],
        });
      },
    ],
    [
      'the same megabytes of data for thousands of tiles',
      /^too-many-pixels: .* together/,
      () =>
        withGrid(gridData(64, 64, 4096, 4096), 4096, { ...tile, data: Buffer.alloc(1_000_000) }),
    ],
    [
      'a box that is larger than its parent',
      /^damaged-image: expected a size/,
      () => {
        const inner = Buffer.concat([u32(1000), text('pitm')]);
        return file(inner);
      },
    ],
    [
      'a box of 2^63 bytes',
      /^damaged-image: /,
      () => {
        const inner = Buffer.concat([u32(1), text('pitm'), u32(0x8000_0000, 0)]);
        return file(inner);
      },
    ],
    [
      'a box that is smaller than its header',
      /^damaged-image: expected a size/,
      () => file(Buffer.concat([u32(3), text('pitm'), u32(0)])),
    ],
    ['no primary image', /^damaged-image: expected a primary image/, () => ftyp],
    [
      'a primary image that does not exist',
      /^damaged-image: expected an item 7/,
      () => writeHeif([heic], [], { primary: 7 }),
    ],
    [
      'half of a file',
      /^damaged-image: expected item data up to byte/,
      () => readFixture('heic/phone.heic').subarray(0, 10_000),
    ],
    [
      'an unknown essential property',
      /^unsupported-format: .* essential property iscl/,
      () => {
        const iscl = box('iscl', u32(0, 0, 0));
        const bytes = writeHeif([{ ...heic, properties: [iscl, ...heic.properties] }]);
        // writeHeif marks only properties that it knows: sets the bit of the first.
        const ipmaStart = bytes.indexOf('ipma') + 4;
        bytes[ipmaStart + 11] = 0x81;
        return bytes;
      },
    ],
    [
      'another codec',
      /^unsupported-format: found HEIF with avc1/,
      () => writeHeif([{ ...heic, type: 'avc1' }]),
    ],
    [
      'a sequence whose first frame is outside of the file',
      /^damaged-image: expected a frame/,
      () =>
        writeSequence([{ item: heic, width: 96, height: 64 }], { brand: 'hevc' }).subarray(0, -9),
    ],
  ])('%s', (_name, expected, make) => {
    const { outcome, seconds } = measure(make());
    expect(outcome).toMatch(expected);
    expect(seconds).toBeLessThan(MAX_SECONDS);
  });
});

/** The associations of item 1. */
function ipma(indices: number[]): Buffer {
  return fullBox('ipma', u32(1), u16(1), u8(indices.length, ...indices));
}

test('gives the decoder only the first of thousands of equal properties', () => {
  const repeated = (count: number) => Array<Buffer>(count).fill(fullBox('pixi', u8(3, 8, 8, 8)));
  const own = heic.properties.filter((one) => boxType(one) !== 'pixi');
  const plain = { ...heic, properties: own };
  const item = { ...heic, properties: [...own, ...repeated(5000)] };
  const sequence = writeSequence([{ item, width: 96, height: 64 }], { brand: 'hevc' });
  const grid = { type: 'grid', data: gridData(1, 1, 96, 64), properties: repeated(255) };
  const still = writeHeif([plain, grid], [['dimg', 2, 1]], { primary: 2 });
  for (const bytes of [sequence, still]) {
    const { file } = readHeif(bytes, MAX_PIXELS);
    expect(file.toString('latin1').split('pixi')).toHaveLength(2);
  }
});

test('no failure has a control character of the file', () => {
  const { outcome } = measure(writeHeif([{ ...heic, type: '\x1b[2J' }]));
  expect(outcome).toBe('unsupported-format: found HEIF with ?[2J');
});

test('an EXIF directory that refers to itself never reaches a library', () => {
  // 4,900 entries "Exif IFD", each at the offset of their own directory: 7 seconds of libexif.
  const entry = Buffer.from('698704000100000008000000', 'hex');
  const exif = Buffer.concat([
    Buffer.from('0000000049492a00080000002413', 'hex'),
    ...Array<Buffer>(4900).fill(entry),
  ]);
  const items = [heic, { type: 'Exif', data: exif, properties: [], hidden: true }];
  const bytes = writeHeif(items, [['cdsc', 2, 1]]);
  expect(bytes.includes(entry)).toBe(true);
  expect(readHeif(bytes, MAX_PIXELS).file.includes(entry)).toBe(false);
});

test('time grows with the size of a file, not with its square', () => {
  const grid = (columns: number) =>
    withGrid(gridData(columns, 16, 64 * columns, 1024), 16 * columns);
  const items = (count: number) => {
    const tiles = Array.from({ length: count }, () => ({ ...tile, hidden: true }));
    const ids = tiles.map((_, i) => i + 1);
    const data = gridData(count / 16, 16, 4 * count, 1024);
    return writeHeif([...tiles, derived('grid', data)], [['dimg', count + 1, ...ids]], {
      primary: count + 1,
    });
  };
  for (const bytes of [grid(256), items(4096)]) {
    const { outcome, seconds } = measure(bytes);
    expect(outcome).toBe('read');
    expect(seconds).toBeLessThan(MAX_SECONDS);
  }
});

test('5,000 damaged files are read or refused, each in little time', () => {
  const folder = join(__dirname, '../../../../tests/fixtures/heic');
  const names = readdirSync(folder).filter((name) => name.endsWith('.heic'));
  const bases = [
    ...names
      .map((name) => readFileSync(join(folder, name)))
      .filter(({ length }) => length < 10_000),
    readFixture('avif/three-layers.avif'),
    nestedOverlays(),
    withGrid(gridData(4, 4, 256, 256), 16),
    writeSequence(
      readHeifItems(readFixture('heic/alpha.heic')).map((item, i) => ({
        item,
        width: 96,
        height: 64,
        isAlpha: i === 1,
      })),
    ),
  ];
  const outcomes = new Map<string, number>();
  let slowest = 0;
  for (let round = 0; round < 5000; round++) {
    const { outcome, seconds } = measure(
      damage(bases[round % bases.length] as Buffer, 7, round),
      4_000_000,
    );
    slowest = Math.max(slowest, seconds);
    const code = outcome.split(':', 1)[0] as string;
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
  }
  expect(slowest).toBeLessThan(MAX_SECONDS);
  for (const code of ['read', 'damaged-image', 'too-many-pixels', 'unsupported-format']) {
    expect([code, outcomes.get(code)]).toEqual([code, expect.any(Number)]);
  }
});
