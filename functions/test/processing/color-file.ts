/** Writes ICC profiles and the color chunks of PNG and JPEG files, for tests of colors. */
import { deflateSync } from 'node:zlib';
import { text, u16, u32 } from '../../../bench/processing/fields.js';
import { chunk, segment } from '../../../bench/processing/file-structure.js';

const u8 = (...values: number[]) => Buffer.from(values);
/** s15Fixed16Number, ICC.1:2022 section 4.6. */
function fixed(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeInt32BE(Math.round(value * 65_536), 4 * i));
  return bytes;
}

/** Tags by name, each with its type. */
export type IccTags = Record<string, Buffer>;

/** @param pcs the profile connection space */
export function iccFile(
  space: 'RGB ' | 'GRAY' | 'CMYK',
  tags: IccTags,
  { pcs = 'XYZ ', version = 4 } = {},
): Buffer {
  const entries = Object.entries(tags);
  const tableLength = 4 + 12 * entries.length;
  let offset = 128 + tableLength;
  const table = entries.map(([name, data]) => {
    const entry = Buffer.concat([text(name), u32(offset, data.length)]);
    offset += data.length;
    return entry;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset);
  header[8] = version;
  header.write(`mntr${space}${pcs}`, 12, 'latin1');
  header.write('acsp', 36);
  fixed(0.9642, 1, 0.8249).copy(header, 68);
  return Buffer.concat([header, u32(entries.length), ...table, ...Object.values(tags)]);
}

export const curv = (...values: number[]) =>
  padded(text('curv\0\0\0\0'), u32(values.length), u16(...values));
export const gammaCurv = (gamma: number) => curv(Math.round(gamma * 256));
export const para = (type: number, ...parameters: number[]) =>
  Buffer.concat([text('para\0\0\0\0'), u16(type, 0), fixed(...parameters)]);
export const xyz = (...values: [number, number, number]) =>
  Buffer.concat([text('XYZ \0\0\0\0'), fixed(...values)]);
export const cicpTag = (...values: [number, number, number, number]) =>
  Buffer.concat([text('cicp\0\0\0\0'), u8(...values)]);

function padded(...parts: Buffer[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** sRGB's curve, IEC 61966-2-1. */
export const SRGB_CURVE = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045);

type Primaries = Record<'rXYZ' | 'gXYZ' | 'bXYZ', [number, number, number]>;
export const SRGB: Primaries = {
  rXYZ: [0.43607, 0.22249, 0.01392],
  gXYZ: [0.38515, 0.71687, 0.09708],
  bXYZ: [0.14307, 0.06061, 0.7141],
};
export const DISPLAY_P3: Primaries = {
  rXYZ: [0.51512, 0.2412, -0.00105],
  gXYZ: [0.29198, 0.69225, 0.04189],
  bXYZ: [0.1571, 0.06657, 0.78407],
};
/** Adobe RGB (1998), section 4.3, adapted to D50. */
export const ADOBE_RGB: Primaries = {
  rXYZ: [0.60974, 0.31111, 0.01947],
  gXYZ: [0.20528, 0.62567, 0.06087],
  bXYZ: [0.14919, 0.06322, 0.74457],
};

/** A profile with one curve for all channels. */
export function rgbProfile(primaries: Primaries, curve: Buffer, more: IccTags = {}): Buffer {
  const columns = Object.entries(primaries).map(([name, value]) => [name, xyz(...value)] as const);
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => [name, curve] as const);
  return iccFile('RGB ', { ...Object.fromEntries([...columns, ...curves]), ...more });
}
export const grayProfile = (curve: Buffer) => iccFile('GRAY', { kTRC: curve });

/**
 * A table of type mft2 (16 bits) or mft1 (8 bits) with two points per channel and identity curves.
 * @param colorOf the encoded color, 0 to 1, of channels that are each 0 or 1
 */
export function table(
  type: 'mft1' | 'mft2',
  channels: number,
  colorOf: (channels: number[]) => readonly number[],
): Buffer {
  const write = type === 'mft1' ? u8 : u16;
  const max = type === 'mft1' ? 255 : 65_535;
  const values = (numbers: readonly number[]) => write(...numbers.map((n) => Math.round(n * max)));
  const corners = Array.from({ length: 2 ** channels }, (_, i) =>
    Array.from({ length: channels }, (_, c) => (i >> (channels - 1 - c)) & 1),
  );
  const identity = type === 'mft1' ? Array.from({ length: 256 }, (_, i) => i / 255) : [0, 1];
  const curves = (count: number) => Array.from({ length: count }, () => values(identity));
  return padded(
    text(`${type}\0\0\0\0`),
    u8(channels, 3, 2, 0),
    fixed(1, 0, 0, 0, 1, 0, 0, 0, 1),
    ...(type === 'mft2' ? [u16(2, 2)] : []),
    ...curves(channels),
    ...corners.map((corner) => values(colorOf(corner))),
    ...curves(3),
  );
}

/** A table of type mAB: curves A, a grid with two points per channel, curves M, a matrix, curves B. */
export function steps(
  curves: Buffer,
  matrix: number[],
  gridOf: (channels: number[]) => readonly number[],
): Buffer {
  const three = Buffer.concat([curves, curves, curves]);
  const corners = Array.from({ length: 8 }, (_, i) => gridOf([i >> 2, (i >> 1) & 1, i & 1]));
  const grid = padded(
    Buffer.from([2, 2, 2, ...Array.from({ length: 13 }, () => 0), 2, 0, 0, 0]),
    ...corners.map((corner) => u16(...corner.map((value) => Math.round(value * 65_535)))),
  );
  const identity = Buffer.concat([curv(), curv(), curv()]);
  const [aStart, gridStart] = [32, 32 + three.length];
  const mStart = gridStart + grid.length;
  const matrixStart = mStart + identity.length;
  const bStart = matrixStart + 48;
  return Buffer.concat([
    text('mAB \0\0\0\0'),
    u8(3, 3, 0, 0),
    u32(bStart, matrixStart, mStart, gridStart, aStart),
    three,
    grid,
    identity,
    fixed(...matrix),
    identity,
  ]);
}

export const cicp = (...values: [number, number, number, number]) => chunk('cICP', u8(...values));
export const gama = (value: number) => chunk('gAMA', u32(value));
export const srgb = () => chunk('sRGB', u8(0));
/** White, red, green, blue. */
export const chrm = (...values: number[]) =>
  chunk('cHRM', u32(...values.map((value) => Math.round(value * 100_000))));
export const iccp = (profile: Buffer) => chunk('iCCP', text('icc\0\0'), deflateSync(profile));
/** Inserts chunks after IHDR. */
export const withChunks = (png: Buffer, ...chunks: Buffer[]) =>
  Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);

/** Inserts a profile in segments of a size, ICC.1:2022 annex B.4. */
export function withJpegProfile(jpeg: Buffer, profile: Buffer, size = 65_519): Buffer {
  const count = Math.ceil(profile.length / size);
  const segments = Array.from({ length: count }, (_, i) => {
    const part = profile.subarray(i * size, (i + 1) * size);
    return segment(0xe2, text('ICC_PROFILE\0'), u8(i + 1, count), part);
  });
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}
