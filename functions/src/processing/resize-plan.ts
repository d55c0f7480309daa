/** Variants of an original -> the distinct pictures to make, each from the smallest one that will do. */
import { coverScale, scaled, variantSize, type Size, type Variant } from '../domain/variant.js';

/** One picture; several variants may come to the same. */
export interface Step extends Size {
  /** The names of the variants that it is. */
  variants: string[];
  /** The whole original at this picture's scale, pixels. */
  whole: Size;
  /** How the picture is cut out of `whole`; absent when it is all of it. */
  crop?: 'centre' | 'attention';
  /** The index of the earlier step that it is shrunk from; absent: from the decoded picture. */
  source?: number;
}

export interface Steps {
  /** The size to decode to, pixels: all that the largest step needs. */
  decoded: Size;
  /** From the largest to the smallest. */
  steps: Step[];
}

/** What is shrunk again is at least so many times larger: twice resampled by little would be soft. */
const LEAST_SHRINK = 2;

/** @param original size after orientation, pixels */
export function stepsOf(variants: readonly Variant[], original: Size): Steps {
  const distinct = new Map<string, Step>();
  for (const variant of variants) {
    const size = variantSize(variant, original);
    const whole = scaled(original, coverScale(variant, original));
    const isWhole = size.width === whole.width && size.height === whole.height;
    const crop = isWhole ? undefined : (variant.crop ?? 'centre');
    const key = [size.width, size.height, whole.width, whole.height, crop].join();
    const step = distinct.get(key);
    if (step) step.variants.push(variant.name);
    else distinct.set(key, { ...size, variants: [variant.name], whole, ...(crop && { crop }) });
  }
  const steps = [...distinct.values()].sort((a, b) => area(b.whole) - area(a.whole));
  const decoded = (steps[0] as Step).whole;
  // Each is at most half as wide as the one before, so that together they stay below 4/3 of the first.
  const sources: { size: Size; index?: number }[] = [{ size: decoded }];
  for (const [index, step] of steps.entries()) {
    const source = sources.findLast(({ size }) => isLarger(size, step.whole));
    if (source?.index !== undefined) step.source = source.index;
    if (!step.crop && source === sources.at(-1)) sources.push({ size: step.whole, index });
  }
  return { decoded, steps };
}

const area = ({ width, height }: Size) => width * height;

const isLarger = (size: Size, than: Size) =>
  size.width >= LEAST_SHRINK * than.width && size.height >= LEAST_SHRINK * than.height;
