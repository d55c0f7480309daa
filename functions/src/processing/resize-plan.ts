/** Plans the resizes of an image: which sizes to produce, and from which larger size each is resized. */
import {
  coverScale,
  effectsOf,
  scaled,
  variantSize,
  type Crop,
  type Effects,
  type Size,
  type Variant,
} from '../domain/variant.js';

/** One size to produce; `width` and `height` are the result's, pixels. */
export interface ResizeStep extends Size {
  /** The names of all variants with exactly this result. */
  variants: string[];
  /** The size of the whole original at this step's scale, pixels. */
  fullSize: Size;
  /** How the result is cropped from `fullSize`; absent: not at all. */
  crop?: Crop;
  /** Present: the result has bars around `fullSize`, or shows it changed. */
  effects?: Effects;
  /** As in `Variant`, bytes. */
  maxBytes?: number;
  /** As in `Variant`. */
  format?: 'png';
  quality?: number;
  /** The index of the earlier step whose pixels are resized; absent: the decoded image's. */
  source?: number;
}

export interface ResizePlan {
  /** The size to decode to, pixels: that of the largest step. */
  decodeSize: Size;
  /** From the largest to the smallest. */
  steps: ResizeStep[];
}

/** A source is at least this many times larger: resizing twice by less would make the image soft. */
const MIN_REDUCTION = 2;

/** @param original size after orientation, pixels */
export function planResizes(variants: readonly Variant[], original: Size): ResizePlan {
  const distinct = new Map<string, ResizeStep>();
  for (const variant of variants) {
    const size = variantSize(variant, original);
    const fullSize = scaled(original, coverScale(variant, original));
    const isWhole = size.width === fullSize.width && size.height === fullSize.height;
    const crop = isWhole || variant.fit === 'contain' ? undefined : (variant.crop ?? 'centre');
    const { name, maxBytes, format, quality, grayscale, blur, background, watermark } = variant;
    const look = effectsOf(variant);
    const shape = [size.width, size.height, fullSize.width, fullSize.height, crop];
    const key = [...shape, maxBytes, format, quality, look].join();
    const step = distinct.get(key);
    if (step) step.variants.push(name);
    else {
      distinct.set(key, {
        ...size,
        variants: [name],
        fullSize,
        ...(crop && { crop }),
        ...(look !== undefined && {
          effects: {
            ...(grayscale && { grayscale }),
            ...(blur !== undefined && { blur }),
            ...(background !== undefined && { background }),
            ...(watermark && { watermark }),
          },
        }),
        ...(maxBytes !== undefined && { maxBytes }),
        ...(format !== undefined && { format }),
        ...(quality !== undefined && { quality }),
      });
    }
  }
  const steps = [...distinct.values()].sort((a, b) => area(b.fullSize) - area(a.fullSize));
  const decodeSize = (steps[0] as ResizeStep).fullSize;
  // Each source is at most half as wide as the one before: all together hold at most 4/3 of the
  // pixels of the first.
  const sources: { size: Size; index?: number }[] = [{ size: decodeSize }];
  for (const [index, step] of steps.entries()) {
    const source = sources.findLast(({ size }) => canBeSource(size, step.fullSize));
    if (source?.index !== undefined) step.source = source.index;
    // A step whose format is not animated has only the first frame.
    const isSource = !step.crop && !step.effects && !isStill(step);
    if (isSource && source === sources.at(-1)) sources.push({ size: step.fullSize, index });
  }
  return { decodeSize, steps };
}

/** Whether a step has renditions of one format only, which is not animated. */
export const isStill = ({ maxBytes, format }: Pick<ResizeStep, 'maxBytes' | 'format'>) =>
  maxBytes !== undefined || format !== undefined;

const area = ({ width, height }: Size) => width * height;

const canBeSource = (source: Size, target: Size) =>
  source.width >= MIN_REDUCTION * target.width && source.height >= MIN_REDUCTION * target.height;
