/** Converts the colors of pixels to sRGB. */
import type { RgbSpace, TableSpace } from './color-space.js';
import { sampleCurve } from './icc-curve.js';
import { createTableEvaluator } from './icc-table.js';
import { hlgSystemGain, toneMapGain } from './tone-map.js';

/** Channels of 8 or 16 bits, pixel by pixel. */
export type Samples = Uint8Array | Uint16Array;

/** Encoded sRGB (0 to 255) of each linear value (0 to ENCODING_STEPS): the steps are finer than a level. */
const ENCODING_STEPS = 65_535;
let encodingTable: Uint8Array | undefined;

/** IEC 61966-2-1. */
function createEncodingTable(): Uint8Array {
  const table = new Uint8Array(ENCODING_STEPS + 1);
  for (let i = 0; i <= ENCODING_STEPS; i++) {
    const linear = i / ENCODING_STEPS;
    const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    table[i] = Math.round(255 * encoded);
  }
  return table;
}

/** Clips to the range of sRGB. A curve of a damaged profile may yield NaN, which becomes 0. */
function toStep(linear: number): number {
  if (linear >= 1) return ENCODING_STEPS;
  return linear > 0 ? (linear * ENCODING_STEPS + 0.5) | 0 : 0;
}

const maxOf = (samples: Samples) => 256 ** samples.BYTES_PER_ELEMENT - 1;

/**
 * @param source RGB, or RGBA with alpha that is not premultiplied
 * @param target receives as many channels; may be `source`
 */
export function convertRgb(
  source: Samples,
  target: Uint8Array,
  channels: 3 | 4,
  space: RgbSpace,
): void {
  const max = maxOf(source);
  const [red, green, blue] = space.curves;
  const reds = sampleCurve(red, max);
  const greens = green === red ? reds : sampleCurve(green, max);
  const blues = blue === red ? reds : sampleCurve(blue, max);
  const encoding = (encodingTable ??= createEncodingTable());
  const { toSrgb, hdr } = space;
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = toSrgb;
  for (let i = 0; i < source.length; i += channels) {
    let r = reds[source[i] as number] as number;
    let g = greens[source[i + 1] as number] as number;
    let b = blues[source[i + 2] as number] as number;
    if (hdr) {
      const gain = displayGain(r, g, b, hdr);
      r *= gain;
      g *= gain;
      b *= gain;
    }
    target[i] = encoding[toStep(m0 * r + m1 * g + m2 * b)] as number;
    target[i + 1] = encoding[toStep(m3 * r + m4 * g + m5 * b)] as number;
    target[i + 2] = encoding[toStep(m6 * r + m7 * g + m8 * b)] as number;
    if (channels === 4) {
      const alpha = source[i + 3] as number;
      target[i + 3] = max === 255 ? alpha : alpha >> 8;
    }
  }
}

/** @returns the factor that brings the light of a pixel into the range of a standard display */
function displayGain(
  r: number,
  g: number,
  b: number,
  { isHlg, toBt2020: m }: NonNullable<RgbSpace['hdr']>,
): number {
  const wideRed = m[0] * r + m[1] * g + m[2] * b;
  const wideGreen = m[3] * r + m[4] * g + m[5] * b;
  const wideBlue = m[6] * r + m[7] * g + m[8] * b;
  const gain = isHlg ? hlgSystemGain(wideRed, wideGreen, wideBlue) : 1;
  return gain * toneMapGain(gain * Math.max(wideRed, wideGreen, wideBlue));
}

/**
 * @param source RGB or RGBA; for a table of four channels, CMYK that convertPlainCmyk has converted
 * @param target receives as many channels; may be `source`
 */
export function convertByTable(
  source: Samples,
  target: Uint8Array,
  channels: 3 | 4,
  { table, toSrgb: m }: TableSpace,
): void {
  const max = maxOf(source);
  const evaluate = createTableEvaluator(table);
  const encoding = (encodingTable ??= createEncodingTable());
  // Chromium applies a profile for CMYK to the RGB of plain CMYK, as inks without black.
  const isInk = table.channels === 4;
  const inputs = Math.min(3, table.channels);
  const color = new Float64Array(4);
  for (let i = 0; i < source.length; i += channels) {
    for (let c = 0; c < inputs; c++) {
      const value = (source[i + c] as number) / max;
      color[c] = isInk ? 1 - value : value;
    }
    if (isInk) color[3] = 0;
    evaluate(color);
    const [x, y, z] = [color[0] as number, color[1] as number, color[2] as number];
    target[i] = encoding[toStep(m[0] * x + m[1] * y + m[2] * z)] as number;
    target[i + 1] = encoding[toStep(m[3] * x + m[4] * y + m[5] * z)] as number;
    target[i + 2] = encoding[toStep(m[6] * x + m[7] * y + m[8] * z)] as number;
    if (channels === 4) {
      const alpha = source[i + 3] as number;
      target[i + 3] = max === 255 ? alpha : alpha >> 8;
    }
  }
}

/**
 * Converts CMYK without a profile as browsers do: inks are filters that multiply.
 * @param target receives RGB; may be `source`
 */
export function convertPlainCmyk(source: Uint8Array, target: Uint8Array): void {
  for (let i = 0, o = 0; i < source.length; i += 4) {
    const black = 255 - (source[i + 3] as number);
    for (let c = 0; c < 3; c++) {
      target[o++] = Math.round(((255 - (source[i + c] as number)) * black) / 255);
    }
  }
}

/** Expands colors from the range of video, 16 to 235 of 255, to the full range, in place; keeps alpha. */
export function expandRange(samples: Samples, channels: 3 | 4): void {
  const max = maxOf(samples);
  const [black, white] = [(16 / 255) * max, (235 / 255) * max];
  const expanded = Uint16Array.from({ length: max + 1 }, (_, level) => {
    const part = (level - black) / (white - black);
    return Math.round(max * Math.min(1, Math.max(0, part)));
  });
  for (let i = 0; i < samples.length; i++) {
    if (channels === 4 && i % 4 === 3) continue;
    samples[i] = expanded[samples[i] as number] as number;
  }
}
