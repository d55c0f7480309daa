/** Evaluates the color tables of ICC profiles (ICC.1:2022): those for CMYK, scanners and some displays. */
import { fixed, readCurves, signature, tableCurve, type Curve } from './icc-curve.js';
import { apply, type Matrix, type Vector } from './matrix.js';

/** Applied in this order; steps may be missing. */
export interface ColorTable {
  channels: 1 | 3 | 4;
  /** One curve per channel, then the colors at the points of a grid with one dimension per channel. */
  grid?: { curves: readonly Curve[]; points: readonly number[]; colors: Float64Array };
  matrix?: { curves: readonly Curve[]; matrix: Matrix; offset: Vector };
  curves: readonly Curve[];
  /** From the encoded color to XYZ relative to D50. */
  toXyz: (color: Vector) => Vector;
}

const MAX_POINTS = 255;

/**
 * @param tag A2B0 or A2B1
 * @param isLab whether the profile connection space is CIELAB; otherwise it is XYZ
 * @throws RangeError when the table is not valid
 */
export function readColorTable(tag: Buffer, isLab: boolean): ColorTable {
  const type = signature(tag, 0);
  const channels = tag[8];
  if ((channels !== 1 && channels !== 3 && channels !== 4) || tag[9] !== 3) {
    throw new RangeError('expected 1, 3 or 4 channels');
  }
  const toXyz = isLab ? (type === 'mft2' ? labOfVersion2ToXyz : labToXyz) : encodedToXyz;
  if (type === 'mAB ') return { channels, toXyz, ...readSteps(tag, channels) };
  if (type !== 'mft1' && type !== 'mft2') throw new RangeError('expected the type mft or mAB');
  return { channels, toXyz, ...readTables(tag, channels, type === 'mft1' ? 1 : 2) };
}

/** Sections 10.10 (mft2) and 10.11 (mft1); the matrix applies to XYZ input only. */
function readTables(
  tag: Buffer,
  channels: number,
  width: 1 | 2,
): Pick<ColorTable, 'grid' | 'curves'> {
  const size = tag[10] as number;
  const inputs = width === 1 ? 256 : tag.readUInt16BE(48);
  const outputs = width === 1 ? 256 : tag.readUInt16BE(50);
  const start = width === 1 ? 48 : 52;
  const at = (i: number) => readValue(tag, start + width * i, width);
  const curve = (count: number, first: number) => tableCurve(count, (i) => at(first + i));
  const points = Array.from({ length: channels }, () => size);
  const colors = readGrid(tag, start + width * inputs * channels, points, width);
  const end = inputs * channels + colors.length;
  return {
    grid: {
      curves: points.map((_, i) => curve(inputs, inputs * i)),
      points,
      colors,
    },
    curves: [0, 1, 2].map((i) => curve(outputs, end + outputs * i)),
  };
}

/** Section 10.12: curves B, a matrix with curves M, a grid with curves A; the latter two are optional. */
function readSteps(tag: Buffer, channels: number): Pick<ColorTable, 'grid' | 'matrix' | 'curves'> {
  const [bStart, matrixStart, mStart, gridStart, aStart] = [12, 16, 20, 24, 28].map((offset) =>
    tag.readUInt32BE(offset),
  ) as [number, number, number, number, number];
  if (!aStart && channels !== 3) throw new RangeError('expected a grid');
  return {
    curves: readCurves(tag, bStart, 3),
    ...(mStart && {
      matrix: { curves: readCurves(tag, mStart, 3), ...readMatrix(tag, matrixStart) },
    }),
    ...(aStart && {
      grid: {
        curves: readCurves(tag, aStart, channels),
        ...readSizedGrid(tag, gridStart, channels),
      },
    }),
  };
}

/** Section 10.12.5. */
function readMatrix(tag: Buffer, start: number): { matrix: Matrix; offset: Vector } {
  const at = (i: number) => fixed(tag, start + 4 * i);
  return {
    matrix: [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8)],
    offset: [at(9), at(10), at(11)],
  };
}

/** Section 10.12.3. */
function readSizedGrid(tag: Buffer, start: number, channels: number) {
  const points = [...tag.subarray(start, start + channels)];
  const width = tag[start + 16];
  if (width !== 1 && width !== 2) throw new RangeError('expected values of one or two bytes');
  return { points, colors: readGrid(tag, start + 20, points, width) };
}

function readGrid(tag: Buffer, start: number, points: readonly number[], width: 1 | 2) {
  if (points.some((count) => count < 2 || count > MAX_POINTS)) {
    throw new RangeError('expected at least two points per channel');
  }
  const length = points.reduce((product, count) => product * count, 3);
  if (start + width * length > tag.length) throw new RangeError('expected more colors');
  return Float64Array.from({ length }, (_, i) => readValue(tag, start + width * i, width));
}

const readValue = (tag: Buffer, offset: number, width: 1 | 2) =>
  width === 1 ? tag.readUInt8(offset) / 255 : tag.readUInt16BE(offset) / 65_535;

/** Section 6.3.4.2: 1.0 is encoded as 32,768 of 65,535. */
function encodedToXyz([x, y, z]: Vector): Vector {
  const scale = 65_535 / 32_768;
  return [x * scale, y * scale, z * scale];
}

/** Section 6.3.4.2. */
const labToXyz = ([l, a, b]: Vector): Vector => cielabToXyz(100 * l, 255 * a - 128, 255 * b - 128);

/** Section 10.10: mft2 keeps the encoding of version 2, in which 0xff00 is 100. */
function labOfVersion2ToXyz([l, a, b]: Vector): Vector {
  const scale = 65_535 / 65_280;
  return labToXyz([l * scale, a * scale, b * scale]);
}

/** ISO 11664-4, relative to D50. */
function cielabToXyz(lightness: number, a: number, b: number): Vector {
  const y = (lightness + 16) / 116;
  const inverse = (f: number) => (f > 6 / 29 ? f ** 3 : (3 * 36 * (f - 4 / 29)) / 841);
  return [0.9642 * inverse(y + a / 500), inverse(y), 0.8249 * inverse(y - b / 200)];
}

/**
 * Prepares a table for many pixels.
 * @returns a function from channels, 0 to 1, to XYZ relative to D50
 */
export function createTableEvaluator(table: ColorTable): (channels: Float64Array) => Vector {
  const { grid, matrix, curves, toXyz } = table;
  const inputs = grid?.curves.map(sample);
  const middle = matrix?.curves.map(sample);
  const outputs = curves.map(sample);
  return (channels) => {
    if (grid && inputs) {
      for (let i = 0; i < inputs.length; i++) {
        channels[i] = lookUp(inputs[i] as Float64Array, channels[i] as number);
      }
    }
    let color = grid ? interpolate(grid, channels) : ([...channels] as unknown as Vector);
    if (matrix && middle) {
      const [x, y, z] = apply(matrix.matrix, mapVector(middle, color));
      color = [x + matrix.offset[0], y + matrix.offset[1], z + matrix.offset[2]];
    }
    return toXyz(mapVector(outputs, color));
  };
}

const SAMPLES = 4096;

/** A curve as a table, because curves of profiles are slow. */
function sample(curve: Curve): Float64Array {
  return Float64Array.from({ length: SAMPLES + 1 }, (_, i) => curve(i / SAMPLES));
}

function lookUp(samples: Float64Array, value: number): number {
  const position = value > 0 ? Math.min(1, value) * SAMPLES : 0;
  const index = Math.min(SAMPLES - 1, Math.floor(position));
  const low = samples[index] as number;
  return low + (position - index) * ((samples[index + 1] as number) - low);
}

function mapVector(samples: readonly Float64Array[], [x, y, z]: Vector): Vector {
  const [first, second, third] = samples as [Float64Array, Float64Array, Float64Array];
  return [lookUp(first, x), lookUp(second, y), lookUp(third, z)];
}

/** Linear interpolation between the corners of the cell that holds the position. */
function interpolate(
  { points, colors }: NonNullable<ColorTable['grid']>,
  channels: Float64Array,
): Vector {
  const dimensions = points.length;
  const cornerCount = 2 ** dimensions;
  let [x, y, z] = [0, 0, 0];
  for (let corner = 0; corner < cornerCount; corner++) {
    let weight = 1;
    let index = 0;
    for (let i = 0; i < dimensions; i++) {
      const count = points[i] as number;
      const value = channels[i] as number;
      const position = value > 0 ? Math.min(1, value) * (count - 1) : 0;
      const low = Math.min(count - 2, Math.floor(position));
      const isHigh = (corner >> i) & 1;
      weight *= isHigh ? position - low : 1 - (position - low);
      index = index * count + low + isHigh;
    }
    if (weight === 0) continue;
    x += weight * (colors[3 * index] as number);
    y += weight * (colors[3 * index + 1] as number);
    z += weight * (colors[3 * index + 2] as number);
  }
  return [x, y, z];
}
