/** What a page can show before any pixel has arrived. */
import { rgbaToThumbHash } from 'thumbhash';
import type { Placeholder } from '../domain/records.js';
import { scaled } from '../domain/variant.js';
import { frameOf, toSharp, type RawImage } from './raw-image.js';
import { orTooMuch } from './vips.js';

/** ThumbHash keeps seven waves a side at most, which so many pixels hold; its work grows with each more. */
const THUMBHASH_EDGE = 24;

/**
 * @param picture all of the original, at any scale
 * @returns ThumbHash (base64) and dominant colour (`#rrggbb`)
 */
export async function placeholderOf(picture: RawImage): Promise<Placeholder> {
  const scale = Math.min(1, THUMBHASH_EDGE / Math.max(picture.width, picture.height));
  const { width, height } = scaled(picture, scale);
  const small = toSharp(frameOf(picture, 0)).resize({ width, height, fit: 'fill' });
  const rgba = await orTooMuch(small.ensureAlpha().raw().toBuffer());
  return {
    thumbhash: Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64'),
    color: dominantColor(rgba),
  };
}

/** The mean of the fullest bin, eight bins a channel; white where nothing is visible. */
function dominantColor(rgba: Uint8Array): string {
  const binOf = (i: number) =>
    ((level(i) >> 5) << 6) | ((level(i + 1) >> 5) << 3) | (level(i + 2) >> 5);
  const level = (i: number) => rgba[i] as number;
  const weights = new Float64Array(8 * 8 * 8);
  for (let i = 0; i < rgba.length; i += 4) {
    weights[binOf(i)] = (weights[binOf(i)] as number) + level(i + 3);
  }
  const weight = Math.max(...weights);
  if (weight === 0) return '#ffffff';
  const fullest = weights.indexOf(weight);
  const sums = [0, 0, 0];
  for (let i = 0; i < rgba.length; i += 4) {
    if (binOf(i) !== fullest) continue;
    for (let c = 0; c < 3; c++) sums[c] = (sums[c] as number) + level(i + c) * level(i + 3);
  }
  const hex = (sum: number) =>
    Math.round(sum / weight)
      .toString(16)
      .padStart(2, '0');
  return `#${sums.map(hex).join('')}`;
}
