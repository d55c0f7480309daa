/** Writes GIF files (GIF89a specification) with offset frames, local palettes and any disposal. */
import { le16, text } from '../processing/fields.js';
import { subBlocks } from '../processing/file-structure.js';

export type GifColor = readonly [r: number, g: number, b: number];

export interface GifFrame {
  left?: number;
  top?: number;
  width: number;
  height: number;
  /** Index of a pixel in the palette. */
  indexAt: (x: number, y: number) => number;
  /** Hundredths of a second. */
  delay?: number;
  /** 0: unspecified, 1: keep, 2: restore to background, 3: restore to previous (section 23). */
  disposal?: 0 | 1 | 2 | 3;
  transparent?: number;
  palette?: readonly GifColor[];
  interlaced?: boolean;
}

export interface GifOptions {
  width: number;
  height: number;
  palette?: readonly GifColor[];
  background?: number;
  /** NETSCAPE2.0: 0 is for ever; absent: no extension. */
  loop?: number;
  frames: readonly GifFrame[];
  version?: '87a' | '89a';
  /** Extension blocks before the first frame. */
  extensions?: Buffer[];
  /** Without the trailer. */
  unfinished?: boolean;
}

/** The number of bits for an index: tables have 2, 4, 8 … 256 colors. */
const bitsOf = (palette: readonly GifColor[]) => Math.max(1, Math.ceil(Math.log2(palette.length)));

function table(palette: readonly GifColor[]): Buffer {
  const bytes = Buffer.alloc(3 * 2 ** bitsOf(palette));
  bytes.set(palette.flat());
  return bytes;
}

export function encodeGif(options: GifOptions): Buffer {
  const { width, height, palette, background = 0, loop, frames, version = '89a' } = options;
  const flags = palette ? 0x80 | (bitsOf(palette) - 1) : 0;
  return Buffer.concat([
    text(`GIF${version}`),
    le16(width, height),
    Buffer.of(flags, background, 0),
    ...(palette ? [table(palette)] : []),
    ...(loop === undefined
      ? []
      : [
          Buffer.of(0x21, 0xff, 11),
          text('NETSCAPE2.0'),
          subBlocks(Buffer.concat([Buffer.of(1), le16(loop)])),
        ]),
    ...(options.extensions ?? []),
    ...frames.map((frame) => encodeFrame(frame, frame.palette ?? palette ?? [], version)),
    ...(options.unfinished ? [] : [Buffer.of(0x3b)]),
  ]);
}

function encodeFrame(frame: GifFrame, palette: readonly GifColor[], version: string): Buffer {
  const { left = 0, top = 0, width, height, delay = 0, disposal = 0, transparent } = frame;
  const control = Buffer.concat([
    Buffer.of(0x21, 0xf9, 4, (disposal << 2) | (transparent === undefined ? 0 : 1)),
    le16(delay),
    Buffer.of(transparent ?? 0, 0),
  ]);
  const local = frame.palette ? 0x80 | (bitsOf(frame.palette) - 1) : 0;
  const codeSize = Math.max(2, bitsOf(palette));
  return Buffer.concat([
    ...(version === '87a' ? [] : [control]),
    Buffer.of(0x2c),
    le16(left, top, width, height),
    Buffer.of(local | (frame.interlaced ? 0x40 : 0)),
    ...(frame.palette ? [table(frame.palette)] : []),
    Buffer.of(codeSize),
    subBlocks(lzw(indices(frame), codeSize)),
  ]);
}

/** Appendix E: rows 0, 8, 16 …, then 4, 12 …, then 2, 6 …, then the odd ones. */
function indices({ width, height, indexAt, interlaced }: GifFrame): number[] {
  const rows = Array.from({ length: height }, (_, y) => y);
  const passOf = (y: number) => (y % 8 === 0 ? 0 : y % 8 === 4 ? 1 : y % 4 === 2 ? 2 : 3);
  if (interlaced) rows.sort((a, b) => passOf(a) - passOf(b) || a - b);
  return rows.flatMap((y) => Array.from({ length: width }, (_, x) => indexAt(x, y)));
}

/** Appendix F. */
function lzw(values: readonly number[], codeSize: number): Buffer {
  const clear = 2 ** codeSize;
  const bytes: number[] = [];
  let bits = 0;
  let used = 0;
  let width = codeSize + 1;
  let codes = new Map<string, number>();
  let next = clear + 2;
  const write = (code: number) => {
    bits |= code << used;
    for (used += width; used >= 8; used -= 8) {
      bytes.push(bits & 255);
      bits >>>= 8;
    }
  };
  const codeOf = (key: string) => codes.get(key) ?? Number(key);
  write(clear);
  let current = String(values[0]);
  for (const value of values.slice(1)) {
    const longer = `${current},${value}`;
    if (codes.has(longer)) {
      current = longer;
      continue;
    }
    write(codeOf(current));
    codes.set(longer, next++);
    if (next - 1 === 2 ** width && width < 12) width++;
    if (next > 4095) {
      write(clear);
      codes = new Map();
      next = clear + 2;
      width = codeSize + 1;
    }
    current = String(value);
  }
  write(codeOf(current));
  write(clear + 1);
  if (used > 0) bytes.push(bits & 255);
  return Buffer.from(bytes);
}
