/**
 * Writes baseline JPEG files (ITU-T T.81) that sharp does not write: any sampling factors, component
 * identifiers, Adobe transforms and restart intervals.
 */
import { text, u16 } from '../processing/fields.js';
import { segment } from '../processing/file-structure.js';
import type { Picture } from './picture.js';

export interface JpegOptions {
  /** Component planes of a pixel: YCbCr, RGB, gray, CMYK or YCCK, levels 0 to 255. */
  model?: 'ycc' | 'rgb' | 'gray' | 'cmyk' | 'ycck';
  /** Horizontal and vertical sampling factors of each component; default 1 x 1. */
  sampling?: readonly (readonly [h: number, v: number])[];
  /** Writes an Adobe marker with this transform. */
  adobe?: 0 | 1 | 2;
  jfif?: boolean;
  /** MCUs between restart markers. */
  restart?: number;
  ids?: readonly number[];
  /** Whole marker segments after SOI. */
  segments?: Buffer[];
  /** The precision that the frame header claims, bits. */
  precision?: number;
  /** The marker of the frame header; 0xc0 is baseline. */
  frameMarker?: number;
}

export const exifSegment = (tiff: Buffer) => segment(0xe1, text('Exif\0\0'), tiff);
export const iccSegment = (profile: Buffer) =>
  segment(0xe2, text('ICC_PROFILE\0'), Buffer.of(1, 1), profile);

/** Annex K.3, tables K.3 and K.5: how many codes there are of each length, and their values. */
const DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_VALUES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/** All 162 values with codes of 8 bits or 9: not small, but short to write. */
const AC_VALUES = [
  ...Array.from({ length: 16 }, (_, run) =>
    Array.from({ length: 10 }, (_, size) => run * 16 + size + 1),
  ),
  [0x00, 0xf0],
].flat();
const AC_COUNTS = [0, 0, 0, 0, 0, 0, 0, 92, 70, 0, 0, 0, 0, 0, 0, 0];

type Code = readonly [code: number, length: number];

/** Annex C.2. */
function codesOf(counts: readonly number[], values: readonly number[]): Map<number, Code> {
  const codes = new Map<number, Code>();
  let code = 0;
  let next = 0;
  for (const [i, count] of counts.entries()) {
    for (let n = 0; n < count; n++) codes.set(values[next++] as number, [code++, i + 1]);
    code *= 2;
  }
  return codes;
}

const DC_CODES = codesOf(DC_COUNTS, DC_VALUES);
const AC_CODES = codesOf(AC_COUNTS, AC_VALUES);

/** The step of quantization, the same for all coefficients. */
const STEP = 2;

/** Figure A.6. */
const ZIGZAG = Array.from({ length: 64 }, (_, i) => i).sort((a, b) => order(a) - order(b));
function order(i: number): number {
  const [x, y] = [i % 8, Math.floor(i / 8)];
  return (x + y) * 8 + ((x + y) % 2 === 0 ? x : y);
}

export function encodeJpeg(picture: Picture, options: JpegOptions = {}): Buffer {
  const { model = 'ycc', restart = 0, adobe, jfif = adobe === undefined } = options;
  const planes = planesOf(picture, model);
  const sampling = planes.map((_, i) => options.sampling?.[i] ?? ([1, 1] as const));
  const ids = options.ids ?? planes.map((_, i) => i + 1);
  const maxH = Math.max(...sampling.map(([h]) => h));
  const maxV = Math.max(...sampling.map(([, v]) => v));
  const frame = sampling.map(([h, v], i) => Buffer.of(ids[i] as number, h * 16 + v, 0));
  const columns = Math.ceil(picture.width / (8 * maxH));
  const rows = Math.ceil(picture.height / (8 * maxV));
  const writer = new BitWriter();
  let predictions = planes.map(() => 0);
  for (let mcu = 0; mcu < columns * rows; mcu++) {
    if (restart > 0 && mcu > 0 && mcu % restart === 0) {
      writer.marker(0xd0 + ((mcu / restart - 1) % 8));
      predictions = planes.map(() => 0);
    }
    for (const [i, plane] of planes.entries()) {
      const [h, v] = sampling[i] as readonly [number, number];
      for (let block = 0; block < h * v; block++) {
        const x = ((mcu % columns) * h + (block % h)) * 8;
        const y = (Math.floor(mcu / columns) * v + Math.floor(block / h)) * 8;
        const sample = sampler(picture, plane, maxH / h, maxV / v);
        predictions[i] = writeBlock(writer, transform(sample, x, y), predictions[i] as number);
      }
    }
  }
  return Buffer.concat([
    Buffer.of(0xff, 0xd8),
    ...(jfif ? [segment(0xe0, text('JFIF\0\x01\x01\0'), u16(1, 1, 0))] : []),
    ...(options.segments ?? []),
    ...(adobe === undefined
      ? []
      : [segment(0xee, text('Adobe'), u16(100, 0, 0), Buffer.of(adobe))]),
    segment(0xdb, Buffer.of(0), Buffer.alloc(64, STEP)),
    segment(
      options.frameMarker ?? 0xc0,
      Buffer.of(options.precision ?? 8),
      u16(picture.height, picture.width),
      Buffer.of(planes.length),
      ...frame,
    ),
    segment(0xc4, Buffer.of(0x00, ...DC_COUNTS, ...DC_VALUES)),
    segment(0xc4, Buffer.of(0x10, ...AC_COUNTS, ...AC_VALUES)),
    ...(restart > 0 ? [segment(0xdd, u16(restart))] : []),
    segment(0xda, Buffer.of(planes.length, ...ids.flatMap((id) => [id, 0]), 0, 63, 0)),
    writer.finish(),
    Buffer.of(0xff, 0xd9),
  ]);
}

type Plane = Float64Array;

function planesOf({ width, height, data }: Picture, model: JpegOptions['model']): Plane[] {
  const pixels = Array.from({ length: width * height }, (_, i) => {
    const [r, g, b] = [...data.subarray(i * 4, i * 4 + 3)].map((level) => level / 257) as [
      number,
      number,
      number,
    ];
    if (model === 'rgb') return [r, g, b];
    if (model === 'gray') return [0.299 * r + 0.587 * g + 0.114 * b];
    if (model === 'ycc') return toYcc(r, g, b);
    // Adobe stores ink inverted: 255 is none. Black is taken out of the other inks.
    const white = Math.max(r, g, b, 1);
    const inks = [(r * 255) / white, (g * 255) / white, (b * 255) / white] as const;
    return model === 'cmyk' ? [...inks, white] : [...toYcc(...inks), white];
  });
  return (pixels[0] as number[]).map((_, c) =>
    Float64Array.from(pixels, (one) => one[c] as number),
  );
}

/** JFIF 1.02. */
const toYcc = (r: number, g: number, b: number) => [
  0.299 * r + 0.587 * g + 0.114 * b,
  128 - 0.168736 * r - 0.331264 * g + 0.5 * b,
  128 + 0.5 * r - 0.418688 * g - 0.081312 * b,
];

/** Reads a plane at a lower resolution, as the mean of `stepX` x `stepY` pixels. */
function sampler({ width, height }: Picture, plane: Plane, stepX: number, stepY: number) {
  return (x: number, y: number): number => {
    let sum = 0;
    for (let v = 0; v < stepY; v++) {
      const row = Math.min(height - 1, Math.floor(y * stepY + v));
      for (let u = 0; u < stepX; u++) {
        sum += plane[row * width + Math.min(width - 1, Math.floor(x * stepX + u))] as number;
      }
    }
    return sum / (Math.ceil(stepX) * Math.ceil(stepY));
  };
}

const COSINES = Array.from({ length: 64 }, (_, i) => {
  const [k, n] = [Math.floor(i / 8), i % 8];
  return Math.cos(((2 * n + 1) * k * Math.PI) / 16) * (k === 0 ? Math.SQRT1_2 : 1) * 0.5;
});

/** The quantized coefficients of a block, in zigzag order (annex A.3.3). */
function transform(sample: (x: number, y: number) => number, left: number, top: number): number[] {
  const rows = new Float64Array(64);
  for (let y = 0; y < 8; y++) {
    for (let k = 0; k < 8; k++) {
      let sum = 0;
      for (let x = 0; x < 8; x++)
        sum += (sample(left + x, top + y) - 128) * (COSINES[k * 8 + x] as number);
      rows[y * 8 + k] = sum;
    }
  }
  return ZIGZAG.map((i) => {
    const [k, l] = [i % 8, Math.floor(i / 8)];
    let sum = 0;
    for (let y = 0; y < 8; y++) sum += (rows[y * 8 + k] as number) * (COSINES[l * 8 + y] as number);
    return Math.round(sum / STEP);
  });
}

const sizeOf = (value: number) => 32 - Math.clz32(Math.abs(value));

/** Annex F.1.2. @returns the DC coefficient, which predicts the next one */
function writeBlock(writer: BitWriter, coefficients: number[], prediction: number): number {
  const [dc = 0, ...ac] = coefficients;
  const difference = dc - prediction;
  writer.code(DC_CODES.get(sizeOf(difference)) as Code);
  writer.value(difference);
  let run = 0;
  for (const value of ac) {
    if (value === 0) {
      run++;
      continue;
    }
    for (; run > 15; run -= 16) writer.code(AC_CODES.get(0xf0) as Code);
    writer.code(AC_CODES.get(run * 16 + sizeOf(value)) as Code);
    writer.value(value);
    run = 0;
  }
  if (run > 0) writer.code(AC_CODES.get(0) as Code);
  return dc;
}

class BitWriter {
  private readonly bytes: number[] = [];
  private current = 0;
  private used = 0;

  code([code, length]: Code): void {
    for (let bit = length - 1; bit >= 0; bit--) this.bit((code >> bit) & 1);
  }

  /** Negative values are stored minus one, in as many bits (annex F.1.2.1.1). */
  value(value: number): void {
    const size = sizeOf(value);
    this.code([value < 0 ? value + 2 ** size - 1 : value, size]);
  }

  marker(marker: number): void {
    this.align();
    this.bytes.push(0xff, marker);
  }

  finish(): Buffer {
    this.align();
    return Buffer.from(this.bytes);
  }

  private bit(bit: number): void {
    this.current = this.current * 2 + bit;
    if (++this.used < 8) return;
    this.bytes.push(this.current);
    if (this.current === 0xff) this.bytes.push(0);
    this.current = 0;
    this.used = 0;
  }

  private align(): void {
    while (this.used > 0) this.bit(1);
  }
}
