/**
 * Reads ICC profiles (ICC.1:2022) as Chromium does. The rules for which profiles are usable are those of
 * skcms, https://skia.googlesource.com/skia/+/main/modules/skcms/skcms.cc, skcms_ParseWithA2BPriority.
 */
import { isNativeError } from 'node:util/types';
import type { CodePoints } from './color-description.js';
import { fixed, readCurve, type Curves } from './icc-curve.js';
import { readColorTable, type ColorTable } from './icc-table.js';
import { MAX_PROFILE_BYTES } from './limits.js';
import { D50, fromColumns, type Matrix, type Vector } from './matrix.js';
import { codeAt } from './text.js';

export interface IccProfile {
  /** The colors of the pixels that the profile describes. */
  space: 'RGB' | 'GRAY' | 'CMYK';
  /** Exactly one of both: curves and a matrix, or a table in as many dimensions as channels. */
  rgb?: RgbProfile;
  table?: ColorTable;
  /** Section 9.2.17. They take precedence. */
  cicp?: CodePoints;
}

export interface RgbProfile {
  curves: Curves;
  /** Linear RGB to XYZ relative to D50. A gray profile converts equal channels to a gray. */
  toXyz: Matrix;
}

/** Section 7.2: the header, then the number of tags. */
const HEADER_LENGTH = 132;
const TAG_LENGTH = 12;
/** More than any tool writes. */
const MAX_TAGS = 100;
const D50_TOLERANCE = 0.01;

/** @returns undefined for a profile that Chromium would ignore, and for one over the size limit */
export function readIccProfile(bytes: Buffer): IccProfile | undefined {
  if (bytes.length < HEADER_LENGTH || bytes.length > MAX_PROFILE_BYTES) return undefined;
  const space = SPACES[codeAt(bytes, 16)];
  const tags = readTags(bytes);
  if (!space || !tags || !hasValidHeader(bytes)) return undefined;
  try {
    const cicp = readCicp(tags.get('cicp'));
    // Perceptual, then relative colorimetric, section 9.2.1.
    const tag = tags.get('A2B0') ?? tags.get('A2B1');
    if (tag) {
      const table = readColorTable(tag, codeAt(bytes, 20) === 'Lab ');
      return table.channels === CHANNELS[space]
        ? { space, table, ...(cicp && { cicp }) }
        : undefined;
    }
    const rgb = space === 'GRAY' ? readGray(bytes, tags) : readRgb(tags);
    return rgb && { space, rgb, ...(cicp && { cicp }) };
  } catch (error) {
    // Buffer throws the same error beyond its end.
    if (isNativeError(error) && error.name === 'RangeError') return undefined;
    throw error;
  }
}

const SPACES: Partial<Record<string, IccProfile['space']>> = {
  'RGB ': 'RGB',
  GRAY: 'GRAY',
  CMYK: 'CMYK',
};

const CHANNELS = { RGB: 3, GRAY: 1, CMYK: 4 };

function hasValidHeader(bytes: Buffer): boolean {
  return (
    codeAt(bytes, 36) === 'acsp' &&
    (bytes[8] as number) <= 4 &&
    ['XYZ ', 'Lab '].includes(codeAt(bytes, 20)) &&
    D50.every((value, i) => Math.abs(fixed(bytes, 68 + 4 * i) - value) <= D50_TOLERANCE)
  );
}

/** @returns the tags by name; undefined when one is outside the profile */
function readTags(bytes: Buffer): Map<string, Buffer> | undefined {
  const size = bytes.readUInt32BE(0);
  const count = bytes.readUInt32BE(128);
  if (count > MAX_TAGS || size > bytes.length || size < HEADER_LENGTH + TAG_LENGTH * count) {
    return undefined;
  }
  const tags = new Map<string, Buffer>();
  for (let entry = HEADER_LENGTH; entry < HEADER_LENGTH + TAG_LENGTH * count; entry += TAG_LENGTH) {
    const offset = bytes.readUInt32BE(entry + 4);
    const length = bytes.readUInt32BE(entry + 8);
    if (length < 4 || offset + length > size) return undefined;
    const name = codeAt(bytes, entry);
    // The first tag of a name counts.
    if (!tags.has(name)) tags.set(name, bytes.subarray(offset, offset + length));
  }
  return tags;
}

function readGray(bytes: Buffer, tags: Map<string, Buffer>): IccProfile['rgb'] {
  const tag = tags.get('kTRC');
  if (!tag || codeAt(bytes, 20) !== 'XYZ ') return undefined;
  const curve = readCurve(tag);
  const [x, y, z] = D50;
  // Each channel adds a third, so that equal channels keep their value.
  const third: Vector = [x / 3, y / 3, z / 3];
  return { curves: [curve, curve, curve], toXyz: fromColumns(third, third, third) };
}

function readRgb(tags: Map<string, Buffer>): IccProfile['rgb'] {
  const [rTRC, gTRC, bTRC] = ['rTRC', 'gTRC', 'bTRC'].map((name) => tags.get(name));
  const [rXYZ, gXYZ, bXYZ] = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => tags.get(name));
  if (!rTRC || !gTRC || !bTRC || !rXYZ || !gXYZ || !bXYZ) return undefined;
  return {
    curves: [readCurve(rTRC), readCurve(gTRC), readCurve(bTRC)],
    toXyz: fromColumns(readXyz(rXYZ), readXyz(gXYZ), readXyz(bXYZ)),
  };
}

/** Section 10.31. */
function readXyz(tag: Buffer): Vector {
  if (codeAt(tag, 0) !== 'XYZ ') throw new RangeError('expected the type XYZ');
  return [fixed(tag, 8), fixed(tag, 12), fixed(tag, 16)];
}

/** Section 9.2.17. PNG and ICC know only full-range RGB: matrix 0, range 1. */
function readCicp(tag: Buffer | undefined): IccProfile['cicp'] {
  if (!tag || codeAt(tag, 0) !== 'cicp' || tag.length < 12) return undefined;
  const [primaries = 0, transfer = 0, matrix, fullRange] = tag.subarray(8, 12);
  return matrix === 0 && fullRange === 1 ? { primaries, transfer } : undefined;
}
