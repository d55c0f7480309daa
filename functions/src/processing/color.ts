/** Converts decoded pixels to sRGB, RGB or RGBA with 8 bits. */
import type { ColorModel, ColorSpace, RgbSpace } from './color-space.js';
import { convertByTable, convertPlainCmyk, convertRgb, expandRange } from './convert-pixels.js';
import type { RawImage } from './raw-image.js';

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
  if (!space || (bits === 8 && 'curves' in space && isSrgb(space))) return rgb;
  const target = bits === 16 ? Buffer.allocUnsafeSlow(source.length) : rgb.data;
  if ('table' in space) convertByTable(source, target, rgb.channels, space);
  else convertRgb(source, target, rgb.channels, space);
  return { ...rgb, data: target };
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

/** A color space that changes no color by more than this many levels of 255 counts as sRGB. */
const SRGB_TOLERANCE = 1;

/** A cube of 6 x 6 x 6 colors, as RGB pixels. */
const COLOR_CUBE = Uint8Array.from(
  Array.from({ length: 216 }, (_, i) => [Math.floor(i / 36), Math.floor(i / 6) % 6, i % 6]).flat(),
  (step) => step * 51,
);

/** sRGB profiles have many names and variants, so this compares colors, not names. */
function isSrgb(space: RgbSpace): boolean {
  const converted = new Uint8Array(COLOR_CUBE.length);
  convertRgb(COLOR_CUBE, converted, 3, space);
  return converted.every(
    (level, i) => Math.abs(level - (COLOR_CUBE[i] as number)) <= SRGB_TOLERANCE,
  );
}
