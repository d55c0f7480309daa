/** Resizes and crops pixels. */
import type { Crop, Point, Rectangle, Size } from '../domain/variant.js';
import { frameAt, toSharp, type RawImage } from './raw-image.js';
import type { ResizeStep } from './resize-plan.js';
import { toMemoryFailure } from './open-image.js';

/**
 * @param image the whole original, at least as large as `step.fullSize`
 * @param focus the focal point of the original
 * @returns the same object when there is nothing to resize or crop
 * @throws ImageFailure when it takes too long or memory runs out
 */
export async function resize(image: RawImage, step: ResizeStep, focus?: Point): Promise<RawImage> {
  // Bars are added later.
  const { width, height } = step.crop ? step : step.fullSize;
  if (!step.crop && isSameSize(step.fullSize, image)) return image;
  const region = step.crop && (await cropRegion(image, step, step.crop, focus));
  const frames: Buffer[] = [];
  // Frame by frame: resizing all frames as one tall image would blend adjacent frames.
  for (let index = 0; index < image.frames; index++) {
    frames.push(await resizeFrame(frameAt(image, index), step.fullSize, region));
  }
  return {
    ...image,
    width,
    height,
    data: frames.length > 1 ? Buffer.concat(frames) : (frames[0] as Buffer),
  };
}

function resizeFrame(frame: RawImage, fullSize: Size, region?: Rectangle): Promise<Buffer> {
  const image = toSharp(frame);
  // `fill`: the plan has already rounded the size, so sharp must not round again.
  if (!isSameSize(fullSize, frame)) {
    image.resize({ width: fullSize.width, height: fullSize.height, fit: 'fill' });
  }
  if (region) image.extract(region);
  return toMemoryFailure(image.raw().toBuffer());
}

async function cropRegion(
  image: RawImage,
  step: ResizeStep,
  crop: Crop,
  focus: Point = { x: 0.5, y: 0.5 },
): Promise<Rectangle> {
  const { width, height, fullSize } = step;
  const maxLeft = fullSize.width - width;
  const maxTop = fullSize.height - height;
  if (crop === 'centre') {
    return { width, height, left: Math.floor(maxLeft / 2), top: Math.floor(maxTop / 2) };
  }
  if (crop === 'focal') {
    const offset = (center: number, edge: number, max: number) =>
      Math.min(max, Math.max(0, Math.round(center - edge / 2)));
    const left = offset(focus.x * fullSize.width, width, maxLeft);
    return { width, height, left, top: offset(focus.y * fullSize.height, height, maxTop) };
  }
  // All frames of an animation use the crop of the first one, so that the image does not jump.
  const { info } = await toMemoryFailure(
    toSharp(frameAt(image, 0))
      .resize({ width, height, fit: 'cover', position: 'attention' })
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  const toOffset = (cropOffset: number | undefined, max: number) =>
    Math.min(max, Math.abs(cropOffset ?? Math.floor(max / 2)));
  return {
    width,
    height,
    left: toOffset(info.cropOffsetLeft, maxLeft),
    top: toOffset(info.cropOffsetTop, maxTop),
  };
}

const isSameSize = (a: Size, b: Size) => a.width === b.width && a.height === b.height;
