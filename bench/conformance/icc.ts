/** Writes small ICC profiles (ICC.1:2001-04, version 2.4): primaries with a curve, or gray with a curve. */
import { text, u16, u32 } from '../processing/fields.js';

type Xy = readonly [x: number, y: number];

interface Primaries {
  red: Xy;
  green: Xy;
  blue: Xy;
  white: Xy;
}

const D65: Xy = [0.3127, 0.329];
const D50: Xy = [0.3457, 0.3585];

/** ITU-T H.273, table 2 (1, 9 and 12); Adobe RGB (1998); ISO 22028-2 (ProPhoto RGB). */
const PRIMARIES = {
  srgb: { red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06], white: D65 },
  bt2020: { red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046], white: D65 },
  p3: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: D65 },
  adobe: { red: [0.64, 0.33], green: [0.21, 0.71], blue: [0.15, 0.06], white: D65 },
  prophoto: { red: [0.7347, 0.2653], green: [0.1596, 0.8404], blue: [0.0366, 0.0001], white: D50 },
} as const satisfies Record<string, Primaries>;

type Vector = [number, number, number];
type Matrix = [Vector, Vector, Vector];

const multiply = (m: Matrix, [x, y, z]: Vector) =>
  m.map(([a, b, c]) => a * x + b * y + c * z) as Vector;

const toXyz = ([x, y]: Xy): Vector => [x / y, 1, (1 - x - y) / y];

function inverse([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / determinant)) as Matrix;
}

/** The Bradford matrix, ICC.1:2001-04 annex E. */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

function adaptToD50(color: Vector, white: Xy): Vector {
  const from = multiply(BRADFORD, toXyz(white));
  const to = multiply(BRADFORD, toXyz(D50));
  const cone = multiply(BRADFORD, color).map(
    (v, i) => (v * (to[i] as number)) / (from[i] as number),
  );
  return multiply(inverse(BRADFORD), cone as Vector);
}

/** The columns of the matrix from linear RGB to XYZ of D50. */
function columnsOf({ red, green, blue, white }: Primaries): Matrix {
  const [r, g, b] = [toXyz(red), toXyz(green), toXyz(blue)];
  const rows = [0, 1, 2].map((i) => [r[i], g[i], b[i]]) as Matrix;
  const scale = multiply(inverse(rows), toXyz(white));
  return [r, g, b].map((column, i) =>
    adaptToD50(column.map((value) => value * (scale[i] as number)) as Vector, white),
  ) as Matrix;
}

const fixed = (value: number) => u32(Math.round(value * 65_536) >>> 0);
const xyz = (values: Vector) => Buffer.concat([text('XYZ '), u32(0), ...values.map(fixed)]);

/** From an encoded value, 0 to 1, to linear light: a number is a gamma. */
type Curve = number | 'srgb';

/** Section 6.5.3: one value is a gamma in 8.8 fixed point; more are a table. */
function curv(curve: Curve): Buffer {
  if (curve !== 'srgb') {
    return Buffer.concat([text('curv'), u32(0, 1), u16(Math.round(curve * 256), 0)]);
  }
  const table = Array.from({ length: 1024 }, (_, i) => Math.round(65_535 * srgbToLinear(i / 1023)));
  return Buffer.concat([text('curv'), u32(0, table.length), u16(...table)]);
}

const srgbToLinear = (value: number) =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;

function description(name: string): Buffer {
  const ascii = text(`${name}\0`);
  return Buffer.concat([
    text('desc'),
    u32(0, ascii.length),
    ascii,
    Buffer.alloc(78 + (ascii.length % 2)),
  ]);
}

function rgbProfile(primaries: Primaries, curve: Curve): Buffer {
  const [r, g, b] = columnsOf(primaries);
  const trc = curv(curve);
  return profile('RGB ', {
    rXYZ: xyz(r),
    gXYZ: xyz(g),
    bXYZ: xyz(b),
    rTRC: trc,
    gTRC: trc,
    bTRC: trc,
  });
}

/** @returns a profile for gray images */
export const grayProfile = (curve: Curve) => profile('GRAY', { kTRC: curv(curve) });

/** Section 6.1 (header) and 6.2 (tag table). */
function profile(space: string, ownTags: Record<string, Buffer>): Buffer {
  const white = toXyz(D50);
  const tags: Record<string, Buffer> = {
    desc: description('test'),
    cprt: Buffer.concat([text('text'), u32(0), text('CC0\0')]),
    wtpt: xyz(white),
    ...ownTags,
  };
  const entries = Object.entries(tags);
  let offset = 128 + 4 + 12 * entries.length;
  const table: Buffer[] = [];
  const bodies: Buffer[] = [];
  for (const [name, body] of entries) {
    table.push(text(name), u32(offset, body.length));
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    bodies.push(padded);
    offset += padded.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset, 0);
  header.writeUInt32BE(0x0240_0000, 8);
  header.write(`mntr${space}XYZ `, 12, 'latin1');
  for (const [i, value] of [2026, 1, 1, 0, 0, 0].entries()) header.writeUInt16BE(value, 24 + 2 * i);
  header.write('acsp', 36, 'latin1');
  xyz(white).subarray(8).copy(header, 68);
  return Buffer.concat([header, u32(entries.length), ...table, ...bodies]);
}

/** The RGB profiles of the suite. */
export const PROFILES = {
  srgb: rgbProfile(PRIMARIES.srgb, 'srgb'),
  p3: rgbProfile(PRIMARIES.p3, 'srgb'),
  adobe: rgbProfile(PRIMARIES.adobe, 2.2),
  prophoto: rgbProfile(PRIMARIES.prophoto, 1.8),
  bt2020: rgbProfile(PRIMARIES.bt2020, 2.4),
  linear: rgbProfile(PRIMARIES.srgb, 1),
};
