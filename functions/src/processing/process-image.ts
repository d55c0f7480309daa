/**
 * Turns an uploaded file into its renditions. The original is decoded once, to the largest size that
 * any variant needs; each size is resized from the smallest earlier size that is large enough, and
 * each format is encoded from those pixels. docs/design/processing.md has measurements and reasons.
 */
import { availableParallelism } from 'node:os';
import type { Format } from '../domain/format.js';
import type { Placeholder } from '../domain/records.js';
import { formatsOfVariant, type Point, type Size, type Variant } from '../domain/variant.js';
import { p3ToSrgb, type OutputSpace } from './color.js';
import { decode } from './decode.js';
import { encodeWithin, type Encoders } from './encode.js';
import { chooseEncoding } from './choose-encoding.js';
import { attachGainMap, openGainMap } from './gain-map/gain-map.js';
import { readHeader } from './header.js';
import { runWithConcurrency } from './concurrency.js';
import type { UploadLimits } from './limits.js';
import { applyEffects, type Watermark } from './effects.js';
import { createPlaceholder } from './placeholder.js';
import { clearHiddenColors, frameAt, type RawImage } from './raw-image.js';
import { resize } from './resize.js';
import { isStill, planResizes, type ResizeStep } from './resize-plan.js';
import { tagDisplayP3 } from './tag-colors.js';

export interface Rendition extends Size {
  /** The names of all variants that this rendition serves: variants with the same result share one. */
  variants: string[];
  format: Format;
  data: Buffer;
}

export interface ProcessedImage {
  /** The original's size in pixels, after its orientation is applied. */
  original: Size;
  placeholder: Placeholder;
  /** Every variant in every format, without duplicates. */
  renditions: Rendition[];
}

export interface ProcessSettings extends UploadLimits {
  variants: readonly Variant[];
  formats: readonly Format[];
  /** Whether each image gets the one format that suits it, instead of `formats`. */
  autoFormat?: boolean;
  /** The target, SSIMULACRA2 points; absent: fixed encoder settings. */
  quality?: number;
  /** Of the original, EXIF orientation applied; absent: the center. */
  focus?: Point;
  /** Required by variants with `:watermark`. */
  watermarkImage?: Watermark;
  /** Of originals with colors that sRGB has not; absent: sRGB. */
  colorSpace?: OutputSpace;
  /** Whether JPEG renditions have the HDR gain map of a JPEG. */
  keepGainMap?: boolean;
}

/** Each encode runs on one thread and holds several copies of its pixels. */
const MAX_PARALLEL_ENCODES = 4;
/** Pixels, summed over all frames. Larger images are encoded one at a time. */
const LARGE_IMAGE = 4_000_000;

/**
 * @param bytes the whole uploaded file
 * @param settings variants, formats and limits
 * @param encoders replaces the encoders of the settings, for benchmarks
 * @param onRendition called with each rendition when it is made, while others are encoded
 * @throws ImageFailure when the file cannot be processed; a retry would fail, too
 */
export async function processImage(
  bytes: Buffer,
  settings: ProcessSettings,
  encoders?: Encoders,
  onRendition: (rendition: Rendition) => void = () => {},
): Promise<ProcessedImage> {
  const header = await readHeader(bytes, settings);
  const { decodeSize, steps } = planResizes(settings.variants, header.size);
  const decoded = await decode(header, decodeSize, settings);
  clearHiddenColors(decoded);
  const isWithMap = settings.keepGainMap && steps.some(canHaveGainMap);
  const gainMap = isWithMap ? await openGainMap(bytes, header, decoded, settings) : undefined;
  const encoding = chooseEncoding(decoded, header.animation, settings, encoders);
  const smallest = steps.findLastIndex((step) => !step.crop && !step.effects);
  const formatsOf = (step: ResizeStep) =>
    formatsOfVariant(
      step,
      settings.autoFormat && hasTransparentBars(step) ? ['webp'] : encoding.formats,
    );
  const pixelsOf = createPixelCache(decoded, steps, settings, (index) => {
    const { length } = formatsOf(steps[index] as ResizeStep);
    return index === smallest ? length + 1 : length;
  });
  const createTasks = (isIncluded: (step: ResizeStep) => boolean) =>
    steps.flatMap((step, index) =>
      (isIncluded(step) ? formatsOf(step) : []).map((format) => async (): Promise<Rendition> => {
        const { variants, width, height, maxBytes, quality } = step;
        const pixels = await pixelsOf(index);
        let data =
          maxBytes === undefined
            ? await encoding.encode(pixels, format, quality)
            : await encodeWithin(pixels, maxBytes, encoding.encoders(quality));
        if (pixels.isP3) data = tagDisplayP3(data, format);
        if (gainMap && format === 'jpeg' && canHaveGainMap(step)) {
          data = await attachGainMap(data, step, gainMap);
        }
        const rendition = { variants, format, width, height, data };
        onRendition(rendition);
        return rendition;
      }),
    );
  const isLarge = ({ width, height }: ResizeStep) => width * height * decoded.frames > LARGE_IMAGE;
  const concurrency = Math.min(MAX_PARALLEL_ENCODES, availableParallelism());
  const large = await runWithConcurrency(1, createTasks(isLarge));
  const small = await runWithConcurrency(
    concurrency,
    createTasks((step) => !isLarge(step)),
  );
  return {
    original: header.size,
    placeholder: await createPlaceholder(
      p3ToSrgb(smallest < 0 ? decoded : await pixelsOf(smallest)),
    ),
    renditions: [...large, ...small],
  };
}

/** Whether a variant shows the whole original as it is, in as many bytes as it takes. */
const canHaveGainMap = ({ crop, effects, maxBytes }: ResizeStep) =>
  !crop && !effects && maxBytes === undefined;

/** Whether a variant is always in sRGB: its effects have colors of sRGB, or programs show it that know no other. */
const needsSrgb = ({ effects, maxBytes }: ResizeStep) =>
  effects !== undefined || maxBytes !== undefined;

/** Whether JPEG can't show the bars as configured: eight digits, the last two not opaque. */
function hasTransparentBars({ effects }: ResizeStep): boolean {
  return /^.{6}(?!ff)..$/.test(effects?.background ?? '');
}

/**
 * Returns a function that gives the pixels of a step: resized on first use, released after the last.
 * @param usesOf how often the caller requests the pixels of a step
 */
function createPixelCache(
  decoded: RawImage,
  steps: readonly ResizeStep[],
  { focus, watermarkImage }: Pick<ProcessSettings, 'focus' | 'watermarkImage'>,
  usesOf: (index: number) => number,
) {
  const cache: (Promise<RawImage> | undefined)[] = [];
  const remainingUses = steps.map(
    (_, index) => usesOf(index) + steps.filter(({ source }) => source === index).length,
  );
  return function pixelsOf(index: number): Promise<RawImage> {
    const step = steps[index] as ResizeStep;
    const openSource = () =>
      step.source === undefined ? Promise.resolve(decoded) : pixelsOf(step.source);
    // Without an animation, the other frames need no resize.
    const framesOf = (source: RawImage) => (isStill(step) ? frameAt(source, 0) : source);
    const make = async () => {
      const resized = await resize(framesOf(await openSource()), step, focus);
      const pixels = needsSrgb(step) ? p3ToSrgb(resized) : resized;
      return step.effects ? applyEffects(pixels, step.effects, step, watermarkImage) : pixels;
    };
    const pixels = (cache[index] ??= make());
    remainingUses[index] = (remainingUses[index] as number) - 1;
    if (remainingUses[index] === 0) cache[index] = undefined;
    return pixels;
  };
}
