import sharp from 'sharp';
import { keepGifTransparency } from './gif.js';

const SIZE = 20;

interface TestFrame {
  left?: number;
  size?: number;
  /** Index of each pixel. */
  index?: (pixel: number) => number;
  disposal?: number;
  /** Without a graphic control extension. */
  plain?: boolean;
  transparent?: number;
}

const le16 = (...values: number[]) => Buffer.from(Uint16Array.from(values).buffer);

/** Codes of 9 bits, with a clear code before the decoder would expect 10. */
function compress(indices: number[]): Buffer {
  const codes = indices.flatMap((index, i) => (i % 200 === 0 ? [256, index] : [index]));
  const bits = [...codes, 257].map((code) => code.toString(2).padStart(9, '0')).reverse();
  const text = bits.join('');
  const padded = text.padStart(Math.ceil(text.length / 8) * 8, '0');
  const bytes = (padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)).reverse();
  const blocks: Buffer[] = [];
  for (let i = 0; i < bytes.length; i += 255) {
    const block = bytes.slice(i, i + 255);
    blocks.push(Buffer.of(block.length, ...block));
  }
  return Buffer.concat([Buffer.of(8), ...blocks, Buffer.of(0)]);
}

/** 256 colors; color 0 is red, and the background. */
function gif(frames: TestFrame[]): Buffer {
  const palette = Buffer.alloc(768, 7);
  palette.set([255, 0, 0]);
  return Buffer.concat([
    Buffer.from('GIF89a'),
    le16(SIZE, SIZE),
    Buffer.of(0xf7, 0, 0),
    palette,
    ...frames.flatMap(({ left = 0, size = SIZE, index = () => 0, ...frame }) => {
      const { disposal = 0, plain = false, transparent } = frame;
      const flags = (disposal << 2) | (transparent === undefined ? 0 : 1);
      const control = Buffer.of(0x21, 0xf9, 4, flags, 10, 0, transparent ?? 0, 0);
      return [
        plain ? Buffer.of() : control,
        Buffer.of(0x2c),
        le16(left, left, size, size),
        Buffer.of(0),
        compress(Array.from({ length: size * size }, (_, pixel) => index(pixel))),
      ];
    }),
    Buffer.of(0x3b),
  ]);
}

/** The alpha of a frame at its left upper and its right lower corner; 255 for an image without alpha. */
async function cornersOf(bytes: Buffer, page: number): Promise<number[]> {
  const { data } = await sharp(keepGifTransparency(bytes), { page })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [data[3] as number, data.at(-1) as number];
}

describe('areas that no frame draws are transparent, as browsers show them', () => {
  const small = { left: 15, size: 5 };
  test.each<[string, TestFrame[], number, number[]]>([
    ['a frame smaller than the canvas', [small], 0, [0, 255]],
    ['a small frame without control block', [{ ...small, plain: true }], 0, [0, 255]],
    ['after disposal 2', [{}, { ...small, disposal: 2 }, { size: 5 }], 2, [255, 0]],
    ['after disposal 2 of the first frame', [{ disposal: 2 }, small], 1, [0, 255]],
    ['after disposal 3 of the first frame', [{ disposal: 3 }, small], 1, [0, 255]],
    [
      'disposal 2, beside a transparent frame',
      [{ disposal: 2 }, { ...small, transparent: 9 }],
      1,
      [0, 255],
    ],
    ['a frame with 255 colors', [{ left: 1, size: 19, index: (i) => 1 + (i % 255) }], 0, [0, 255]],
  ])('%s', async (_, frames, page, corners) => {
    await expect(cornersOf(gif(frames), page)).resolves.toEqual(corners);
  });
});

test('does not change colors', async () => {
  const bytes = gif([{ left: 1, size: 19, index: (pixel) => (pixel % 3 === 0 ? 0 : 200) }]);
  const read = (file: Buffer) => sharp(file).removeAlpha().raw().toBuffer();
  expect(await read(keepGifTransparency(bytes))).toEqual(await read(bytes));
});

test.each<[string, TestFrame[]]>([
  ['covers the canvas', [{}, { left: 3, size: 2 }]],
  ['uses all 256 colors', [{ left: 1, size: 19, index: (pixel) => pixel % 256 }]],
])('keeps the bytes of an opaque image that %s', (_, frames) => {
  const bytes = gif(frames);
  expect(keepGifTransparency(bytes)).toBe(bytes);
});

test('keeps a file that is cut short at any byte', () => {
  const bytes = gif([{ left: 15, size: 5 }]);
  for (let length = 6; length < bytes.length - 1; length++) {
    const cut = bytes.subarray(0, length);
    expect(keepGifTransparency(cut)).toBe(cut);
  }
});
