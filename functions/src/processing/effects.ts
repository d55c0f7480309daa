/** What a variant changes besides the size: gray, blur, bars, watermark. */
import type { Sharp } from 'sharp';
import type { Effects, Size } from '../domain/variant.js';
import type { WatermarkSettings } from '../domain/watermark.js';
import { ImageFailure } from '../errors.js';
import { openImage, toMemoryFailure } from './open-image.js';
import { frameAt, toSharp, type RawImage } from './raw-image.js';

/** WATERMARK, with the bytes of its object. */
export interface Watermark extends Omit<WatermarkSettings, 'object'> {
  /** An image file. */
  bytes: Uint8Array;
}

/** Pixels of a watermark, before it is scaled. */
const MAX_WATERMARK_PIXELS = 16_000_000;

/** The color of bars without `:background`. */
const WHITE = 'ffffff';

/**
 * @param image already resized
 * @param size of the result, at least that of the image: the rest are bars
 * @returns the image with its effects
 * @throws ImageFailure when it takes too long or memory runs out, or `watermark-unavailable`
 */
export async function applyEffects(
  image: RawImage,
  effects: Effects,
  size: Size,
  watermark: Watermark | undefined,
): Promise<RawImage> {
  const { grayscale, blur } = effects;
  const hasBars = size.width > image.width || size.height > image.height;
  if (effects.watermark && !watermark) {
    // Never without it: the picture would be public.
    throw new ImageFailure('watermark-unavailable', 'expected a watermark, found none');
  }
  const overlay = effects.watermark && watermark && (await drawWatermark(watermark, size));
  return mapFrames(image, async (frame) => {
    let result = frame;
    // In two passes: sharp would blur the bars, and the watermark would be gray.
    if (grayscale ?? blur) {
      result = await render(result, (pixels) => {
        if (grayscale) pixels.grayscale().toColourspace('srgb');
        if (blur !== undefined) pixels.blur(blur);
      });
    }
    if (hasBars) {
      result = await render(result, (pixels) =>
        addBars(pixels, result, size, effects.background ?? WHITE),
      );
    }
    if (!overlay) return result;
    const { gravity } = watermark;
    const placement = gravity === undefined ? { tile: true } : { gravity };
    return render(result, (pixels) => {
      pixels.composite([{ ...overlay, ...placement }]);
    });
  });
}

function addBars(pixels: Sharp, image: Size, size: Size, background: string): void {
  const left = Math.floor((size.width - image.width) / 2);
  const top = Math.floor((size.height - image.height) / 2);
  pixels.extend({
    left,
    top,
    right: size.width - image.width - left,
    bottom: size.height - image.height - top,
    background: `#${background}`,
  });
}

/** The watermark as it is drawn: scaled to the rendition, and never larger than it. */
async function drawWatermark({ bytes, scale, opacity }: Watermark, size: Size) {
  const width = Math.max(1, Math.round(size.width * scale));
  try {
    const { data, info } = await openImage(Buffer.from(bytes), MAX_WATERMARK_PIXELS)
      .rotate()
      .toColourspace('srgb')
      .resize({ width, height: size.height, fit: 'inside' })
      .ensureAlpha()
      .linear([1, 1, 1, opacity], [0, 0, 0, 0])
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { input: data, raw: { width: info.width, height: info.height, channels: 4 as const } };
  } catch (error) {
    const detail = `expected a watermark that can be decoded, found ${String(error)}`;
    throw new ImageFailure('watermark-unavailable', detail, { cause: error });
  }
}

/** Runs a pipeline of sharp on a still image. */
async function render(image: RawImage, change: (pixels: Sharp) => void): Promise<RawImage> {
  const pixels = toSharp(image);
  change(pixels);
  const { data, info } = await toMemoryFailure(pixels.raw().toBuffer({ resolveWithObject: true }));
  const { width, height, channels } = info;
  return { data, width, height, channels: channels as 3 | 4, frames: 1 };
}

async function mapFrames(
  image: RawImage,
  change: (frame: RawImage) => Promise<RawImage>,
): Promise<RawImage> {
  const frames: RawImage[] = [];
  for (let index = 0; index < image.frames; index++) {
    frames.push(await change(frameAt(image, index)));
  }
  const [first] = frames as [RawImage];
  const data = frames.length > 1 ? Buffer.concat(frames.map((frame) => frame.data)) : first.data;
  return { ...first, data, frames: frames.length };
}
