/** How much a rendition is like the original, as SSIM: 1 is equal. */
import { ssim } from '@blazediff/ssim';
import sharp, { type OutputInfo } from 'sharp';

interface Pixels {
  data: Buffer;
  info: OutputInfo;
}

/** The library halves larger pictures until they are about so small, as the reference code of 2004 does. */
const TILE = 320;
/** Its window is 11 pixels wide. */
const LEAST = 16;

/** @returns a function that compares one rendition (its first frame) with this original */
export async function compareWith(
  original: Buffer,
): Promise<(rendition: Buffer) => Promise<number>> {
  // All pixels, without shrink-on-load, in sRGB: what a perfect pipeline would start from.
  const whole = await sharp(original, { limitInputPixels: false })
    .autoOrient()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const references = new Map<string, Promise<Pixels>>();
  return async (rendition) => {
    const found = await rgba(sharp(rendition));
    const { width, height } = found.info;
    const key = `${width}x${height}`;
    const reference =
      references.get(key) ??
      rgba(sharp(whole.data, { raw: whole.info }).resize({ width, height, fit: 'fill' }));
    references.set(key, reference);
    return similarity(await reference, found);
  };
}

/** On white, as a page would show it. */
async function rgba(image: sharp.Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: info })
    .flatten({ background: '#fff' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
}

/** Mean over tiles at full resolution, each weighed by its area. */
function similarity(a: Pixels, b: Pixels): number {
  const { width, height } = a.info;
  let sum = 0;
  let area = 0;
  for (let top = 0; top < height; top += TILE) {
    for (let left = 0; left < width; left += TILE) {
      const tile = {
        left,
        top,
        width: Math.min(TILE, width - left),
        height: Math.min(TILE, height - top),
      };
      if (tile.width < LEAST || tile.height < LEAST) continue;
      const score = ssim(cut(a, tile), cut(b, tile), undefined, tile.width, tile.height);
      sum += score * tile.width * tile.height;
      area += tile.width * tile.height;
    }
  }
  return sum / area;
}

function cut({ data, info }: Pixels, tile: sharp.Region): Buffer {
  const rows = Array.from({ length: tile.height }, (_, row) => {
    const start = ((tile.top + row) * info.width + tile.left) * 4;
    return data.subarray(start, start + tile.width * 4);
  });
  return Buffer.concat(rows);
}
