/** Pixels -> fewer pixels. */
import type { Size } from '../domain/variant.js';
import { frameOf, toSharp, type RawImage } from './raw-image.js';
import type { Step } from './resize-plan.js';
import { orTooMuch } from './vips.js';

/** Part of a picture, pixels from its top left corner. */
interface Region extends Size {
  left: number;
  top: number;
}

/** @param picture the whole original, at least as large as `step.whole` */
export async function shrink(picture: RawImage, step: Step): Promise<RawImage> {
  if (!step.crop && isOf(step, picture)) return picture;
  const { width, height } = step;
  const region = step.crop && (await regionOf(picture, step, step.crop));
  const frames: Buffer[] = [];
  // Frame by frame: resized as one tall picture, each two would mix at their common edge.
  for (let index = 0; index < picture.frames; index++) {
    frames.push(await shrinkFrame(frameOf(picture, index), step.whole, region));
  }
  return {
    ...picture,
    width,
    height,
    data: frames.length > 1 ? Buffer.concat(frames) : (frames[0] as Buffer),
  };
}

function shrinkFrame(frame: RawImage, whole: Size, region?: Region): Promise<Buffer> {
  const image = toSharp(frame);
  // `fill`: the size was computed from the original, so no rounding happens twice.
  if (!isOf(whole, frame)) image.resize({ width: whole.width, height: whole.height, fit: 'fill' });
  if (region) image.extract(region);
  return orTooMuch(image.raw().toBuffer());
}

async function regionOf(
  picture: RawImage,
  step: Step,
  crop: 'centre' | 'attention',
): Promise<Region> {
  const { width, height, whole } = step;
  const across = whole.width - width;
  const down = whole.height - height;
  if (crop === 'centre') {
    return { width, height, left: Math.floor(across / 2), top: Math.floor(down / 2) };
  }
  // Of what moves, the first frame says where to look, so that the view does not jump.
  const { info } = await orTooMuch(
    toSharp(frameOf(picture, 0))
      .resize({ width, height, fit: 'cover', position: 'attention' })
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  const offset = (found: number | undefined, most: number) =>
    Math.min(most, Math.abs(found ?? Math.floor(most / 2)));
  return {
    width,
    height,
    left: offset(info.cropOffsetLeft, across),
    top: offset(info.cropOffsetTop, down),
  };
}

const isOf = (a: Size, b: Size) => a.width === b.width && a.height === b.height;
