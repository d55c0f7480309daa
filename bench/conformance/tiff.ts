/** Writes uncompressed TIFF files (TIFF 6.0) of any photometric interpretation and bit depth. */
import { packBits } from '../processing/file-structure.js';
import { le16, le32, u16, u32 } from '../processing/fields.js';

interface Size {
  width: number;
  height: number;
}

export interface TiffOptions {
  bigEndian?: boolean;
  /** Section 8: 0 and 1 are gray, 2 is RGB, 3 a palette, 5 CMYK. */
  photometric: 0 | 1 | 2 | 3 | 5;
  /** Bits per sample. */
  bits: 1 | 4 | 8 | 16 | 32;
  /** Samples of a pixel, each 0 to 1; an index for a palette. */
  samplesAt: (x: number, y: number) => readonly number[];
  /** Section 18, ExtraSamples: 1 is premultiplied alpha, 2 is alpha. */
  extra?: 0 | 1 | 2;
  /** 3: IEEE floating point, with 32 bits. */
  format?: 1 | 3;
  planar?: 1 | 2;
  orientation?: number;
  palette?: readonly (readonly [number, number, number])[];
  profile?: Buffer;
}

/** Section 2: the types of fields used here. */
const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;

type Field = readonly [tag: number, type: number, values: readonly number[] | Buffer];

export function encodeTiff({ width, height }: Size, options: TiffOptions): Buffer {
  const { bigEndian = false, photometric, bits, planar = 1, format = 1 } = options;
  const order = ORDERS[bigEndian ? 'MM' : 'II'];
  const data = stripOf(width, height, options, order);
  const channels = options.samplesAt(0, 0).length;
  const fields: Field[] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, Array<number>(channels).fill(bits)],
    [259, SHORT, [1]],
    [262, SHORT, [photometric]],
    [273, LONG, data.map((_, i) => 8 + data.slice(0, i).reduce((sum, one) => sum + one.length, 0))],
    [274, SHORT, [options.orientation ?? 1]],
    [277, SHORT, [channels]],
    [278, LONG, [height]],
    [279, LONG, data.map((one) => one.length)],
    [284, SHORT, [planar]],
    ...(options.palette ? [[320, SHORT, colorMap(options.palette, bits)] as const] : []),
    ...(options.extra === undefined ? [] : [[338, SHORT, [options.extra]] as const]),
    ...(format === 3 ? [[339, SHORT, Array<number>(channels).fill(3)] as const] : []),
    ...(options.profile ? [[34675, UNDEFINED, options.profile] as const] : []),
  ];
  const strips = Buffer.concat(data);
  const padding = Buffer.alloc(strips.length % 2);
  const start = 8 + strips.length + padding.length;
  return Buffer.concat([
    Buffer.from(bigEndian ? 'MM' : 'II'),
    order.u16(42),
    order.u32(start),
    strips,
    padding,
    directory(fields, start, order),
  ]);
}

function stripOf(width: number, height: number, options: TiffOptions, order: ByteOrder): Buffer[] {
  const channels = options.samplesAt(0, 0).length;
  const planes = options.planar === 2 ? channels : 1;
  return Array.from({ length: planes }, (_, plane) => {
    const rows: Buffer[] = [];
    for (let y = 0; y < height; y++) {
      const samples: number[] = [];
      for (let x = 0; x < width; x++) {
        const all = options.samplesAt(x, y);
        samples.push(...(planes === 1 ? all : [all[plane] as number]));
      }
      rows.push(packRow(samples, options, order));
    }
    return Buffer.concat(rows);
  });
}

function packRow(samples: readonly number[], options: TiffOptions, order: ByteOrder): Buffer {
  const { bits, photometric, format } = options;
  if (format === 3) return order.u32(...samples.map(floatBits));
  const highest = 2 ** bits - 1;
  const levels = samples.map((one) => (photometric === 3 ? one : Math.round(one * highest)));
  if (bits === 32) return order.u32(...levels);
  if (bits === 16) return order.u16(...levels);
  return packBits(levels, bits);
}

function colorMap(palette: readonly (readonly number[])[], bits: number): number[] {
  const colors = Array.from({ length: 2 ** bits }, (_, i) => palette[i] ?? [0, 0, 0]);
  return [0, 1, 2].flatMap((c) => colors.map((color) => (color[c] as number) * 257));
}

/** Values of more than four bytes follow the directory. */
function directory(fields: readonly Field[], start: number, order: ByteOrder): Buffer {
  let offset = start + 2 + 12 * fields.length + 4;
  const entries: Buffer[] = [];
  const values: Buffer[] = [];
  for (const [tag, type, content] of fields) {
    const bytes = Buffer.isBuffer(content)
      ? content
      : order[type === SHORT ? 'u16' : 'u32'](...content);
    const head = [order.u16(tag, type), order.u32(content.length)];
    if (bytes.length <= 4) {
      entries.push(...head, Buffer.concat([bytes, Buffer.alloc(4 - bytes.length)]));
      continue;
    }
    entries.push(...head, order.u32(offset));
    const padded = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
    values.push(padded);
    offset += padded.length;
  }
  return Buffer.concat([order.u16(fields.length), ...entries, order.u32(0), ...values]);
}

/** The bits of a number of 32 bits (IEEE 754), as an integer. */
const floatBits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] as number;

const ORDERS = {
  II: { u16: le16, u32: le32 },
  MM: { u16, u32 },
};

type ByteOrder = (typeof ORDERS)['MM'];
