/**
 * Finds the RGB color space that a color description means, as Chromium does: blink's image decoders and
 * Skia's SkPngRustCodec.cpp (PNG), SkColorSpace::MakeCICP (ITU-T H.273) and skcms (ICC).
 */
import type {
  Chromaticities,
  Chromaticity,
  CodePoints,
  ColorDescription,
} from './color-description.js';
import { parametricCurve, type Curve, type Curves } from './icc-curve.js';
import { readIccProfile, type IccProfile } from './icc-profile.js';
import type { ColorTable } from './icc-table.js';
import { apply, D50, fromColumns, invert, multiply, type Matrix, type Vector } from './matrix.js';
import { hlgToCameraLight, pqToWhites } from './tone-map.js';

export interface RgbSpace {
  curves: Curves;
  /** Linear RGB to linear sRGB. */
  toSrgb: Matrix;
  /** Present when values exceed the white of a standard display, and must be tone-mapped. */
  hdr?: {
    /** HLG is the light at the camera; that of a display follows from it (ITU-R BT.2100, table 5). */
    isHlg: boolean;
    /** Linear RGB to linear BT.2020, in which the tone mapping works. */
    toBt2020: Matrix;
  };
}

/** Pixels whose colors only a table in several dimensions describes. */
export interface TableSpace {
  table: ColorTable;
  /** XYZ relative to D50 to linear sRGB. */
  toSrgb: Matrix;
}

export type ColorSpace = RgbSpace | TableSpace;

/** How a file stores colors. */
export type ColorModel = 'gray' | 'rgb' | 'cmyk';

/** @returns undefined when the pixels count as sRGB, or as CMYK without a profile */
export function findColorSpace(
  { icc, cicp, gamma, chromaticities }: ColorDescription,
  model: ColorModel,
): ColorSpace | undefined {
  const space = cicp && cicpSpace(cicp);
  if (space) return space;
  const profile = icc && readIccProfile(icc);
  // A profile for other pixels is not applied, but takes precedence over a gamma.
  if (profile) return PROFILES[model].includes(profile.space) ? iccSpace(profile) : undefined;
  return gamma === undefined ? undefined : gammaSpace(gamma, chromaticities);
}

/** Which profiles apply: one for RGB also to a file with equal red, green and blue. */
const PROFILES = { gray: ['GRAY', 'RGB'], rgb: ['RGB'], cmyk: ['CMYK'] };

function iccSpace({ rgb, table, cicp }: IccProfile): ColorSpace | undefined {
  return (
    (cicp && cicpSpace(withSrgbCurve(cicp))) ??
    (table && { table, toSrgb: SRGB_FROM_XYZ }) ??
    (rgb && toRgbSpace(rgb.curves, rgb.toXyz))
  );
}

/**
 * The boxes `colr` of AVIF and HEIC: a profile takes precedence over code points. Of those, unspecified
 * means sRGB, and the curves of cameras (BT.709, BT.601, BT.2020) count as the curve of sRGB, as in
 * Chromium (ui/gfx/color_space.cc, GetTransferFunction).
 */
export function heifDescription({ icc, cicp }: ColorDescription): ColorDescription {
  if (icc) return { icc };
  if (!cicp) return {};
  const primaries = cicp.primaries === UNSPECIFIED ? BT709 : cicp.primaries;
  const isCamera = [UNSPECIFIED, BT2020_10, BT2020_12].includes(cicp.transfer);
  const transfer = isCamera ? SRGB_TRANSFER : cicp.transfer;
  const result = withSrgbCurve({ primaries, transfer });
  const isSrgb = primaries === BT709 && result.transfer === SRGB_TRANSFER;
  return isSrgb ? {} : { cicp: result };
}

/** As Chromium reads the code points of ICC profiles (the source file skia/ext/cicp.cc). */
function withSrgbCurve({ primaries, transfer }: CodePoints): CodePoints {
  const isCamera = [BT709, BT601, IEC61966_2_4].includes(transfer);
  return { primaries, transfer: isCamera ? SRGB_TRANSFER : transfer };
}

/** Code points of ITU-T H.273: tables 2 and 3. */
const BT709 = 1;
const UNSPECIFIED = 2;
const BT601 = 6;
const IEC61966_2_4 = 11;
export const SRGB_TRANSFER = 13;
const BT2020_10 = 14;
const BT2020_12 = 15;
const PQ = 16;
const HLG = 18;
const BT2020_PRIMARIES = 9;
export const P3_PRIMARIES = 12;

function cicpSpace({ primaries, transfer }: CodePoints): RgbSpace | undefined {
  const chromaticities = PRIMARIES[primaries];
  const curve = TRANSFERS[transfer];
  const toXyz = chromaticities && primariesToXyz(chromaticities);
  if (!toXyz || !curve) return undefined;
  const space = toRgbSpace([curve, curve, curve], toXyz);
  if (transfer !== PQ && transfer !== HLG) return space;
  const toBt2020 = multiply(BT2020_FROM_XYZ, toXyz);
  return { ...space, hdr: { isHlg: transfer === HLG, toBt2020 } };
}

/**
 * PNG `gAMA`. Alone, a gamma near 1/2.2 means sRGB: encoders write it for sRGB, PNG (third edition)
 * section 11.3.2.2. The range is that of libpng, PNG_GAMMA_THRESHOLD.
 */
function gammaSpace(
  gamma: number,
  chromaticities: Chromaticities | undefined,
): RgbSpace | undefined {
  if (gamma <= 0 || (!chromaticities && Math.abs(gamma * 2.2 - 1) < 0.05)) return undefined;
  const toXyz = chromaticities ? primariesToXyz(chromaticities) : SRGB_TO_XYZ;
  const curve: Curve = (value) => value ** (1 / gamma);
  return toXyz && toRgbSpace([curve, curve, curve], toXyz);
}

function toRgbSpace(curves: Curves, toXyz: Matrix): RgbSpace {
  return { curves, toSrgb: multiply(SRGB_FROM_XYZ, toXyz) };
}

/** CSS Color 4, section 17: the Bradford matrix. */
const BRADFORD: Matrix = [
  ...([0.8951, 0.2664, -0.1614] as const),
  ...([-0.7502, 1.7135, 0.0367] as const),
  ...([0.0389, -0.0685, 1.0296] as const),
];

/** @returns linear RGB to XYZ, adapted to D50; undefined when the points make no triangle */
function primariesToXyz(points: Chromaticities): Matrix | undefined {
  const { white, red, green, blue } = points;
  if ([white, red, green, blue].flat().some((value) => !(value >= 0 && value <= 1))) {
    return undefined;
  }
  const xyz = ([x, y]: Chromaticity): Vector => [x, y, 1 - x - y];
  const columns = fromColumns(xyz(red), xyz(green), xyz(blue));
  const inverse = invert(columns);
  const bradfordInverse = invert(BRADFORD);
  if (!inverse || !bradfordInverse || white[1] === 0) return undefined;
  const whiteXyz = xyz(white).map((value) => value / white[1]) as unknown as Vector;
  const scales = apply(inverse, whiteXyz);
  const source = apply(BRADFORD, whiteXyz);
  const adaptation = apply(BRADFORD, D50).map((value, i) => value / (source[i] as number));
  const result = [
    bradfordInverse,
    diagonal(adaptation as unknown as Vector),
    BRADFORD,
    columns,
    diagonal(scales),
  ].reduce(multiply);
  return result.every(Number.isFinite) ? result : undefined;
}

const diagonal = ([x, y, z]: Vector): Matrix => [x, 0, 0, 0, y, 0, 0, 0, z];

const D65: Chromaticity = [0.3127, 0.329];
const ILLUMINANT_C: Chromaticity = [0.31, 0.316];

function points(
  white: Chromaticity,
  ...[red, green, blue]: [red: Chromaticity, green: Chromaticity, blue: Chromaticity]
): Chromaticities {
  return { white, red, green, blue };
}

const BT601_POINTS = points(D65, [0.63, 0.34], [0.31, 0.595], [0.155, 0.07]);
const BT709_POINTS = points(D65, [0.64, 0.33], [0.3, 0.6], [0.15, 0.06]);
/** As in CSS Color 4, section 10.3; the curve of display-p3 is that of sRGB. */
const P3_POINTS = points(D65, [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]);
const BT2020_POINTS = points(D65, [0.708, 0.292], [0.17, 0.797], [0.131, 0.046]);

/** ITU-T H.273, table 2. */
const PRIMARIES: Partial<Record<number, Chromaticities>> = {
  [BT709]: BT709_POINTS,
  4: points(ILLUMINANT_C, [0.67, 0.33], [0.21, 0.71], [0.14, 0.08]),
  5: points(D65, [0.64, 0.33], [0.29, 0.6], [0.15, 0.06]),
  6: BT601_POINTS,
  7: BT601_POINTS,
  8: points(ILLUMINANT_C, [0.681, 0.319], [0.243, 0.692], [0.145, 0.049]),
  [BT2020_PRIMARIES]: BT2020_POINTS,
  10: points([1 / 3, 1 / 3], [1, 0], [0, 1], [0, 0]),
  11: points([0.314, 0.351], [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]),
  [P3_PRIMARIES]: P3_POINTS,
  22: points(D65, [0.63, 0.34], [0.295, 0.605], [0.155, 0.077]),
};

/** The curve of a display for the pictures of cameras, as in Chromium: ITU-R BT.1886 without black. */
const cameraCurve: Curve = (value) => value ** 2.4;

/** The inverse of ITU-T H.273's formulas `alpha V^(1/g) - (alpha - 1)` and, below `d`, `slope V`. */
function toParameters(g: number, alpha: number, slope: number, d: number) {
  return { g, a: 1 / alpha, b: (alpha - 1) / alpha, c: 1 / slope, d, e: 0, f: 0 };
}

/** ITU-T H.273, table 3: the inverse of each transfer characteristic. */
const TRANSFERS: Partial<Record<number, Curve>> = {
  [BT709]: cameraCurve,
  4: (value) => value ** 2.2,
  5: (value) => value ** 2.8,
  [BT601]: cameraCurve,
  7: parametricCurve(toParameters(1 / 0.45, 1.1115, 4, 0.0913)),
  8: (value) => value,
  [IEC61966_2_4]: cameraCurve,
  [SRGB_TRANSFER]: parametricCurve(toParameters(2.4, 1.055, 12.92, 0.04045)),
  [BT2020_10]: cameraCurve,
  [BT2020_12]: cameraCurve,
  [PQ]: pqToWhites,
  17: (value) => (52.37 / 48) * value ** 2.6,
  [HLG]: hlgToCameraLight,
};

const SRGB_TO_XYZ = primariesToXyz(BT709_POINTS) as Matrix;
const SRGB_FROM_XYZ = invert(SRGB_TO_XYZ) as Matrix;
export const P3_TO_XYZ = primariesToXyz(P3_POINTS) as Matrix;
const P3_FROM_XYZ = invert(P3_TO_XYZ) as Matrix;
/** Linear sRGB to linear Display P3. */
export const P3_FROM_SRGB = multiply(P3_FROM_XYZ, SRGB_TO_XYZ);
const SRGB_CURVE = TRANSFERS[SRGB_TRANSFER] as Curve;
export const DISPLAY_P3 = toRgbSpace([SRGB_CURVE, SRGB_CURVE, SRGB_CURVE], P3_TO_XYZ);
const BT2020_FROM_XYZ = invert(primariesToXyz(BT2020_POINTS) as Matrix) as Matrix;
