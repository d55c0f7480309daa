/** Writes PNG files of every kind (PNG, third edition: https://www.w3.org/TR/png-3/). */
import { deflateSync } from 'node:zlib';
import { text, u16, u32 } from '../processing/fields.js';
import { ADAM7, chunk, packBits } from '../processing/file-structure.js';
import { exifOrientation, type ByteOrder } from './exif.js';
import type { Picture } from './picture.js';

/** Section 11.2.1, table 8. */
export const GRAY = 0;
export const RGB = 2;
export const PALETTE = 3;
export const GRAY_ALPHA = 4;
export const RGBA = 6;

export interface PngOptions {
  colorType?: typeof GRAY | typeof RGB | typeof PALETTE | typeof GRAY_ALPHA | typeof RGBA;
  bitDepth?: 1 | 2 | 4 | 8 | 16;
  interlaced?: boolean;
  /** Chunks before PLTE. */
  chunks?: Buffer[];
  /** Whole chunks between PLTE and IDAT, such as tRNS. */
  afterPalette?: Buffer[];
  /** Chunks after the image data. */
  afterData?: Buffer[];
  /** Colors by the palette's index; required for PALETTE. */
  palette?: readonly (readonly [number, number, number])[];
  /** Index of a pixel for PALETTE. */
  indexAt?: (x: number, y: number) => number;
  /** After the end. */
  trailer?: Buffer;
  /** Splits the image data into chunks of this many bytes. */
  chunkLength?: number;
}

const SIGNATURE = text('\x89PNG\r\n\x1a\n');

/** Section 11.3.2.2: gamma times 100,000. */
export const gAMA = (value: number) => chunk('gAMA', u32(value));
/** Section 11.3.2.1: x and y of white, red, green and blue. */
export const cHRM = (...xy: number[]) =>
  chunk('cHRM', u32(...xy.map((one) => Math.round(one * 1e5))));
export const sRGB = (intent = 0) => chunk('sRGB', Buffer.of(intent));
/** Section 11.3.2.6: primaries, transfer function, matrix, full range; ITU-T H.273. */
export const cICP = (primaries: number, transfer: number, matrix = 0, range = 1) =>
  chunk('cICP', Buffer.of(primaries, transfer, matrix, range));
export const iCCP = (profile: Buffer) => chunk('iCCP', text('icc\0\0'), deflateSync(profile));
export const eXIf = (orientation: number, order?: ByteOrder) =>
  chunk('eXIf', exifOrientation(orientation, order));

export function encodePng(picture: Picture, options: PngOptions = {}): Buffer {
  const {
    colorType = RGB,
    bitDepth = 8,
    interlaced = false,
    palette,
    chunkLength = 2 ** 20,
  } = options;
  const data = deflateSync(imageData(picture, options));
  const idat: Buffer[] = [];
  for (let from = 0; from < data.length; from += chunkLength) {
    idat.push(chunk('IDAT', data.subarray(from, from + chunkLength)));
  }
  return Buffer.concat([
    SIGNATURE,
    chunk(
      'IHDR',
      u32(picture.width, picture.height),
      Buffer.of(bitDepth, colorType, 0, 0, interlaced ? 1 : 0),
    ),
    ...(options.chunks ?? []),
    ...(palette ? [chunk('PLTE', Buffer.from(palette.flat()))] : []),
    ...(options.afterPalette ?? []),
    ...idat,
    ...(options.afterData ?? []),
    chunk('IEND'),
    ...(options.trailer ? [options.trailer] : []),
  ]);
}

/**
 * An APNG, section 11.3.6.
 * @param options.delay milliseconds
 * @param options.still the image for programs without animation, which is no frame; absent: the first frame
 * @param options.at where all frames are on the still image, pixels
 * @param options.pixels how all images are encoded
 */
export function animatedPng(options: {
  frames: readonly Picture[];
  delay: number;
  loop: number;
  still?: Picture;
  at?: readonly [left: number, top: number];
  pixels?: PngOptions;
}): Buffer {
  const { frames, delay, loop, still, at = [0, 0], pixels = { colorType: RGBA } } = options;
  const { width, height } = frames[0] as Picture;
  let sequence = 0;
  const control = () =>
    // A delay in milliseconds, then: keep the frame, replace what is below it.
    chunk('fcTL', u32(sequence++, width, height, ...at), u16(delay, 1000), Buffer.of(0, 0));
  const first = control();
  const data = (picture: Picture) => deflateSync(imageData(picture, pixels));
  const shown = still === undefined ? frames.slice(1) : frames;
  const later = shown.map((frame, i) => {
    const head = i === 0 && still !== undefined ? first : control();
    return Buffer.concat([head, chunk('fdAT', u32(sequence++), data(frame))]);
  });
  return encodePng(still ?? (frames[0] as Picture), {
    ...pixels,
    chunks: [
      chunk('acTL', u32(frames.length, loop)),
      ...(still ? [] : [first]),
      ...(pixels.chunks ?? []),
    ],
    afterData: later,
  });
}

/** Section 7.2 and 9: rows of packed samples, each after its filter type. */
export function imageData(picture: Picture, options: PngOptions): Buffer {
  const { width, height } = picture;
  const { bitDepth = 8 } = options;
  const passes = options.interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  const rows: Buffer[] = [];
  for (const [left, top, stepX, stepY] of passes) {
    if (left >= width) continue;
    for (let y = top; y < height; y += stepY) {
      const samples: number[] = [];
      for (let x = left; x < width; x += stepX) samples.push(...samplesAt(picture, options, x, y));
      rows.push(Buffer.of(0), bitDepth === 16 ? u16(...samples) : packBits(samples, bitDepth));
    }
  }
  return Buffer.concat(rows);
}

function samplesAt({ width, data }: Picture, options: PngOptions, x: number, y: number): number[] {
  const { colorType = RGB, bitDepth = 8, indexAt } = options;
  if (colorType === PALETTE) return [indexAt?.(x, y) ?? 0];
  const at = (y * width + x) * 4;
  const [r = 0, g = 0, b = 0, a = 0] = data.subarray(at, at + 4);
  const gray = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const channels = {
    [GRAY]: [gray],
    [RGB]: [r, g, b],
    [GRAY_ALPHA]: [gray, a],
    [RGBA]: [r, g, b, a],
  };
  const highest = 2 ** bitDepth - 1;
  return channels[colorType].map((level) => Math.round((level / 65_535) * highest));
}
