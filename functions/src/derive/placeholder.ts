/** What a page can show before any pixel has arrived, from the decoded picture. */
import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import type { Placeholder } from '../images/records.js';
import { scaled } from '../images/variant.js';
import type { Raw } from './decode.js';

/** ThumbHash takes pictures of at most 100 x 100 pixels. */
const MAX_THUMBHASH_EDGE = 100;

/** @returns ThumbHash (base64) and mean colour (`#rrggbb`) */
export async function placeholderOf(picture: Raw): Promise<Placeholder> {
  const { data, ...raw } = picture;
  const scale = Math.min(1, MAX_THUMBHASH_EDGE / Math.max(raw.width, raw.height));
  const { width, height } = scaled(raw, scale);
  const rgba = await sharp(data, { raw })
    .resize({ width, height, fit: 'fill' })
    .ensureAlpha()
    .raw()
    .toBuffer();
  return {
    thumbhash: Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64'),
    color: meanColor(rgba),
  };
}

/** Mean of the visible pixels, each weighed by its alpha. */
function meanColor(rgba: Buffer): string {
  const sum = [0, 0, 0];
  let weight = 0;
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3] as number;
    weight += alpha;
    for (let c = 0; c < 3; c++) sum[c] = (sum[c] as number) + (rgba[i + c] as number) * alpha;
  }
  const hex = (value: number) =>
    Math.round(weight === 0 ? 255 : value / weight)
      .toString(16)
      .padStart(2, '0');
  return `#${sum.map(hex).join('')}`;
}
