/** Makes one rendition that a view has asked for: a width of WIDTHS in one format. */
import { ImageFailure, UnexpectedError } from '../errors.js';
import { contentDigest, entityTagOf } from '../domain/entity-tag.js';
import { onDemandName, type Owner } from '../domain/path.js';
import type { WidthTask } from '../domain/tasks.js';
import { isWhole, onDemandQuality, sourceOfWidth, sourceRendition } from '../domain/widths.js';
import { logDetails } from '../log.js';
import type { ProcessSettings, Rendition } from '../processing/process-image.js';
import { scheduleCleanup } from './cleanup.js';
import type { ProcessingContext } from './context.js';
import { imageDetails } from './image-details.js';

/**
 * - `ignored`: nothing can be made: the width is not configured, the token is unknown, or the source is not wide enough
 * - `existing`: it was made before; the token's record has it now
 * - `superseded`: the image was processed again, replaced or deleted, or its token revoked, meanwhile
 * - `failed`: the file could not be resized; no retry would change that
 */
export type WidthOutcome = 'ignored' | 'existing' | 'made' | 'superseded' | 'failed';

/**
 * Handles one task. The queue may deliver it late or more than once: the same source gives the same bytes under the
 * same name. The original is not read.
 * @throws transient errors; the queue retries the task
 */
export async function makeWidth(
  { hash, width, format, source: object }: WidthTask,
  context: ProcessingContext,
): Promise<WidthOutcome> {
  const { backend, config, log } = context;
  if (!config.widths?.includes(width)) return 'ignored';
  const found = await backend.widths.find(hash);
  if (found?.token.image === undefined || found.image === undefined) return 'ignored';
  const { token, image } = found;
  const { uid, imageId } = token;
  const owner: Owner = { uid, imageId };
  const variant = Object.values(found.token.image.renditions).find(
    (one) => isWhole(one) && sourceRendition(one)?.object === object,
  );
  if (variant === undefined) return 'superseded';
  const source = sourceRendition(variant);
  if (!source || !variant[format] || !sourceOfWidth([variant], width)) return 'ignored';
  const made = { width, format, source: object };
  const before = image.widths?.[width];
  const existing = before?.formats[format];
  if (before && existing) {
    const { height } = before;
    const isAdded = await backend.widths.add(owner, hash, { ...made, height, rendition: existing });
    return isAdded ? 'existing' : 'superseded';
  }
  const bytes = await backend.objects.readRendition(source.object);
  if (bytes === undefined || entityTagOf(contentDigest(bytes)) !== source.etag) return 'superseded';
  const details = imageDetails(image.original);
  let resized: Rendition;
  try {
    resized = await resizeTo(bytes, { width, format }, context);
  } catch (error) {
    if (!(error instanceof ImageFailure)) throw UnexpectedError.from(error);
    log('WARNING', 'no rendition made on demand', logDetails({ error }, { ...details, width }));
    return 'failed';
  }
  const { data, height } = resized;
  const digest = contentDigest(data);
  const name = onDemandName(source.object, width, format, digest);
  // The process may die, or the image change, before the rendition is recorded.
  await scheduleCleanup(image.original.name, context);
  const rendition = await backend.objects.writeRendition(name, format, data, digest);
  if (!(await backend.widths.add(owner, hash, { ...made, height, rendition }))) return 'superseded';
  log('INFO', 'made a rendition on demand', { ...details, width, format });
  return 'made';
}

/** @throws ImageFailure when the file can't be resized within the limits */
async function resizeTo(
  bytes: Buffer,
  { width, format }: Pick<WidthTask, 'width' | 'format'>,
  { config, processImage }: ProcessingContext,
): Promise<Rendition> {
  const { animated, heic, tiff, quality, colorSpace, keepGainMap } = config;
  const settings: ProcessSettings = {
    variants: [{ name: `w${width}`, width, fit: 'inside' }],
    formats: [format],
    ...(quality !== undefined && { quality: onDemandQuality(quality) }),
    ...(colorSpace && { colorSpace }),
    ...(keepGainMap && { keepGainMap }),
    // The source is a rendition: it may have more bytes than an original, and not more pixels.
    ...{ animated, heic, tiff, maxBytes: Infinity, maxPixels: config.maxPixels },
  };
  const { renditions } = await processImage(bytes, settings, () => {});
  return renditions[0] as Rendition;
}
