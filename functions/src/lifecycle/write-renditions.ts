/** Processes an original, and writes each rendition when it is made. */
import { ImageFailure, UnexpectedError } from '../errors.js';
import { contentDigest } from '../domain/entity-tag.js';
import { renditionNameOf } from '../domain/path.js';
import type { OriginalInfo, RenditionInfo, TokenVariant, VariantInfo } from '../domain/records.js';
import { effectsOf, isCropped, type Point } from '../domain/variant.js';
import type { ProcessingResult } from '../gcp/backend.js';
import type { ProcessedImage, Rendition } from '../processing/process-image.js';
import { scheduleCleanup } from './cleanup.js';
import type { ProcessingContext } from './context.js';

/**
 * Processes the original and writes its renditions, while others are encoded.
 * @throws ImageFailure, errors of Cloud Storage, or UnexpectedError for whatever else processing throws; when no write
 *   is running anymore, and, if there was one, a cleanup is scheduled
 */
export async function writeRenditions(
  original: OriginalInfo,
  bytes: Buffer,
  context: ProcessingContext,
): Promise<ProcessingResult> {
  const writes = new Map<string, Promise<RenditionInfo>>();
  const write = (rendition: Rendition): Promise<RenditionInfo> => {
    const key = `${rendition.variants[0]} ${rendition.format}`;
    const writing = writes.get(key) ?? writeRendition(original, rendition, context);
    writes.set(key, writing);
    // Awaited when all are made.
    writing.catch(() => undefined);
    return writing;
  };
  try {
    const onRendition = (rendition: Rendition) => void write(rendition);
    const image = await processWithKnownErrors(bytes, original.focus, context, onRendition);
    const infos = await Promise.all(image.renditions.map(write));
    return resultOf(original, image, infos, context);
  } catch (error) {
    await Promise.allSettled(writes.values());
    if (writes.size > 0) await scheduleCleanup(original.name, context);
    throw error;
  }
}

async function writeRendition(
  original: OriginalInfo,
  { variants, format, data }: Rendition,
  { config, backend }: ProcessingContext,
): Promise<RenditionInfo> {
  const digest = contentDigest(data);
  // Variants of the same size share one object, named after the first of them.
  const variant = variants[0] as string;
  const name = renditionNameOf(config.variantsPath, original, variant, format, digest);
  return backend.objects.writeRendition(name, format, data, digest);
}

/** @throws ImageFailure, or UnexpectedError for whatever else processing throws */
async function processWithKnownErrors(
  bytes: Buffer,
  focus: Point | undefined,
  { config, processImage, readWatermark }: ProcessingContext,
  onRendition: (rendition: Rendition) => void,
): Promise<ProcessedImage> {
  const needsWatermark = config.variants.some(({ watermark }) => watermark);
  const watermarkImage = needsWatermark ? await readWatermark?.() : undefined;
  const settings = {
    ...config,
    ...(focus && { focus }),
    ...(watermarkImage && { watermarkImage }),
  };
  try {
    return await processImage(bytes, settings, onRendition);
  } catch (error) {
    throw error instanceof ImageFailure ? error : UnexpectedError.from(error);
  }
}

/** @param infos of the image's renditions, in their order */
function resultOf(
  original: OriginalInfo,
  image: ProcessedImage,
  infos: readonly RenditionInfo[],
  { config }: ProcessingContext,
): ProcessingResult {
  const variants: Record<string, VariantInfo> = {};
  const renditions: Record<string, TokenVariant> = {};
  for (const [index, { variants: names, format, width, height }] of image.renditions.entries()) {
    const info = infos[index] as RenditionInfo;
    const configured = config.variants.find(({ name }) => name === names[0]);
    const altered = configured && effectsOf(configured);
    const cropped = configured?.fit !== 'contain' && isCropped({ width, height }, image.original);
    const size = {
      ...{ width, height },
      ...(cropped && { cropped }),
      ...(altered !== undefined && { altered }),
    };
    for (const name of names) {
      (variants[name] ??= { ...size, formats: {} }).formats[format] = info;
      (renditions[name] ??= { ...size })[format] = info;
    }
  }
  return {
    original: { ...original, ...image.original },
    variantsBucket: config.variantsBucket,
    placeholder: image.placeholder,
    variants,
    renditions,
  };
}
