// Over 400 lines: one decoder, tried from every side, with the boxes of its files built by hand.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type * as Threads from 'node:worker_threads';
import { ImageFailure } from '../errors.js';
import { decodeHeic, type HeicLimits, type HeicPixels } from './heic.js';

/** The module itself: an import would be a copy of it. */
const threads = jest.requireActual<typeof Threads>('node:worker_threads');

/** A HEIF item as a test puts it together: its bytes, and its properties, each a whole box. */
interface Item {
  type: string;
  data: Buffer;
  properties: Buffer[];
  /** Not to be shown by itself. */
  hidden?: boolean;
}
type Reference = [type: string, from: number, ...to: number[]];

const u8 = (...values: number[]) => Buffer.from(values);
const u16 = (...values: number[]) => Buffer.concat(values.map((v) => u8(v >> 8, v & 255)));
const u32 = (...values: number[]) =>
  Buffer.concat(values.map((v) => u16(Math.floor(v / 65_536), v % 65_536)));
const text = (value: string) => Buffer.from(value, 'latin1');

/** ISO/IEC 14496-12 section 4.2: size, type, contents. */
function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(8 + body.length), text(type), body]);
}
/** With a version and flags, both 0. */
const full = (type: string, ...parts: Buffer[]) => box(type, u32(0), ...parts);

const ispe = (width: number, height: number) => full('ispe', u32(width, height));
const irot = (quarters: number) => box('irot', u8(quarters));
const imir = (axis: number) => box('imir', u8(axis));
const prof = (icc: Buffer) => box('colr', text('prof'), icc);
const nclx = (p: number, t: number, m: number, full: boolean) =>
  box('colr', text('nclx'), u16(p, t, m), u8(full ? 128 : 0));
const auxC = (urn: string) => full('auxC', text(`${urn}\0`));
/** Sizes are in pixels; x and y, from centre to centre, in halves. */
const clap = (w: number, h: number, x: number, y: number) =>
  box('clap', u32(w, 1, h, 1, x, 2, y, 2));
const gridData = (columns: number, rows: number, width: number, height: number) =>
  Buffer.concat([u8(0, 1, rows - 1, columns - 1), u32(width, height)]);

const nameOf = (one: Buffer) => one.toString('latin1', 4, 8);

/** The boxes within a box whose own fields end at `start`. */
function boxes(bytes: Buffer, start: number): Buffer[] {
  if (start + 8 > bytes.length) return [];
  const end = start + bytes.readUInt32BE(start);
  return [bytes.subarray(start, end), ...boxes(bytes, end)];
}
const named = (bytes: Buffer, start: number, name: string) =>
  boxes(bytes, start).find((one) => nameOf(one) === name) as Buffer;

/** Takes the items out of a file as heif-enc 1.15 writes it: each with properties and one extent. */
function itemsOf(file: Buffer): Item[] {
  const meta = named(file, 0, 'meta');
  const iprp = named(meta, 12, 'iprp');
  const ipco = boxes(named(iprp, 8, 'ipco'), 8);
  const iloc = named(meta, 12, 'iloc');
  let ipma = named(iprp, 8, 'ipma').subarray(16);
  return boxes(named(meta, 12, 'iinf'), 14).map((infe, i) => {
    const end = 3 + (ipma[2] as number);
    const properties = [...ipma.subarray(3, end)].map((one) => ipco[(one & 127) - 1] as Buffer);
    ipma = ipma.subarray(end);
    const entry = iloc.subarray(16 + 18 * i);
    const from = entry.readUInt32BE(4) + entry.readUInt32BE(10);
    const data = file.subarray(from, from + entry.readUInt32BE(14));
    return { type: infe.toString('latin1', 16, 20), data, properties };
  });
}

/** Puts items into a file, ISO/IEC 23008-12; item IDs count from 1, the first is the primary one. */
function heif(
  items: Item[],
  references: Reference[] = [],
  { brand = 'heic', primary = 1 } = {},
): Buffer {
  const ftyp = box('ftyp', text(brand), u32(0), text(`mif1${brand}`));
  // Each once, however many items have it: an index has 7 bits.
  const properties = [...new Set(items.flatMap((item) => item.properties))];
  const ipma = items.map((item, i) => {
    const indices = item.properties.map((one) => {
      const isEssential = ['hvcC', 'irot', 'imir', 'clap'].includes(nameOf(one));
      return properties.indexOf(one) + 1 + (isEssential ? 128 : 0);
    });
    return Buffer.concat([u16(i + 1), u8(indices.length, ...indices)]);
  });
  const infe = items.map(({ type, hidden }, i) =>
    box('infe', u8(2, 0, 0, hidden ? 1 : 0), u16(i + 1, 0), text(`${type}\0`)),
  );
  const iref = references.map(([type, from, ...to]) => box(type, u16(from, to.length, ...to)));
  const meta = (start: number) => {
    let at = start;
    const iloc = items.map(({ data }, i) => {
      at += data.length;
      return Buffer.concat([u16(i + 1, 0, 1), u32(at - data.length, data.length)]);
    });
    const boxes = [
      full('hdlr', u32(0), text('pict'), u32(0, 0, 0), u8(0)),
      full('pitm', u16(primary)),
      full('iloc', u8(0x44, 0), u16(items.length), ...iloc),
      full('iinf', u16(items.length), ...infe),
      box('iprp', box('ipco', ...properties), full('ipma', u32(items.length), ...ipma)),
    ];
    return full('meta', ...boxes, ...(iref.length > 0 ? [full('iref', ...iref)] : []));
  };
  const start = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(start), box('mdat', ...items.map(({ data }) => data))]);
}

const folder = mkdtempSync(join(tmpdir(), 'heic-'));
symlinkSync(join(__dirname, '../../node_modules'), join(folder, 'node_modules'), 'junction');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Node runs no TypeScript in a thread: the worker as the build makes it. */
function compile(): string {
  const off = '--noCheck --composite false --incremental false --declaration false'.split(' ');
  const project = ['-p', join(__dirname, '../..'), '--outDir', folder];
  const args = [require.resolve('typescript/bin/tsc'), ...project, ...off];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  return join(folder, 'processing', 'heic-worker.js');
}
const worker = compile();

/** Another worker, with a text replaced. */
function changed(text: string, by: string): string {
  const source = readFileSync(worker, 'utf8');
  expect(source).toContain(text);
  const file = join(folder, 'processing', 'changed.js');
  writeFileSync(file, source.replace(text, by));
  return file;
}

const LIMITS: HeicLimits = { pixels: 20_000_000, memory: 256 * 2 ** 20, seconds: 30 };
const decode = (bytes: Buffer, limits: Partial<HeicLimits> = {}) =>
  decodeHeic(bytes, { ...LIMITS, ...limits }, worker);

const fixture = (name: string) =>
  readFileSync(join(__dirname, '../../../tests/fixtures/heic', `${name}.heic`));
const photo = join(__dirname, '../../../tests/fixtures/photos/seeding.jpg');
const itemsIn = (name: string) => itemsOf(fixture(name));
const firstOf = (name: string) => itemsIn(name)[0] as Item;

/** The colours that the corners have, from the upper left one on, row by row. */
function corners({ width, height, channels, data }: HeicPixels): string {
  const at = (x: number, y: number) => {
    const start = (y * width + x) * channels;
    const bits = [...data.subarray(start, start + 3)].map((value) => (value > 127 ? 1 : 0));
    return NAMES[parseInt(bits.join(''), 2)];
  };
  const [right, bottom] = [width - 5, height - 5];
  return [at(4, 4), at(right, 4), at(4, bottom), at(right, bottom)].join(' ');
}
const NAMES = 'black blue green cyan red magenta yellow white'.split(' ');
const UPRIGHT = 'red green blue yellow';

const sizeOf = ({ width, height }: { width: number; height: number }) => `${width}x${height}`;

const failureOf = (bytes: Buffer, limits: Partial<HeicLimits> = {}) =>
  decode(bytes, limits).then(
    () => 'a picture',
    (error: unknown) => (error instanceof ImageFailure ? error.code : String(error)),
  );

/** The picture of corners.heic with more properties. */
function withProperties(...more: Buffer[]): Buffer {
  const item = firstOf('corners');
  return heif([{ ...item, properties: [...item.properties, ...more] }]);
}

/** The same with another `ispe`. */
function sized(name: string, ...ispes: Buffer[]): Buffer {
  const item = firstOf(name);
  const others = item.properties.filter((one) => nameOf(one) !== 'ispe');
  return heif([{ ...item, properties: [...others, ...ispes] }]);
}

/** Four tiles of 64 x 64 as one picture. */
function grid(data: Buffer, ...properties: Buffer[]): Buffer {
  const tiles = itemsIn('burst').map((item) => ({ ...item, hidden: true }));
  const items = [...tiles, { type: 'grid', data, properties }];
  return heif(items, [['dimg', 5, 1, 2, 3, 4]], { primary: 5 });
}

describe('what an encoder wrote', () => {
  test.each([
    ['corners', '96x64', 3, UPRIGHT],
    ['odd', '101x67', 3, UPRIGHT],
    ['ten-bit', '96x64', 3, UPRIGHT],
    ['thumbnail', '96x64', 3, UPRIGHT],
    ['twelve-megapixels', '4000x3000', 3, UPRIGHT],
    // Its two in the middle are 1/3 and 2/3 grey.
    ['grey', '96x64', 3, 'black black white white'],
    ['alpha', '96x64', 4, 'red green black yellow'],
  ])('%s', async (name, size, channels, expected) => {
    const pixels = await decode(fixture(name));
    expect([sizeOf(pixels), pixels.channels]).toEqual([size, channels]);
    expect(pixels.data).toHaveLength(pixels.width * pixels.height * channels);
    expect(corners(pixels)).toBe(expected);
    expect([pixels.profile, pixels.primaries]).toEqual([undefined, undefined]);
  });

  test('alpha is kept', async () => {
    const { data } = await decode(fixture('alpha'));
    expect([data[3], data[95 * 4 + 3], data[63 * 96 * 4 + 3]]).toEqual([255, 128, 0]);
  });

  test('alpha that was multiplied in is taken out', async () => {
    const auxl: Reference = ['auxl', 2, 1];
    const straight = (await decode(heif(itemsIn('alpha'), [auxl]))).data;
    const divided = (await decode(heif(itemsIn('alpha'), [auxl, ['prem', 1, 2]]))).data;
    const out = (value: number, i: number) => {
      const alpha = i % 4 === 3 ? 255 : (straight[i | 3] as number) || 255;
      return Math.min(255, Math.round((value * 255) / alpha));
    };
    expect(divided).toEqual(straight.map(out));
    expect(divided).not.toEqual(straight);
  });
});

// Turns are against the clock; ISO/IEC 23008-12 sections 6.5.10 and 6.5.12: axis 0 exchanges top and
// bottom, 1 left and right. They follow one another in the order in which the item names them.
describe('orientation', () => {
  test.each<[string, Buffer[], string, string]>([
    ['irot 0', [irot(0)], '96x64', UPRIGHT],
    ['irot 1', [irot(1)], '64x96', 'green yellow red blue'],
    ['irot 2', [irot(2)], '96x64', 'yellow blue green red'],
    ['irot 3', [irot(3)], '64x96', 'blue red yellow green'],
    ['imir 0', [imir(0)], '96x64', 'blue yellow red green'],
    ['imir 1', [imir(1)], '96x64', 'green red yellow blue'],
    ['irot 1, imir 0', [irot(1), imir(0)], '64x96', 'red blue green yellow'],
    ['imir 0, irot 1', [imir(0), irot(1)], '64x96', 'yellow green blue red'],
  ])('%s', async (_what, properties, size, expected) => {
    const pixels = await decode(withProperties(...properties));
    expect([sizeOf(pixels), corners(pixels)]).toEqual([size, expected]);
    const { autoOrient } = await sharp(withProperties(...properties)).metadata();
    expect(sizeOf(autoOrient)).toBe(size);
  });

  test('an EXIF orientation has no say', async () => {
    const bytes = fixture('exif-6');
    expect(bytes.includes('Exif')).toBe(true);
    // Stored lying: that is how the boxes want it shown.
    const pixels = await decode(bytes);
    expect([sizeOf(pixels), corners(pixels)]).toEqual(['64x96', 'green yellow red blue']);
  });

  test('clap crops before irot turns', async () => {
    const pixels = await decode(withProperties(clap(48, 64, -48, 0), irot(3)));
    expect([sizeOf(pixels), corners(pixels)]).toEqual(['64x48', 'blue red blue red']);
  });
});

describe('several images in one file', () => {
  test('the first of a burst, or the one that is named', async () => {
    const colours = ['red red red red', 'blue blue blue blue'];
    expect(corners(await decode(fixture('burst')))).toBe(colours[0]);
    expect(corners(await decode(heif(itemsIn('burst'), [], { primary: 3 })))).toBe(colours[1]);
  });

  test('a thumbnail that comes first and a depth map are not taken for it', async () => {
    const depth = firstOf('grey');
    const properties = [...depth.properties, auxC('urn:mpeg:hevc:2015:auxid:2')];
    const items = [firstOf('burst'), firstOf('corners'), { ...depth, properties, hidden: true }];
    const references: Reference[] = [
      ['thmb', 1, 2],
      ['auxl', 3, 2],
    ];
    const pixels = await decode(heif(items, references, { primary: 2 }));
    expect([corners(pixels), pixels.channels]).toEqual([UPRIGHT, 3]);
  });

  test('tiles become one picture, cropped and turned', async () => {
    const pixels = await decode(grid(gridData(2, 2, 120, 100), ispe(120, 100), irot(3)));
    expect([sizeOf(pixels), corners(pixels)]).toEqual(['100x120', 'blue red yellow green']);
  });

  test('a photo as a phone writes it: tiles, turned, in Display P3, with all that lies beside', async () => {
    const sized = sharp(photo).resize(1000, 700, { fit: 'fill' });
    const reference = await sized.withIccProfile('p3').png().toBuffer();
    const expected = await sharp(reference, { ignoreIcc: true }).rotate(90).raw().toBuffer();
    const { data, profile, ...rest } = await decode(fixture('phone'));
    expect(rest).toEqual({ width: 700, height: 1000, channels: 3 });
    expect(profile).toEqual((await sharp(reference).metadata()).icc);
    let sum = 0;
    expected.forEach((value, i) => (sum += Math.abs(value - (data[i] as number))));
    expect(sum / expected.length).toBeLessThan(5);
  });
});

describe('colour', () => {
  const icc = Buffer.from('any profile: it is not looked into');
  const p3 = nclx(12, 13, 6, true);
  test.each<[string, Buffer[], Pick<HeicPixels, 'profile' | 'primaries'>]>([
    ['a profile', [prof(icc)], { profile: icc }],
    ['numbers', [p3], { primaries: 12 }],
    ['both: the profile', [p3, prof(icc)], { profile: icc }],
    ['neither', [], {}],
  ])('%s', async (_what, properties, expected) => {
    const { profile, primaries, data } = await decode(withProperties(...properties));
    expect({ ...(profile && { profile }), ...(primaries && { primaries }) }).toEqual(expected);
    // Named, not applied: full red of the file is full red here.
    expect([...data.subarray(0, 3)]).toEqual([254, 0, 0]);
  });
});

describe('limits', () => {
  const large = fixture('twelve-megapixels');

  test.each<[string, () => Buffer]>([
    ['the header', () => sized('corners', ispe(60_000, 60_000))],
    ['a grid', () => grid(gridData(2, 2, 60_000, 60_000), ispe(60_000, 60_000))],
    ['a grid whose header hides it', () => grid(gridData(2, 2, 9000, 9000), ispe(128, 128))],
    ['the HEVC stream only', () => sized('twelve-megapixels', ispe(96, 64))],
  ])('too many pixels in %s', async (_where, make) => {
    expect(await failureOf(make(), { memory: 32 * 2 ** 20 })).toBe('too-many-pixels');
  });

  test('pixels are counted exactly', async () => {
    expect(await failureOf(large, { pixels: 11_999_999 })).toBe('too-many-pixels');
    expect(sizeOf(await decode(large, { pixels: 12_000_000 }))).toBe('4000x3000');
  });

  test('the decoder’s memory is bounded', async () => {
    expect(await failureOf(large, { memory: 20 * 2 ** 20 })).toBe('too-much-memory');
    expect(await failureOf(large, { memory: 48 * 2 ** 20 })).toBe('too-much-memory');
    expect(sizeOf(await decode(large, { memory: 128 * 2 ** 20 }))).toBe('4000x3000');
  });

  test('its time is bounded: the thread ends', async () => {
    const started: Threads.Worker[] = [];
    const { Worker } = threads;
    const spied = jest.spyOn(threads, 'Worker').mockImplementation((...given) => {
      const worker = new Worker(...given);
      started.push(worker);
      return worker;
    });
    const endless = changed('const answer =', 'for (;;);\nconst answer =');
    const decoded = decodeHeic(large, { ...LIMITS, seconds: 2 }, endless);
    expect(started.map(({ threadId }) => threadId > 0)).toEqual([true]);
    await expect(decoded).rejects.toMatchObject({ code: 'too-slow' });
    // What Node says of a thread that is no more.
    expect(started.map(({ threadId }) => threadId)).toEqual([-1]);
    spied.mockRestore();
  });

  test('its reach is bounded: it calls what ends at its memory', async () => {
    const decoded = decodeHeic(large, LIMITS, changed("['D', 'I']", "['D']"));
    await expect(decoded).rejects.toThrow('damaged-image: the decoder called I');
  });
});

describe('bad files end with a code', () => {
  const whole = { type: 'grid', data: gridData(1, 1, 64, 64), properties: [ispe(64, 64)] };
  test.each<[string, string, () => Buffer | Promise<Buffer>]>([
    ['nothing', 'damaged-image', () => Buffer.alloc(0)],
    ['text', 'damaged-image', () => Buffer.from('hello, I am a HEIC, am I not?')],
    ['no size', 'damaged-image', () => sized('corners')],
    ['a size of 0', 'damaged-image', () => sized('corners', ispe(0, 0))],
    ['a size that is not the stream’s', 'damaged-image', () => sized('corners', ispe(48, 32))],
    ['a crop to more', 'damaged-image', () => withProperties(clap(4800, 3200, 0, 0))],
    ['no primary image', 'damaged-image', () => heif([firstOf('corners')], [], { primary: 7 })],
    ['fewer tiles than it says', 'damaged-image', () => grid(gridData(9, 9, 99, 99), ispe(99, 99))],
    ['an image of itself', 'damaged-image', () => heif([whole], [['dimg', 1, 1]])],
    ['a film', 'damaged-image', () => heif([firstOf('corners')], [], { brand: 'msf1' })],
    ['an AVIF', 'unsupported-format', () => sharp(photo).resize(64).avif().toBuffer()],
    ['half a photo', 'damaged-image', () => fixture('phone').subarray(0, 10_000)],
  ])('%s: %s', async (_what, code, make) => {
    expect(await failureOf(await make())).toBe(code);
  });

  test('files cut short and with wrong bits are pictures or failures, and soon', async () => {
    const files = ['phone', 'alpha', 'corners', 'ten-bit', 'thumbnail'].map(fixture);
    // The same numbers every time: a linear congruence.
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(files[round % files.length] as Buffer);
      const cut = round % 3 === 0 ? random(bytes.length) : bytes.length;
      for (let flips = random(20); flips > 0; flips--) {
        // Most of what can go wrong is in the boxes at the start.
        const at = random(round % 2 === 0 ? 600 : bytes.length) % bytes.length;
        bytes[at] = (bytes[at] as number) ^ (1 << random(8));
      }
      expect(await failureOf(bytes.subarray(0, cut), { seconds: 10 })).toMatch(
        /^(a picture|damaged-image|too-many-pixels|too-much-memory|unsupported-format)$/,
      );
    }
  }, 120_000);

  test('a decoder that can’t start is nobody’s picture’s fault', async () => {
    const bytes = fixture('corners');
    const gone = decodeHeic(bytes, LIMITS, join(folder, 'none.js'));
    await expect(gone).rejects.toThrow(/^the HEIC decoder broke$/);
    // Less than what it starts with.
    expect(await failureOf(bytes, { memory: 2 ** 20 })).toBe('Error: the HEIC decoder broke');
  });
});
