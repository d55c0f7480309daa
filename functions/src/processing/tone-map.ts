/**
 * Shows HDR pixels (PQ and HLG) on a display of standard range, as Chromium does: a white of 203 cd/m2
 * (ITU-R BT.2408) and the Reference White Tone Mapping Operator of SMPTE ST 2094-50, annex C, for a
 * display without headroom. https://skia.googlesource.com/skia/+/main/src/codec/SkHdrAgtm.cpp
 *
 * Light up to the white is halved, so that light up to the peak of the image, 1,000 cd/m2, keeps its
 * detail: it follows a Bezier curve up to the white of the display. One factor applies to all channels, so
 * hues stay. Metadata about the peak of the image (MaxCLL) is ignored.
 */
import type { Vector } from './matrix.js';

/** Light of a white page, and the brightest light, cd/m2. */
const WHITE = 203;
const PEAK = 1000;

/** SMPTE ST 2084, section 5. @returns light, 1 is WHITE */
export function pqToWhites(value: number): number {
  const root = value ** (32 / 2523);
  const base = Math.max(0, root - 107 / 128) / (2413 / 128 - (2392 / 128) * root);
  return (10_000 / WHITE) * base ** (8192 / 1305);
}

/** ITU-R BT.2100, table 5, inverse OETF. @returns light at the camera, 0 to 1 */
export function hlgToCameraLight(value: number): number {
  if (value <= 0.5) return (value * value) / 3;
  return (Math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12;
}

/** ITU-R BT.2100, table 5: the luminance of BT.2020, and the gamma of a display of PEAK. */
const LUMINANCE: Vector = [0.2627, 0.678, 0.0593];
const SYSTEM_GAMMA = 1.2;

/** ITU-R BT.2100, table 5, OOTF. @returns the factor from light at the camera to light of a display, 1 is WHITE */
export function hlgSystemGain(r: number, g: number, b: number): number {
  const luminance = LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b;
  return (PEAK / WHITE) * Math.max(0, luminance) ** (SYSTEM_GAMMA - 1);
}

/** Formulas C.2 and C.3: the control points of the Bezier curve. */
const KNEE = { x: 1, y: 0.5 };
const MAX = { x: PEAK / WHITE, y: 1 };
const KAPPA = 0.65;
const MIDDLE = {
  x: (1 - KAPPA) * KNEE.x + KAPPA * ((KNEE.x * MAX.y) / KNEE.y),
  y: (1 - KAPPA) * KNEE.y + KAPPA * MAX.y,
};
/** Formula C.5: the coefficients of t^2 and t. */
const A = { x: KNEE.x - 2 * MIDDLE.x + MAX.x, y: KNEE.y - 2 * MIDDLE.y + MAX.y };
const B = { x: 2 * (MIDDLE.x - KNEE.x), y: 2 * (MIDDLE.y - KNEE.y) };

/**
 * @param brightest the largest of the linear channels in BT.2020, 1 is WHITE
 * @returns the factor that brings a color into the range of the display
 */
export function toneMapGain(brightest: number): number {
  if (brightest <= KNEE.x) return KNEE.y / KNEE.x;
  if (brightest >= MAX.x) return MAX.y / brightest;
  // Formula C.4, solved for t.
  const t = (Math.sqrt(B.x * B.x + 4 * A.x * (brightest - KNEE.x)) - B.x) / (2 * A.x);
  return (KNEE.y + t * (B.y + t * A.y)) / brightest;
}
