/** Reads the curves of ICC profiles (ICC.1:2022). */
import { codeAt } from './text.js';

/** From the encoded value of a channel to its linear value; both are 0 to 1. */
export type Curve = (value: number) => number;
export type Curves = readonly [red: Curve, green: Curve, blue: Curve];

/** @throws RangeError when the curve is not valid */
export function readCurve(tag: Buffer): Curve {
  switch (codeAt(tag, 0)) {
    case 'curv':
      return readTableCurve(tag);
    case 'para':
      return readParametricCurve(tag);
    default:
      throw new RangeError('expected the type curv or para');
  }
}

/**
 * Reads curves that follow each other, each padded to a multiple of four bytes.
 * @throws RangeError when one is not valid
 */
export function readCurves(bytes: Buffer, start: number, count: number): Curve[] {
  const curves: Curve[] = [];
  for (let offset = start; curves.length < count;) {
    const tag = bytes.subarray(offset);
    curves.push(readCurve(tag));
    const length =
      codeAt(tag, 0) === 'curv'
        ? 12 + 2 * tag.readUInt32BE(8)
        : 12 + 4 * (PARAMETERS[tag.readUInt16BE(8)] ?? []).length;
    offset += 4 * Math.ceil(length / 4);
  }
  return curves;
}

/** Section 10.6: the identity, a gamma, or evenly spaced values. */
function readTableCurve(tag: Buffer): Curve {
  const count = tag.readUInt32BE(8);
  if (count === 0) return (value) => value;
  if (count === 1) {
    const gamma = tag.readUInt16BE(12) / 256;
    return (value) => value ** gamma;
  }
  return tableCurve(count, (i) => tag.readUInt16BE(12 + 2 * i) / 65_535);
}

/**
 * @param at reads the value at an index
 * @returns a curve through `count` evenly spaced values
 * @throws RangeError when a value cannot be read
 */
export function tableCurve(count: number, at: (index: number) => number): Curve {
  if (count < 2) throw new RangeError('expected two values');
  at(count - 1);
  return (value) => {
    const position = Math.min(1, Math.max(0, value)) * (count - 1);
    const index = Math.min(Math.floor(position), count - 2);
    const low = at(index);
    return low + (position - index) * (at(index + 1) - low);
  };
}

/** Section 10.18, table 68: which of the parameters g, a, b, c, d, e, f each type has, in order. */
const PARAMETERS = [
  ['g'],
  ['g', 'a', 'b'],
  ['g', 'a', 'b', 'e'],
  ['g', 'a', 'b', 'c', 'd'],
  ['g', 'a', 'b', 'c', 'd', 'e', 'f'],
] as const;

function readParametricCurve(tag: Buffer): Curve {
  const names = PARAMETERS[tag.readUInt16BE(8)];
  if (names === undefined) throw new RangeError('expected the type 0 to 4 of a curve');
  const p = { g: 1, a: 1, b: 0, c: 0, d: 0, e: 0, f: 0 };
  names.forEach((name, i) => (p[name] = fixed(tag, 12 + 4 * i)));
  if (names.length === 3 || names.length === 4) {
    if (p.a === 0) throw new RangeError('expected a slope');
    p.d = -p.b / p.a;
    p.f = p.e;
  }
  return parametricCurve(p);
}

/** Values below `d`: c x + f. Others: (a x + b)^g + e. */
export function parametricCurve(
  parameters: Readonly<Record<'g' | 'a' | 'b' | 'c' | 'd' | 'e' | 'f', number>>,
): Curve {
  const { g, a, b, c, d, e, f } = parameters;
  // A difference of two rounded numbers may be slightly below 0.
  if (Math.min(a, c, d, g) < 0 || a * d + b < -1e-6)
    throw new RangeError('expected a rising curve');
  return (value) => (value < d ? c * value + f : Math.max(0, a * value + b) ** g + e);
}

/** @returns the values of a curve at 0, 1/steps, 2/steps, up to 1 */
export function sampleCurve(curve: Curve, steps: number): Float64Array {
  const samples = new Float64Array(steps + 1);
  for (let i = 0; i <= steps; i++) samples[i] = curve(i / steps);
  return samples;
}

/** Section 4.6, s15Fixed16Number. */
export const fixed = (bytes: Buffer, offset: number) => bytes.readInt32BE(offset) / 65_536;
