/** Crops, rotations and mirrors of HEIF in any order, as one crop followed by one orientation. */
import type { Rectangle, Size } from '../../domain/variant.js';

/**
 * How to show a coded image: crop it, mirror the crop left to right and top to bottom, then swap rows and
 * columns. These three make all eight orientations.
 */
export interface Transform {
  /** Pixels of the coded image. */
  crop: Rectangle;
  flipX: boolean;
  flipY: boolean;
  swap: boolean;
}

/** One transformative property, in the order of the file (ISO/IEC 23008-12 section 6.5). */
export type TransformStep =
  | { type: 'crop'; area: Rectangle }
  /** Counterclockwise. */
  | { type: 'rotate'; quarters: number }
  | { type: 'mirror'; axis: 'x' | 'y' };

export function noTransform({ width, height }: Size): Transform {
  return {
    crop: { left: 0, top: 0, width, height },
    flipX: false,
    flipY: false,
    swap: false,
  };
}

/** The size after a transform, pixels. */
export function transformedSize({ crop: { width, height }, swap }: Transform): Size {
  return swap ? { width: height, height: width } : { width, height };
}

export function isIdentity({ crop, flipX, flipY, swap }: Transform, coded: Size): boolean {
  const isWhole = crop.width === coded.width && crop.height === coded.height;
  return isWhole && !flipX && !flipY && !swap;
}

/** Adds a step after a transform. @param step a crop within the size after the transform */
export function addStep(transform: Transform, step: TransformStep): Transform {
  if (step.type === 'crop') return { ...transform, crop: cropAgain(transform, step.area) };
  if (step.type === 'mirror') return mirror(transform, step.axis);
  let result = transform;
  for (let i = 0; i < step.quarters % 4; i++) result = rotateOnce(result);
  return result;
}

/** Maps an area of the transformed image to the coded image. */
function cropAgain({ crop, flipX, flipY, swap }: Transform, area: Rectangle): Rectangle {
  const { left, top, width, height } = swap
    ? { left: area.top, top: area.left, width: area.height, height: area.width }
    : area;
  return {
    left: crop.left + (flipX ? crop.width - left - width : left),
    top: crop.top + (flipY ? crop.height - top - height : top),
    width,
    height,
  };
}

function mirror(transform: Transform, axis: 'x' | 'y'): Transform {
  const { flipX, flipY, swap } = transform;
  return (axis === 'x') === swap
    ? { ...transform, flipY: !flipY }
    : { ...transform, flipX: !flipX };
}

/** The right edge becomes the top. */
function rotateOnce(transform: Transform): Transform {
  const { flipX, flipY, swap } = transform;
  return swap
    ? { ...transform, swap: false, flipY: !flipY }
    : { ...transform, swap: true, flipX: !flipX };
}
