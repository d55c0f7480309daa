/** Computes what a page shows before the image has loaded. */
import { rgbaToThumbHash } from 'thumbhash';
import type { Placeholder } from '../domain/records.js';
import { scaled } from '../domain/variant.js';
import { frameAt, toSharp, type RawImage } from './raw-image.js';
import { toMemoryFailure } from './open-image.js';

/** Pixels of the longer edge. ThumbHash keeps at most seven frequencies per side; more pixels only cost time. */
const THUMBHASH_EDGE = 24;
/**
 * Pixels of the shorter edge: ThumbHash always states five frequencies of alpha, and with fewer pixels it takes
 * noise for a frequency. It also states no aspect ratio beyond 7, so longer strips lose nothing.
 */
const MIN_THUMBHASH_EDGE = 5;

/**
 * @param image the whole original, at any scale
 * @returns ThumbHash (base64) and dominant color (`#rrggbb`) of the first frame
 */
export async function createPlaceholder(image: RawImage): Promise<Placeholder> {
  const size = scaled(image, THUMBHASH_EDGE / Math.max(image.width, image.height));
  const width = Math.max(MIN_THUMBHASH_EDGE, size.width);
  const height = Math.max(MIN_THUMBHASH_EDGE, size.height);
  const small = toSharp(frameAt(image, 0)).resize({ width, height, fit: 'fill' });
  const rgba = await toMemoryFailure(small.ensureAlpha().raw().toBuffer());
  return {
    thumbhash: Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64'),
    color: dominantColor(rgba),
  };
}

/**
 * The mean color of the histogram bin with the most pixels, weighted by alpha; eight bins per
 * channel. White when every pixel is transparent.
 */
function dominantColor(rgba: Uint8Array): string {
  const binOf = (i: number) =>
    ((level(i) >> 5) << 6) | ((level(i + 1) >> 5) << 3) | (level(i + 2) >> 5);
  const level = (i: number) => rgba[i] as number;
  const weights = new Float64Array(8 * 8 * 8);
  for (let i = 0; i < rgba.length; i += 4) {
    weights[binOf(i)] = (weights[binOf(i)] as number) + level(i + 3);
  }
  const maxWeight = Math.max(...weights);
  if (maxWeight === 0) return '#ffffff';
  const dominantBin = weights.indexOf(maxWeight);
  const sums = [0, 0, 0];
  for (let i = 0; i < rgba.length; i += 4) {
    if (binOf(i) !== dominantBin) continue;
    for (let c = 0; c < 3; c++) sums[c] = (sums[c] as number) + level(i + c) * level(i + 3);
  }
  const toHex = (sum: number) =>
    Math.round(sum / maxWeight)
      .toString(16)
      .padStart(2, '0');
  return `#${sums.map(toHex).join('')}`;
}
