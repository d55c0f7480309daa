/**
 * Renditions of an animated PNG whose still image is not a frame show its first frame, as browsers do, and nothing
 * of the still image.
 */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import {
  animatedPng,
  encodePng,
  eXIf,
  GRAY,
  imageData,
  PALETTE,
  RGB,
  RGBA,
  type PngOptions,
} from '../../bench/conformance/png.js';
import { draw, stripes, type Picture } from '../../bench/conformance/picture.js';
import { repeat, u16, u32 } from '../../bench/processing/fields.js';
import { chunk } from '../../bench/processing/file-structure.js';
import { zeros } from '../../bench/processing/malformed-files.js';
import { ImageFailure } from '../../functions/src/errors.js';
import { processImage } from '../../functions/src/processing/process-image.js';
import { measureCpu } from '../../functions/test/processing/cpu-time.js';
import { damage } from '../../functions/test/processing/fuzz-damage.js';
import { expectEqual, SETTINGS as settings } from './hidden-fixture.js';

const SIZE = { width: 64, height: 48 };
const AREA = { left: 21, top: 11, width: 30, height: 24 };
const part = stripes(AREA.width, AREA.height);
const secret = (level: number) =>
  draw(SIZE.width, SIZE.height, (x) => [level, (7 * x) % 256, 255 - level]);

/** What a frame shows, transparent around it. */
const onCanvas = ({ width, data }: Picture) =>
  draw(SIZE.width, SIZE.height, (x, y) => {
    const [column, row] = [x - AREA.left, y - AREA.top];
    if (column < 0 || row < 0 || column >= width || row >= AREA.height) return [0, 0, 0, 0];
    const [r = 0, g = 0, b = 0, a = 0] = data.subarray(4 * (row * width + column)).subarray(0, 4);
    return [r / 257, g / 257, b / 257, a / 257];
  });

const whole = stripes(SIZE.width, SIZE.height);
const animation = { delay: 100, loop: 0 };
const hidden = (level: number, frames: Picture[], pixels: PngOptions = { colorType: RGBA }) =>
  animatedPng({
    ...{ ...animation, frames, pixels, still: secret(level) },
    ...(frames[0] === part && { at: [AREA.left, AREA.top] }),
  });

/** Expects that a file with a hidden still image shows the same as a PNG of one image. */
async function expectShown(files: Buffer[], expected: Buffer): Promise<void> {
  const result = await processImage(expected, settings);
  for (const bytes of files) expectEqual(await processImage(bytes, settings), result);
}

test('shows the first frame instead of the still image', async () => {
  const files = [10, 200].map((level) => hidden(level, [whole, part]));
  await expectShown(files, encodePng(whole, { colorType: RGBA }));
});

const levels = [0, 85, 170, 255];
test.each<[string, PngOptions, PngOptions]>([
  ['RGBA', { colorType: RGBA }, { colorType: RGBA }],
  ['RGB', { colorType: RGB }, { colorType: RGBA }],
  ['RGB of 16 bits', { bitDepth: 16 }, { bitDepth: 16, colorType: RGBA }],
  ['interlaced RGB', { interlaced: true }, { colorType: RGBA }],
  ['rotated RGB', { chunks: [eXIf(6)] }, { colorType: RGBA, chunks: [eXIf(6)] }],
])('puts a smaller frame on a transparent canvas: %s', async (_name, pixels, wholePixels) => {
  const files = [10, 200].map((level) => hidden(level, [part, part], pixels));
  await expectShown(files, encodePng(onCanvas(part), wholePixels));
});

test.each<[string, PngOptions]>([
  ['gray', { colorType: GRAY }],
  ['gray of 1 bit', { colorType: GRAY, bitDepth: 1 }],
  ['gray with a transparent level', { colorType: GRAY, afterPalette: [chunk('tRNS', u16(76))] }],
  [
    'palette',
    {
      ...{ colorType: PALETTE, bitDepth: 2, indexAt: (x, y) => (x + y) % 4 },
      palette: levels.map((level) => [level, 0, 255 - level] as const),
    },
  ],
])('nothing around a smaller frame is visible: %s', async (_name, pixels) => {
  const files = [10, 200].map((level) => hidden(level, [part, part], pixels));
  const [first, second] = files as [Buffer, Buffer];
  const result = await processImage(first, settings);
  expectEqual(await processImage(second, settings), result);
  expect(result.original).toEqual(SIZE);
  const lossless = { webp: (image: sharp.Sharp) => image.webp({ lossless: true }) };
  const { renditions } = await processImage(
    first,
    { ...settings, formats: ['webp'] },
    lossless as never,
  );
  const { data } = renditions.find(({ width }) => width === SIZE.width) as { data: Buffer };
  const alpha = await sharp(data).ensureAlpha().extractChannel(3).raw().toBuffer();
  const isInside = (i: number) => {
    const [x, y] = [(i % SIZE.width) - AREA.left, Math.floor(i / SIZE.width) - AREA.top];
    return x >= 0 && y >= 0 && x < AREA.width && y < AREA.height;
  };
  expect(alpha.findIndex((value, i) => value > 0 && !isInside(i))).toBe(-1);
  expect(alpha.findIndex((value, i) => value > 0 && isInside(i))).toBeGreaterThan(0);
});

describe('an animation whose still image is a frame, or that browsers ignore, shows the still image', () => {
  const control = (frames: number, plays = 0) => chunk('acTL', u32(frames, plays));
  const damaged = Buffer.from(control(2));
  damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
  const frames = [frameControl(0), fdAT(1, whole)];
  const still = secret(10);
  test.each<[string, Buffer]>([
    ['first frame', animatedPng({ ...animation, frames: [still, whole] })],
    ['no frames', withChunks(still, [control(0)], frames)],
    ['too many frames', withChunks(still, [control(2 ** 31)], frames)],
    ['too many repetitions', withChunks(still, [control(2, 2 ** 31)], frames)],
    ['a longer control', withChunks(still, [chunk('acTL', u32(2, 0, 0))], frames)],
    ['a wrong checksum', withChunks(still, [damaged], frames)],
    ['the control after the image', withChunks(still, [], [control(2), ...frames])],
    ['no control', withChunks(still, [], frames)],
  ])('%s', async (_name, bytes) => {
    await expectShown([bytes], encodePng(still, { colorType: RGBA }));
  });
});

describe('refuses a hidden still image without a first frame', () => {
  const { width, height } = SIZE;
  const data = fdAT(1, whole);
  const outside = 'a frame within 64 x 48';
  const missing = 'the data of the first frame';
  test.each<[string, string, Buffer[]]>([
    ['no frames', missing, []],
    ['no frame control', missing, [fdAT(0, whole)]],
    ['data before the frame control', missing, [fdAT(0, whole), frameControl(1)]],
    ['no data', missing, [frameControl(0)]],
    ['data after the end', missing, [frameControl(0), chunk('IEND'), data]],
    ['image data between', missing, [frameControl(0), chunk('tEXt'), chunk('IDAT'), data]],
    ['a wrong number of the frame', missing, [frameControl(5), fdAT(6, whole)]],
    ['a wrong number of its data', missing, [frameControl(0), fdAT(2, whole)]],
    ['the same number twice', missing, [frameControl(0), fdAT(0, whole)]],
    ['data without a number', missing, [frameControl(0), chunk('fdAT', Buffer.alloc(3))]],
    ['a short frame control', 'a frame control of 26', [chunk('fcTL', u32(0, 64, 48)), data]],
    ['a frame beyond the right edge', outside, [frameControl(0, width, height, 1, 0), data]],
    ['a frame beyond the bottom', outside, [frameControl(0, width, height, 0, 1), data]],
    ['offsets of 4 GiB', outside, [frameControl(0, 1, 1, 2 ** 32 - 1, 2 ** 32 - 1), data]],
    ['a frame without pixels', outside, [frameControl(0, 0, 1), data]],
  ])('%s', async (_name, expected, later) => {
    const bytes = withChunks(secret(10), [chunk('acTL', u32(2, 0))], later);
    await expect(processImage(bytes, settings)).rejects.toThrow(
      new RegExp(`^damaged-image: expected ${expected}`),
    );
  });

  test.each<[string, Buffer]>([
    ['no compressed data', chunk('fdAT', u32(1), Buffer.alloc(100, 'x'))],
    ['too few pixels', chunk('fdAT', u32(1), deflateSync(Buffer.alloc(1000)))],
    ['empty data', chunk('fdAT', u32(1))],
  ])('%s', async (_name, data) => {
    for (const control of [frameControl(0), frameControl(0, 30, 24, 21, 11)]) {
      const bytes = withChunks(secret(10), [chunk('acTL', u32(2, 0))], [control, data]);
      const error: unknown = await processImage(bytes, settings).catch((one: unknown) => one);
      expect(error).toBeInstanceOf(ImageFailure);
      expect((error as ImageFailure).code).toBe('damaged-image');
    }
  });
});

test('damaged files are processed or fail with a code', async () => {
  const small = { ...settings, variants: settings.variants.slice(-1), formats: ['jpeg'] as const };
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 300; round++) {
    const bytes = damage(hidden(10, [round % 2 === 0 ? whole : part]), 3, round);
    const outcome = await processImage(bytes, { ...small, formats: [...small.formats] }).then(
      () => 'ready',
      (error: unknown) => (error instanceof ImageFailure ? error.code : error),
    );
    outcomes.set(String(outcome), (outcomes.get(String(outcome)) ?? 0) + 1);
  }
  const expected = ['ready', 'damaged-image'];
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(expected));
  const codes = [...expected, 'not-an-image', 'too-many-pixels', 'empty-file'];
  expect([...outcomes.keys()].filter((outcome) => !codes.includes(outcome))).toEqual([]);
});

describe('takes little time', () => {
  /** Of the processor; each takes less than 0.5 s on an idle machine. */
  const MAX_SECONDS = 5;
  const million = 1_000_000;
  const empty = (count: number) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => chunk('fdAT', u32(i + 1))));
  test.each<[string, () => Buffer[], boolean]>([
    [
      'a million later frames',
      () => [frameControl(0), fdAT(1, whole), repeat(frameControl(2), million / 2)],
      true,
    ],
    ['a million chunks before the frame', () => [repeat(chunk('tEXt'), million)], false],
    ['a frame of many chunks without data', () => [frameControl(0), empty(million / 4)], false],
  ])(
    '%s',
    async (_name, later, isShown) => {
      const bytes = withChunks(secret(10), [chunk('acTL', u32(million, 0))], later());
      const { result: error, seconds } = await measureCpu(() =>
        processImage(bytes, settings).then(
          () => undefined,
          (one: unknown) => one,
        ),
      );
      expect(error instanceof ImageFailure ? error.code : error).toBe(
        isShown ? undefined : 'damaged-image',
      );
      expect(seconds).toBeLessThan(MAX_SECONDS);
    },
    30_000,
  );

  test('a frame of one pixel on the largest canvas', async () => {
    const [width, height] = [10_000, 5000];
    const bytes = Buffer.concat([
      encodePng(secret(10)).subarray(0, 8),
      chunk('IHDR', u32(width, height), Buffer.of(16, RGBA, 0, 0, 0)),
      chunk('acTL', u32(1, 0)),
      chunk('IDAT', zeros(height * (1 + 8 * width))),
      frameControl(0, 1, 1, width - 1, height - 1),
      chunk('fdAT', u32(1), deflateSync(Buffer.alloc(9))),
      chunk('IEND'),
    ]);
    const { original } = await processImage(bytes, { ...settings, formats: ['webp'] });
    expect(original).toEqual({ width, height });
  }, 60_000);
});

/** An fcTL chunk, section 11.3.6.2. */
function frameControl(
  sequence: number,
  width = SIZE.width,
  height = SIZE.height,
  left = 0,
  top = 0,
) {
  const position = u32(sequence, width, height, left, top);
  return chunk('fcTL', position, u16(100, 1000), Buffer.of(0, 0));
}

function fdAT(sequence: number, picture: Picture): Buffer {
  return chunk('fdAT', u32(sequence), deflateSync(imageData(picture, { colorType: RGBA })));
}

function withChunks(still: Picture, chunks: Buffer[], afterData: Buffer[]): Buffer {
  return encodePng(still, { colorType: RGBA, chunks, afterData });
}
