/** Converts decoded pixels to sRGB or Display P3, RGB or RGBA with 8 bits. */
import {
  DISPLAY_P3,
  P3_FROM_SRGB,
  type ColorModel,
  type ColorSpace,
  type RgbSpace,
} from './color-space.js';
import {
  convertByTable,
  convertPlainCmyk,
  convertRgb,
  expandRange,
  type Samples,
} from './convert-pixels.js';
import { sampleCurve } from './icc-curve.js';
import { apply, multiply } from './matrix.js';
import type { RawImage } from './raw-image.js';

/** The color space of renditions: sRGB, or Display P3 for originals with colors that sRGB has not. */
export type OutputSpace = 'srgb' | 'p3';

export interface PixelFormat {
  model: ColorModel;
  /** Of a channel; 16 stands for any number from 9 to 16. */
  bits: 8 | 16;
  /** Gray in the range of video: black is 16 of 255, white is 235 (ITU-T H.273, section 8.3). */
  isLimited?: boolean;
}

/**
 * Pixels as decoded, in the color space of the file: gray as RGB, CMYK as four channels. With 16 bits, `data` holds
 * numbers of two bytes in the byte order of this machine.
 */
export interface DecodedImage extends RawImage, PixelFormat {}

/**
 * Converts already resized pixels: before the resize, up to four times as many pixels would be
 * converted. The averaging of a resize thus sees colors outside sRGB before they are clipped, which
 * changes only edges between two such colors (color.test.ts bounds the difference). 16 bits become 8 only
 * here, so that the curve of the color space makes no bands.
 *
 * The conversion follows Chromium: curves and a matrix, or the perceptual table of a profile, then clipping
 * to sRGB. sharp cannot do it: it converts 16 bits to Display P3 and takes the result for sRGB, and it
 * knows neither PNG gamma nor HDR. A profile that cannot be read is ignored.
 * @param image 16 bits only with a color space; the pixels may be overwritten
 * @param space undefined for sRGB, and for CMYK without a profile
 */
export function toSrgb(image: DecodedImage, space: ColorSpace | undefined): RawImage {
  const { model, bits, isLimited, ...rest } = image;
  const rgb = model === 'cmyk' ? plainCmykToRgb(rest) : rest;
  const source = bits === 16 ? toNumbers(rgb.data) : rgb.data;
  if (isLimited) expandRange(source, rgb.channels);
  if (!space || (bits === 8 && isUnchanged(space))) return rgb;
  const target = bits === 16 ? Buffer.allocUnsafeSlow(source.length) : rgb.data;
  convert(source, target, rgb.channels, space);
  return { ...rgb, data: target };
}

/** As `toSrgb`, but the result is in Display P3. */
export function toDisplayP3(image: DecodedImage, space: ColorSpace): RawImage {
  return { ...toSrgb(image, seenFromP3(space)), isP3: true };
}

/** @returns the image itself when it is in sRGB, otherwise a copy that is */
export function p3ToSrgb(image: RawImage): RawImage {
  const { isP3, ...rest } = image;
  if (!isP3) return image;
  const copy = { ...rest, data: Buffer.from(rest.data) };
  return toSrgb({ ...copy, model: 'rgb', bits: 8 }, DISPLAY_P3);
}

/**
 * Whether the conversion has left all colors as they are in the file.
 * @param space that of the file
 */
export function keepsColors(space: ColorSpace | undefined, { isP3 }: RawImage): boolean {
  return !space || isUnchanged(isP3 ? seenFromP3(space) : space);
}

/** The same space, converted to linear Display P3 by what converts others to linear sRGB. */
function seenFromP3<Space extends ColorSpace>(space: Space): Space {
  return { ...space, toSrgb: multiply(P3_FROM_SRGB, space.toSrgb) };
}

function convert(source: Samples, target: Uint8Array, channels: 3 | 4, space: ColorSpace): void {
  if ('table' in space) convertByTable(source, target, channels, space);
  else convertRgb(source, target, channels, space);
}

function plainCmykToRgb(image: RawImage): RawImage {
  const { data } = image;
  convertPlainCmyk(data, data);
  return { ...image, channels: 3, data: data.subarray(0, (data.length / 4) * 3) };
}

/** Copies when the bytes do not start at an even address. */
function toNumbers(data: Buffer): Uint16Array {
  const { buffer, byteOffset, length } = data.byteOffset % 2 === 0 ? data : Buffer.from(data);
  return new Uint16Array(buffer, byteOffset, length / 2);
}

/** A conversion that changes no color by more than this many levels of 255 is left out. */
const LEVEL_TOLERANCE = 1;

/** A cube of 6 x 6 x 6 colors, as RGB pixels. */
const COLOR_CUBE = Uint8Array.from(
  Array.from({ length: 216 }, (_, i) => [Math.floor(i / 36), Math.floor(i / 6) % 6, i % 6]).flat(),
  (step) => step * 51,
);

/** Profiles of one color space have many names and variants, so this compares colors, not names. */
function isUnchanged(space: ColorSpace): space is RgbSpace {
  if ('table' in space) return false;
  const converted = convertCube(space);
  return converted.every(
    (level, i) => Math.abs(level - (COLOR_CUBE[i] as number)) <= LEVEL_TOLERANCE,
  );
}

function convertCube(space: ColorSpace): Uint8Array {
  const converted = new Uint8Array(COLOR_CUBE.length);
  convert(COLOR_CUBE, converted, 3, space);
  return converted;
}

/** Of linear light, 1 is white: above the rounding of 8 bits, and the differences between profiles of sRGB. */
const GAMUT_TOLERANCE = 0.02;

/** Whether a color space has colors that sRGB has not. Those beyond Display P3 count as its nearest. */
export function isWiderThanSrgb(space: ColorSpace): boolean {
  const levels = convertCube(seenFromP3(space));
  const linear = sampleCurve(DISPLAY_P3.curves[0], 255);
  for (let i = 0; i < levels.length; i += 3) {
    const [r = 0, g = 0, b = 0] = [...levels.subarray(i, i + 3)].map((level) => linear[level]);
    const inSrgb = apply(DISPLAY_P3.toSrgb, [r, g, b]);
    if (Math.min(...inSrgb) < -GAMUT_TOLERANCE || Math.max(...inSrgb) > 1 + GAMUT_TOLERANCE) {
      return true;
    }
  }
  return false;
}
