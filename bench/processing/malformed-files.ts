/** Writes images of one color byte by byte: large dimensions or counts in small files. */
import { constants, deflateRawSync } from 'node:zlib';
import { le16, le24, le32, repeat, text, u16, u32 } from './fields.js';
import { ADAM7, chunk, riff, segment, subBlocks } from './file-structure.js';

export interface Frame {
  /** Pixels. */
  width: number;
  height: number;
}

const MEBIBYTE = 2 ** 20;

/** Returns a zlib stream (RFC 1950) of `length` zeros, with a thousandth of that length. */
export function zeros(length: number): Buffer {
  // Ends at a byte boundary and has no back references, so that blocks can be repeated.
  const block = (bytes: number) =>
    deflateRawSync(Buffer.alloc(bytes), { finishFlush: constants.Z_FULL_FLUSH });
  const mebibyte = block(MEBIBYTE);
  const blocks = repeat(mebibyte, Math.floor(length / MEBIBYTE));
  const end = Buffer.from([3, 0]);
  // Adler-32 of zeros: the first sum stays 1, the second sum is the length.
  const adler = u32(((length % 65_521) * 65_536 + 1) >>> 0);
  return Buffer.concat([Buffer.from([0x78, 1]), blocks, block(length % MEBIBYTE), end, adler]);
}

interface Png extends Frame {
  /** Bits per channel. */
  depth: 1 | 2 | 4 | 8 | 16;
  /** IHDR's color types 0, 2 and 6. */
  color: 'gray' | 'rgb' | 'rgba';
  /** Adam7. */
  interlaced?: boolean;
  /** Chunks before the pixels. */
  chunks?: Buffer[];
  /** Replaces the content of IDAT. */
  pixels?: Buffer;
}

const COLORS = { gray: [0, 1], rgb: [2, 3], rgba: [6, 4] } as const;

/** Black pixels; transparent with an alpha channel. */
export function png(options: Png): Buffer {
  const { width, height, depth, color, interlaced = false, chunks = [] } = options;
  const [type, channels] = COLORS[color];
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  let length = 0;
  for (const [x, y, columnStep, rowStep] of passes) {
    const columns = Math.ceil((width - x) / columnStep);
    const rows = Math.ceil((height - y) / rowStep);
    // Each row starts with its filter type, 0: none.
    if (columns > 0) length += rows * (1 + Math.ceil((columns * channels * depth) / 8));
  }
  const ihdr = Buffer.from([depth, type, 0, 0, interlaced ? 1 : 0]);
  return Buffer.concat([
    text('\x89PNG\r\n\x1a\n'),
    chunk('IHDR', u32(width, height), ihdr),
    ...chunks,
    chunk('IDAT', options.pixels ?? zeros(length)),
    chunk('IEND'),
  ]);
}

interface Jpeg extends Frame {
  /** 1: gray, 3: YCbCr, 4: CMYK. */
  components: 1 | 3 | 4;
  /** Chroma at half the width and height: 4:2:0. */
  subsampled?: boolean;
  /** How often the last scan, of the first component, is repeated; the standard allows it. */
  repeats?: number;
  /** Segments before the image. */
  segments?: Buffer[];
}

/** A Huffman table whose only code, 0, means `symbol`: section B.2.4.2. */
const huffmanTable = (id: number, symbol: number) =>
  segment(0xc4, Buffer.from([id, 1, ...Array<number>(15).fill(0), symbol]));

/** EOB14, the longest run of blocks without coefficients: a code of 1 bit and 14 more bits. */
const RUN = { symbol: 0xe0, blocks: 2 ** 14, bits: 15 };

/** A progressive JPEG of one color: every bit of its scans is 0. */
export function progressiveJpeg(options: Jpeg): Buffer {
  const { width, height, components, subsampled = false, repeats = 0 } = options;
  const ids = Array.from({ length: components }, (_, i) => i + 1);
  const factor = subsampled ? 2 : 1;
  const sampling = (id: number) => (id === 1 && subsampled ? 0x22 : 0x11);
  const mcus = Math.ceil(width / 8 / factor) * Math.ceil(height / 8 / factor);
  const blocksOf = (id: number) =>
    id === 1 || !subsampled ? Math.ceil(width / 8) * Math.ceil(height / 8) : mcus;
  const blocksPerMcu = subsampled ? 4 + components - 1 : components;
  const dc = Buffer.alloc(Math.ceil((mcus * blocksPerMcu) / 8));
  const ac = (id: number) =>
    Buffer.alloc(Math.ceil((Math.ceil(blocksOf(id) / RUN.blocks) * RUN.bits) / 8));
  const scan = (componentIds: number[], parameters: number[], data: Buffer) =>
    Buffer.concat([
      segment(
        0xda,
        Buffer.from([componentIds.length, ...componentIds.flatMap((id) => [id, 0]), ...parameters]),
      ),
      data,
    ]);
  const last = scan([1], [1, 63, 0], ac(1));
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...(options.segments ?? []),
    ...(components === 4 ? [segment(0xee, text('Adobe'), u16(100, 0, 0), Buffer.of(0))] : []),
    segment(0xdb, Buffer.from([0, ...Array<number>(64).fill(1)])),
    segment(
      0xc2,
      Buffer.from([8]),
      u16(height, width),
      Buffer.from([components, ...ids.flatMap((id) => [id, sampling(id), 0])]),
    ),
    huffmanTable(0x00, 0),
    huffmanTable(0x10, RUN.symbol),
    scan(ids, [0, 0, 0], dc),
    ...ids.slice(1).map((id) => scan([id], [1, 63, 0], ac(id))),
    repeat(last, 1 + repeats),
    Buffer.from([0xff, 0xd9]),
  ]);
}

interface Gif {
  screen: Frame;
  frame: Frame;
  /** How often the frame is repeated. */
  frames: number;
  /** Extensions before the frames. */
  extensions?: Buffer[];
}

/** A GIF of two colors that uses the first; `screen` is the size that the file claims. */
export function gif({ screen, frame, frames, extensions = [] }: Gif): Buffer {
  const oneFrame = Buffer.concat([
    // Delay: 50 ms.
    Buffer.from([0x21, 0xf9, 4, 0, 5, 0, 0, 0]),
    Buffer.from([0x2c]),
    le16(0, 0, frame.width, frame.height),
    Buffer.from([0, 2]),
    subBlocks(lzw(frame.width * frame.height)),
  ]);
  return Buffer.concat([
    text('GIF89a'),
    le16(screen.width, screen.height),
    Buffer.from([0x80, 0, 0, 200, 30, 30, 30, 30, 200]),
    ...extensions,
    repeat(oneFrame, frames),
    Buffer.from([0x3b]),
  ]);
}

/** LZW data of `pixels` zeros, code size 2: each code is the one that is being defined. */
function lzw(pixels: number): Buffer {
  const [CLEAR, END, FIRST, LAST] = [4, 5, 6, 4095];
  // Once the table is full, a code of 12 bits means 4091 pixels.
  const bytes = Buffer.alloc(Math.ceil(1.5 * (LAST + pixels / 4091)) + 8);
  let written = 0;
  let [pending, bits, size, next] = [0, 0, 3, FIRST];
  const put = (code: number) => {
    pending |= code << bits;
    for (bits += size; bits >= 8; bits -= 8, pending >>>= 8) bytes[written++] = pending & 255;
  };
  put(CLEAR);
  put(0);
  for (let left = pixels - 1; left > 0;) {
    // Code 6 means two pixels, each following code one pixel more.
    const maxLength = Math.min(next, LAST) - FIRST + 2;
    const length = Math.min(left, maxLength);
    put(length === 1 ? 0 : FIRST + length - 2);
    left -= length;
    if (next <= LAST) next++;
    if (next === 1 << size && size < 12) size++;
  }
  put(END);
  if (bits > 0) bytes[written++] = pending & 255;
  return bytes.subarray(0, written);
}

/** RFC 9649 section 3: five prefix codes of one symbol each, so that a pixel takes 0 bits. */
function vp8l({ width, height }: Frame): Buffer {
  const size = (height - 1) * 2 ** 14 + (width - 1);
  // No transform, no color cache, no meta prefix codes; then each code: simple, one symbol of 1 bit, 0.
  const codes = 0b0001_0001_0001_0001_0001_000;
  return riff('VP8L', Buffer.of(0x2f), le32(size, codes));
}

/** A lossless WebP of black pixels. */
export function webp(frame: Frame): Buffer {
  return riff('RIFF', text('WEBP'), vp8l(frame));
}

/** RFC 9649 section 2.7. @param screen the size that the file claims */
export function animatedWebp({ screen, frame, frames }: Omit<Gif, 'extensions'>): Buffer {
  const size = ({ width, height }: Frame) => Buffer.concat([le24(width - 1), le24(height - 1)]);
  const offset = Buffer.alloc(6);
  const oneFrame = riff('ANMF', offset, size(frame), le24(50), Buffer.of(0), vp8l(frame));
  return riff(
    'RIFF',
    text('WEBP'),
    riff('VP8X', Buffer.from([2, 0, 0, 0]), size(screen)),
    riff('ANIM', Buffer.alloc(6)),
    repeat(oneFrame, frames),
  );
}

/** TIFF 6.0, 8 or 16 bits RGBA, deflate, in one strip. */
export function tiff({ width, height, depth }: Frame & { depth: 8 | 16 }): Buffer {
  const pixels = zeros(width * height * 4 * (depth / 8));
  const start = 8;
  const depths = start + pixels.length + (pixels.length % 2);
  // Tag, type (3: 16 bits, 4: 32 bits), count, value or offset of the values.
  const entries = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 4, depths],
    [259, 3, 1, 8 * 65_536],
    [262, 3, 1, 2 * 65_536],
    [273, 4, 1, start],
    [277, 3, 1, 4 * 65_536],
    [278, 4, 1, height],
    [279, 4, 1, pixels.length],
    [338, 3, 1, 2 * 65_536],
  ].map(([tag = 0, type = 0, count = 0, value = 0]) =>
    Buffer.concat([u16(tag, type), u32(count, value)]),
  );
  return Buffer.concat([
    text('MM\0*'),
    u32(depths + 8),
    pixels,
    Buffer.alloc(pixels.length % 2),
    u16(depth, depth, depth, depth),
    u16(entries.length),
    ...entries,
    u32(0),
  ]);
}
