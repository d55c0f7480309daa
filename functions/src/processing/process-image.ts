/**
 * Bytes in, renditions out. The original is decoded once, to the largest size that any variant
 * needs; each picture is shrunk from the smallest one before it that will do, each format encoded
 * from the picture's pixels. How fast that is, and why: docs/derive.md.
 */
import { availableParallelism } from 'node:os';
import type { Format } from '../domain/format.js';
import type { Placeholder } from '../domain/records.js';
import type { Size, Variant } from '../domain/variant.js';
import { decode } from './decode.js';
import { encode, type Encoders } from './encode.js';
import { readHeader } from './header.js';
import { runWithConcurrency } from './concurrency.js';
import type { Bounds } from './limits.js';
import { placeholderOf } from './placeholder.js';
import type { RawImage } from './raw-image.js';
import { shrink } from './resize.js';
import { stepsOf, type Step } from './resize-plan.js';

export interface Rendition extends Size {
  /** The names of the variants that it is: one, unless several come to the same. */
  variants: string[];
  format: Format;
  data: Buffer;
}

export interface ProcessedImage {
  /** The original's size in pixels, orientation applied. */
  original: Size;
  placeholder: Placeholder;
  /** Every variant in every format, none of them twice. */
  renditions: Rendition[];
}

export interface ProcessSettings extends Bounds {
  variants: readonly Variant[];
  formats: readonly Format[];
}

/** Each encode is one thread and holds its picture several times more: large ones go one by one. */
const MAX_LANES = 4;
/** Pixels, of all frames. */
const LARGE = 4_000_000;

/**
 * @param bytes the uploaded file, whole
 * @param plan which variants in which formats, and what an upload may cost
 * @param encoders other than the shipped ones, for comparison
 * @throws ImageFailure when no retry can make an image of these bytes
 */
export async function processImage(
  bytes: Buffer,
  plan: ProcessSettings,
  encoders?: Encoders,
): Promise<ProcessedImage> {
  const header = await readHeader(bytes, plan);
  const { decoded, steps } = stepsOf(plan.variants, header.size);
  const picture = await decode(bytes, header, decoded, plan);
  const smallest = steps.findLastIndex((step) => !step.crop);
  const pixelsOf = pictures(picture, steps, (index) =>
    index === smallest ? plan.formats.length + 1 : plan.formats.length,
  );
  const tasksFor = (wanted: (step: Step) => boolean) =>
    steps.flatMap((step, index) =>
      (wanted(step) ? plan.formats : []).map((format) => async (): Promise<Rendition> => {
        const data = await encode(await pixelsOf(index), format, header.animation, encoders);
        const { variants, width, height } = step;
        return { variants, format, width, height, data };
      }),
    );
  const isLarge = ({ width, height }: Step) => width * height * picture.frames > LARGE;
  const lanes = Math.min(MAX_LANES, availableParallelism());
  const renditions = [
    ...(await runWithConcurrency(1, tasksFor(isLarge))),
    ...(await runWithConcurrency(
      lanes,
      tasksFor((step) => !isLarge(step)),
    )),
  ];
  return {
    original: header.size,
    placeholder: await placeholderOf(smallest < 0 ? picture : await pixelsOf(smallest)),
    renditions,
  };
}

/**
 * Makes each step's pixels when they are first asked for, and lets go of them after their last use.
 * @param usesOf how often a step's pixels are going to be asked for
 */
function pictures(decoded: RawImage, steps: readonly Step[], usesOf: (index: number) => number) {
  const made: (Promise<RawImage> | undefined)[] = [];
  const left = steps.map(
    (_, index) => usesOf(index) + steps.filter(({ source }) => source === index).length,
  );
  return function take(index: number): Promise<RawImage> {
    const step = steps[index] as Step;
    const source = () => (step.source === undefined ? Promise.resolve(decoded) : take(step.source));
    const picture = (made[index] ??= source().then((from) => shrink(from, step)));
    left[index] = (left[index] as number) - 1;
    if (left[index] === 0) made[index] = undefined;
    return picture;
  };
}
