/** Judges a rendition beside its original: SSIM, of which 1 means identical, and SSIMULACRA2. */
import { ssim } from '@blazediff/ssim';
import sharp, { type OutputInfo } from 'sharp';
import { ssimulacra2, type Rgb } from '../quality/ssimulacra2.js';

/** RGBA, opaque. */
export interface Pixels {
  data: Buffer;
  info: OutputInfo;
}

/** Pixels. The library halves larger images to about this size, as the reference code of 2004 does. */
const TILE = 320;
/** Pixels. The window of SSIM is 11 pixels wide. */
const MIN_TILE = 16;

/** @returns a function that compares the first frame of a rendition to the original by SSIM */
export async function createComparison(
  original: Buffer,
): Promise<(rendition: Buffer) => Promise<number>> {
  const pairWith = await createPairs(original);
  return async (rendition) => {
    const { expected, actual } = await pairWith(rendition);
    return similarity(expected, actual);
  };
}

export type Scores = Record<'ssim' | 'ssimulacra2', number>;

/** @returns a function that judges the first frame of a rendition, which takes seconds per megapixel */
export async function createJudge(
  original: Buffer,
): Promise<(rendition: Buffer) => Promise<Scores>> {
  const pairWith = await createPairs(original);
  return async (rendition) => {
    const { expected, actual } = await pairWith(rendition);
    return {
      ssim: similarity(expected, actual),
      ssimulacra2: ssimulacra2(toRgb(expected), toRgb(actual)),
    };
  };
}

/**
 * @returns a function that gives the pixels of a rendition's first frame, and those of the original at the same size,
 *   resized once from all its pixels
 */
export async function createPairs(
  original: Buffer,
): Promise<(rendition: Buffer) => Promise<{ expected: Pixels; actual: Pixels }>> {
  // All pixels, without shrink-on-load, in sRGB.
  const source = await sharp(original, { limitInputPixels: false })
    .autoOrient()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const references = new Map<string, Promise<Pixels>>();
  return async (rendition) => {
    const actual = await toRgba(sharp(rendition));
    const { width, height } = actual.info;
    const key = `${width}x${height}`;
    const reference =
      references.get(key) ??
      toRgba(sharp(source.data, { raw: source.info }).resize({ width, height, fit: 'fill' }));
    references.set(key, reference);
    return { expected: await reference, actual };
  };
}

/** Flattens on white, as a page displays it. */
async function toRgba(image: sharp.Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: info })
    .flatten({ background: '#fff' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
}

export function toRgb({ data, info }: Pixels): Rgb {
  const rgb = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    rgb[to++] = data[from] as number;
    rgb[to++] = data[from + 1] as number;
    rgb[to++] = data[from + 2] as number;
  }
  return { data: rgb, width: info.width, height: info.height };
}

/** The mean over tiles at full resolution, weighted by area. */
export function similarity(a: Pixels, b: Pixels): number {
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
      if (tile.width < MIN_TILE || tile.height < MIN_TILE) continue;
      const score = ssim(
        extractTile(a, tile),
        extractTile(b, tile),
        undefined,
        tile.width,
        tile.height,
      );
      sum += score * tile.width * tile.height;
      area += tile.width * tile.height;
    }
  }
  return sum / area;
}

function extractTile({ data, info }: Pixels, tile: sharp.Region): Buffer {
  const rows = Array.from({ length: tile.height }, (_, row) => {
    const start = ((tile.top + row) * info.width + tile.left) * 4;
    return data.subarray(start, start + tile.width * 4);
  });
  return Buffer.concat(rows);
}
