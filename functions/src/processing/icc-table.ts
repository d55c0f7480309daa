/** Evaluates the color tables of ICC profiles (ICC.1:2022): those for CMYK, scanners and some displays. */
import { fixed, readCurves, sampleCurve, tableCurve, type Curve } from './icc-curve.js';
import { D50, type Matrix, type Vector } from './matrix.js';
import { codeAt } from './text.js';

/** Applied in this order; steps may be missing. */
export interface ColorTable {
  channels: 1 | 3 | 4;
  /** One curve per channel, then the colors at the points of a grid with one dimension per channel. */
  grid?: { curves: readonly Curve[]; points: readonly number[]; colors: Float32Array };
  matrix?: { curves: readonly Curve[]; matrix: Matrix; offset: Vector };
  curves: readonly Curve[];
  /** Replaces the encoded color by XYZ relative to D50. */
  toXyz: (color: Float64Array) => void;
}

const MAX_POINTS = 255;

/**
 * @param tag A2B0 or A2B1
 * @param isLab whether the profile connection space is CIELAB; otherwise it is XYZ
 * @throws RangeError when the table is not valid
 */
export function readColorTable(tag: Buffer, isLab: boolean): ColorTable {
  const type = codeAt(tag, 0);
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
  return Float32Array.from({ length }, (_, i) => readValue(tag, start + width * i, width));
}

const readValue = (tag: Buffer, offset: number, width: 1 | 2) =>
  width === 1 ? tag.readUInt8(offset) / 255 : tag.readUInt16BE(offset) / 65_535;

/** A color of up to four channels; the functions on it write their result over the first three. */
type Color = Float64Array;

/** Section 6.3.4.2: 1.0 is encoded as 32,768 of 65,535. */
function encodedToXyz(color: Color): void {
  const scale = 65_535 / 32_768;
  for (let i = 0; i < 3; i++) color[i] = scale * (color[i] as number);
}

/** Section 6.3.4.2; the formulas of ISO 11664-4, relative to D50. */
function labToXyz(color: Color): void {
  const y = (100 * (color[0] as number) + 16) / 116;
  const a = 255 * (color[1] as number) - 128;
  const b = 255 * (color[2] as number) - 128;
  color[0] = D50[0] * cubeOf(y + a / 500);
  color[1] = cubeOf(y);
  color[2] = D50[2] * cubeOf(y - b / 200);
}

const cubeOf = (f: number) => (f > 6 / 29 ? f * f * f : (108 * (f - 4 / 29)) / 841);

/** Section 10.10: mft2 keeps the encoding of version 2, in which 0xff00 is 100. */
function labOfVersion2ToXyz(color: Color): void {
  const scale = 65_535 / 65_280;
  for (let i = 0; i < 3; i++) color[i] = scale * (color[i] as number);
  labToXyz(color);
}

/**
 * Prepares a table for many pixels.
 * @returns a function that replaces channels, 0 to 1, by XYZ relative to D50; its argument has four places
 */
export function createTableEvaluator(table: ColorTable): (color: Color) => void {
  const { grid, matrix, curves, toXyz } = table;
  const inputs = grid?.curves.map(sample);
  const interpolate = grid && createInterpolator(grid);
  const middle = matrix?.curves.map(sample);
  const outputs = curves.map(sample);
  return (color) => {
    if (inputs && interpolate) {
      applyCurves(inputs, color);
      interpolate(color);
    }
    if (matrix && middle) {
      applyCurves(middle, color);
      applyMatrix(matrix.matrix, matrix.offset, color);
    }
    applyCurves(outputs, color);
    toXyz(color);
  };
}

const SAMPLES = 4096;

/** A curve as a table, because curves of profiles are slow. */
const sample = (curve: Curve) => sampleCurve(curve, SAMPLES);

function applyCurves(curves: readonly Float64Array[], color: Color): void {
  for (let i = 0; i < curves.length; i++) {
    const samples = curves[i] as Float64Array;
    const position = toUnit(color[i] as number) * SAMPLES;
    const index = Math.min(SAMPLES - 1, Math.floor(position));
    const low = samples[index] as number;
    color[i] = low + (position - index) * ((samples[index + 1] as number) - low);
  }
}

/** NaN, of a damaged profile, becomes 0. */
const toUnit = (value: number) => (value > 0 ? Math.min(1, value) : 0);

function applyMatrix(m: Matrix, offset: Vector, color: Color): void {
  const [x, y, z] = [color[0] as number, color[1] as number, color[2] as number];
  color[0] = m[0] * x + m[1] * y + m[2] * z + offset[0];
  color[1] = m[3] * x + m[4] * y + m[5] * z + offset[1];
  color[2] = m[6] * x + m[7] * y + m[8] * z + offset[2];
}

/** Interpolates linearly between the corners of the cell that holds the color. */
function createInterpolator({ points, colors }: NonNullable<ColorTable['grid']>) {
  const strides = points.map((_, i) => points.slice(i + 1).reduce((size, n) => size * n, 3));
  const weights = new Float64Array(2 ** points.length);
  const offsets = new Int32Array(2 ** points.length);
  return (color: Color): void => {
    weights[0] = 1;
    offsets[0] = 0;
    let corners = 1;
    for (let i = 0; i < points.length; i++) {
      const last = (points[i] as number) - 1;
      const position = toUnit(color[i] as number) * last;
      const low = Math.min(last - 1, Math.floor(position));
      const part = position - low;
      const stride = strides[i] as number;
      for (let k = 0; k < corners; k++) {
        const weight = weights[k] as number;
        const offset = (offsets[k] as number) + low * stride;
        weights[k] = weight * (1 - part);
        offsets[k] = offset;
        weights[corners + k] = weight * part;
        offsets[corners + k] = offset + stride;
      }
      // A color on the side of a cell has half of the corners.
      if (part > 0) corners *= 2;
    }
    let [x, y, z] = [0, 0, 0];
    for (let k = 0; k < corners; k++) {
      const weight = weights[k] as number;
      const offset = offsets[k] as number;
      x += weight * (colors[offset] as number);
      y += weight * (colors[offset + 1] as number);
      z += weight * (colors[offset + 2] as number);
    }
    color[0] = x;
    color[1] = y;
    color[2] = z;
  };
}
