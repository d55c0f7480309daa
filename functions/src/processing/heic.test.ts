import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Threads from 'node:worker_threads';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import sharp from 'sharp';
import {
  boxType,
  clap,
  gridData,
  ispe,
  readHeifItems,
  writeHeif,
  type HeifItem,
} from '../../test/processing/heif-file.js';
import { ImageFailure } from '../errors.js';
import { runWithConcurrency } from './concurrency.js';
import { decodeHeic, type HeicLimits, type HeicPixels } from './heic.js';

/** The module object itself, for spyOn: an import would be a copy. */
const threads = jest.requireActual<typeof Threads>('node:worker_threads');

/** The compiled worker: Node runs no TypeScript in a thread. `npm test` builds it first. */
const WORKER = join(__dirname, '../../lib/processing/heic-worker.js');

const folder = mkdtempSync(join(tmpdir(), 'heic-'));
symlinkSync(join(__dirname, '../../node_modules'), join(folder, 'node_modules'), 'junction');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a copy of the worker with one text replaced. @returns its path */
function patchWorker(text: string, replacement: string): string {
  const source = readFileSync(WORKER, 'utf8');
  expect(source).toContain(text);
  const file = join(folder, 'patched.js');
  writeFileSync(file, source.replace(text, replacement));
  return file;
}

const LIMITS: HeicLimits = { pixels: 20_000_000, memory: 256 * 2 ** 20, seconds: 30 };
const decode = (bytes: Buffer, limits: Partial<HeicLimits> = {}) =>
  decodeHeic(bytes, { ...LIMITS, ...limits }, { worker: WORKER });

const fixture = (name: string) =>
  readFileSync(join(__dirname, '../../../tests/fixtures/heic', `${name}.heic`));
const photo = join(__dirname, '../../../tests/fixtures/photos/seeding.jpg');
const itemsOf = (name: string) => readHeifItems(fixture(name));
const firstItem = (name: string) => itemsOf(name)[0] as HeifItem;

/** The colors of the corners, row by row from the top left. */
function corners({ width, height, channels, data }: HeicPixels): string {
  const colorAt = (x: number, y: number) => {
    const start = (y * width + x) * channels;
    const bits = [...data.subarray(start, start + 3)].map((value) => (value > 127 ? 1 : 0));
    return COLOR_NAMES[parseInt(bits.join(''), 2)];
  };
  const [right, bottom] = [width - 5, height - 5];
  return [colorAt(4, 4), colorAt(right, 4), colorAt(4, bottom), colorAt(right, bottom)].join(' ');
}
const COLOR_NAMES = 'black blue green cyan red magenta yellow white'.split(' ');
const UPRIGHT = 'red green blue yellow';

const sizeOf = ({ width, height }: { width: number; height: number }) => `${width}x${height}`;

/** @returns the failure code, or `decoded` */
const outcomeOf = (bytes: Buffer, limits: Partial<HeicLimits> = {}) =>
  decode(bytes, limits).then(
    () => 'decoded',
    (error: unknown) => (error instanceof ImageFailure ? error.code : String(error)),
  );

/** corners.heic with additional properties. */
function withProperties(...properties: Buffer[]): Buffer {
  const item = firstItem('corners');
  return writeHeif([{ ...item, properties: [...item.properties, ...properties] }]);
}

/** The first image of a fixture, with other `ispe` boxes. */
function withSize(name: string, ...ispeBoxes: Buffer[]): Buffer {
  const item = firstItem(name);
  const others = item.properties.filter((one) => boxType(one) !== 'ispe');
  return writeHeif([{ ...item, properties: [...others, ...ispeBoxes] }]);
}

/** A grid of four tiles of 64 x 64. */
function grid(data: Buffer, ...properties: Buffer[]): Buffer {
  const tiles = itemsOf('burst').map((item) => ({ ...item, hidden: true }));
  const items = [...tiles, { type: 'grid', data, properties }];
  return writeHeif(items, [['dimg', 5, 1, 2, 3, 4]], { primary: 5 });
}

describe('decodes the file of an encoder', () => {
  test.each([
    ['corners', '96x64', 3, UPRIGHT],
    ['odd', '101x67', 3, UPRIGHT],
    ['ten-bit', '96x64', 3, UPRIGHT],
    ['thumbnail', '96x64', 3, UPRIGHT],
    ['twelve-megapixels', '4000x3000', 3, UPRIGHT],
    // Levels 0, 1/3, 2/3 and 1 of gray.
    ['grey', '96x64', 3, 'black black white white'],
    ['alpha', '96x64', 4, 'red green black yellow'],
  ])('%s', async (name, size, channels, expected) => {
    const pixels = await decode(fixture(name));
    expect([sizeOf(pixels), pixels.channels]).toEqual([size, channels]);
    expect(pixels.data).toHaveLength(pixels.width * pixels.height * channels);
    expect(corners(pixels)).toBe(expected);
  });

  test('with alpha', async () => {
    const { data } = await decode(fixture('alpha'));
    expect([data[3], data[95 * 4 + 3], data[63 * 96 * 4 + 3]]).toEqual([255, 128, 0]);
  });
});

describe('limits', () => {
  const large = fixture('twelve-megapixels');

  test.each<[string, () => Buffer]>([
    ['in the header', () => withSize('corners', ispe(60_000, 60_000))],
    ['in a grid', () => grid(gridData(2, 2, 60_000, 60_000), ispe(60_000, 60_000))],
    ['in a grid with a smaller header', () => grid(gridData(2, 2, 9000, 9000), ispe(128, 128))],
    ['in the HEVC stream only', () => withSize('twelve-megapixels', ispe(96, 64))],
  ])('pixels %s', async (_where, make) => {
    expect(await outcomeOf(make(), { memory: 32 * 2 ** 20 })).toBe('too-many-pixels');
  });

  test('pixels exactly', async () => {
    expect(await outcomeOf(large, { pixels: 11_999_999 })).toBe('too-many-pixels');
    expect(sizeOf(await decode(large, { pixels: 12_000_000 }))).toBe('4000x3000');
  });

  test('the memory of the decoder', async () => {
    expect(await outcomeOf(large, { memory: 20 * 2 ** 20 })).toBe('too-much-memory');
    expect(await outcomeOf(large, { memory: 48 * 2 ** 20 })).toBe('too-much-memory');
    expect(sizeOf(await decode(large, { memory: 128 * 2 ** 20 }))).toBe('4000x3000');
  });

  test('the time of the decoder, and terminates its thread', async () => {
    const started: Threads.Worker[] = [];
    const { Worker } = threads;
    const spied = jest.spyOn(threads, 'Worker').mockImplementation((...args) => {
      const worker = new Worker(...args);
      started.push(worker);
      return worker;
    });
    const endless = patchWorker('const response =', 'for (;;);\nconst response =');
    const decoded = decodeHeic(large, { ...LIMITS, seconds: 1 }, { worker: endless });
    expect(started.map(({ threadId }) => threadId > 0)).toEqual([true]);
    await expect(decoded).rejects.toMatchObject({ code: 'too-slow' });
    // Node's id of a terminated thread.
    expect(started.map(({ threadId }) => threadId)).toEqual([-1]);
    spied.mockRestore();
  });

  test('the imports of the decoder to its memory', async () => {
    const decoded = decodeHeic(large, LIMITS, { worker: patchWorker("['D', 'I']", "['D']") });
    await expect(decoded).rejects.toThrow('damaged-image: the decoder called the import I');
  });
});

describe('fails', () => {
  const selfReference = { type: 'grid', data: gridData(1, 1, 64, 64), properties: [ispe(64, 64)] };
  test.each<[string, string, () => Buffer | Promise<Buffer>]>([
    ['an empty file', 'damaged-image', () => Buffer.alloc(0)],
    ['text', 'damaged-image', () => Buffer.from('a text, which is not a HEIC file')],
    ['no size', 'damaged-image', () => withSize('corners')],
    ['a size of 0', 'damaged-image', () => withSize('corners', ispe(0, 0))],
    ['a size other than the stream’s', 'damaged-image', () => withSize('corners', ispe(48, 32))],
    ['a crop beyond the image', 'damaged-image', () => withProperties(clap(4800, 3200, 0, 0))],
    [
      'no primary image',
      'damaged-image',
      () => writeHeif([firstItem('corners')], [], { primary: 7 }),
    ],
    ['missing tiles', 'damaged-image', () => grid(gridData(9, 9, 99, 99), ispe(99, 99))],
    ['a grid of itself', 'damaged-image', () => writeHeif([selfReference], [['dimg', 1, 1]])],
    [
      'an image sequence',
      'damaged-image',
      () => writeHeif([firstItem('corners')], [], { brand: 'msf1' }),
    ],
    [
      'an AVIF',
      'unsupported-format',
      () => sharp(readFileSync(photo)).resize(64).avif().toBuffer(),
    ],
    ['half a photo', 'damaged-image', () => fixture('phone').subarray(0, 10_000)],
  ])('%s as %s', async (_name, code, make) => {
    expect(await outcomeOf(await make())).toBe(code);
  });

  test('truncated files and files with flipped bits with a known code, within 10 seconds', async () => {
    const files = ['phone', 'alpha', 'corners', 'ten-bit', 'thumbnail'].map(fixture);
    const generator = xoroshiro128plus(1);
    const random = (below: number) => uniformInt(generator, 0, Math.max(1, below) - 1);
    const damagedFiles = Array.from({ length: 60 }, (_, round) => {
      const bytes = Buffer.from(files[round % files.length] as Buffer);
      const length = round % 3 === 0 ? random(bytes.length) : bytes.length;
      for (let flips = random(20); flips > 0; flips--) {
        // Half of the damage is in the boxes at the start, which cause most failures.
        const offset = random(round % 2 === 0 ? 600 : bytes.length) % bytes.length;
        bytes[offset] = (bytes[offset] as number) ^ (1 << random(8));
      }
      return bytes.subarray(0, length);
    });
    const outcomes = await runWithConcurrency(
      2,
      damagedFiles.map((bytes) => () => outcomeOf(bytes, { seconds: 10 })),
    );
    for (const outcome of outcomes) {
      expect(outcome).toMatch(
        /^(decoded|damaged-image|too-many-pixels|too-much-memory|unsupported-format)$/,
      );
    }
    expect(new Set(outcomes).size).toBeGreaterThan(1);
  }, 120_000);

  test('with another error when the decoder cannot start', async () => {
    const bytes = fixture('corners');
    const missing = decodeHeic(bytes, LIMITS, { worker: join(folder, 'none.js') });
    await expect(missing).rejects.toThrow(/^the HEIC decoder crashed$/);
    // Less memory than the decoder has at its start.
    expect(await outcomeOf(bytes, { memory: 2 ** 20 })).toBe('Error: the HEIC decoder crashed');
  });
});
