/** A finished upload -> its renditions and records. */
import type { Config } from '../config/config.js';
import { checkBytes } from '../derive/limits.js';
import type { derive } from '../derive/derive.js';
import { ImageFailure } from '../errors.js';
import { hashedFolder, ownerOf, renditionName, type Owner } from '../images/path.js';
import { isCropped } from '../images/variant.js';
import type { OriginalInfo, TokenVariant, VariantInfo } from '../images/records.js';
import type { Library, Result } from '../library/library.js';
import { tryOnce, type Handler } from './event.js';

/** What Storage says of an object that was just finished. */
export interface FinishedUpload {
  bucket: string;
  name: string;
  /** Decimal. */
  generation: string;
  contentType?: string;
  bytes: number;
  /** When the event happened, milliseconds since 1970. */
  time: number;
}

/**
 * - `ignored`: not an original
 * - `stale`, `done`: a newer upload, or this one, has been seen before
 * - `gone`: overwritten or deleted in the meantime; the record says so unless a newer upload came
 * - `ready`, `failed`: what the image record says now
 */
export type Outcome = 'ignored' | 'stale' | 'done' | 'gone' | 'ready' | 'failed';

export interface Ingest extends Handler {
  config: Config;
  library: Library;
  derive: typeof derive;
}

/**
 * Handles one `finalized` event. May be called twice for one upload, and late.
 * @throws Error that tells no names, for what will pass by itself (network, contention): the platform
 *   tries again, until GIVE_UP_AFTER_MS have passed
 */
export async function ingest(upload: FinishedUpload, room: Ingest): Promise<Outcome> {
  const { config, log } = room;
  const owner = ownerOf(config.originalsPath, upload.name);
  if (owner === undefined || upload.bucket !== config.bucket) return 'ignored';
  const details = {
    image: hashedFolder(upload.bucket, upload.name),
    generation: upload.generation,
  };
  const words = {
    again: 'image is tried again',
    givenUp: 'image was given up and its record not written',
  };
  const ended = await tryOnce(upload.time, room, details, words, async (isLate) => {
    const { outcome, failure } = await attempt(upload, owner, isLate, room);
    if (failure) {
      const { code, message: reason } = failure;
      log('WARNING', 'image has failed', { ...details, code, reason });
    } else log('INFO', `image is ${outcome}`, details);
    return outcome;
  });
  return ended ?? 'failed';
}

/** One try. Ends with an outcome, or throws what may pass by itself. */
async function attempt(
  upload: FinishedUpload,
  owner: Owner,
  isLate: boolean,
  room: Ingest,
): Promise<{ outcome: Outcome; failure?: ImageFailure }> {
  const { library } = room;
  const original: OriginalInfo = {
    bucket: upload.bucket,
    name: upload.name,
    generation: upload.generation,
    contentType: upload.contentType ?? 'application/octet-stream',
    bytes: upload.bytes,
  };
  if (room.config.lockOriginals) await library.objects.lock(upload.name, upload.generation);
  const beginning = await library.records.begin(owner, original);
  if (beginning !== 'begun') return { outcome: beginning };
  try {
    // Before the work: an upload that ends the process each time must not be tried for ever.
    if (isLate) throw new ImageFailure('gave-up', 'expected an end within an hour, found none');
    const result = await makeRenditions(original, room);
    return { outcome: (await library.records.finish(owner, result)) ? 'ready' : 'stale' };
  } catch (error) {
    if (!(error instanceof ImageFailure)) throw error;
    const { code, publicMessage: message } = error;
    const isNewest = await library.records.fail(owner, original, { code, message });
    // Deleted or overwritten before it was read: no failure of ours.
    if (code === 'original-gone') return { outcome: 'gone' };
    return { outcome: isNewest ? 'failed' : 'stale', failure: error };
  }
}

async function makeRenditions(
  original: OriginalInfo,
  { config, library, derive }: Ingest,
): Promise<Result> {
  // Before a byte is read: an object may be of any size.
  checkBytes(original.bytes, config);
  const bytes = await library.objects.readOriginal(original.name, original.generation);
  if (bytes === undefined) {
    throw new ImageFailure('original-gone', 'expected the original, found that it is gone');
  }
  const derived = await derive(bytes, config);
  const variants: Record<string, VariantInfo> = {};
  const renditions: Record<string, TokenVariant> = {};
  const writes = derived.renditions.map(async ({ data, ...rendition }) => {
    const { variants: names, format } = rendition;
    // Variants that come to the same share one object, under the name of the first.
    const name = renditionName(config.variantsPath, original, names[0] as string, format);
    return { ...rendition, info: await library.objects.writeRendition(name, format, data) };
  });
  for (const { variants: names, format, width, height, info } of await Promise.all(writes)) {
    for (const name of names) {
      const shown = (variants[name] ??= { width, height, formats: {} });
      shown.formats[format] = { bytes: info.bytes };
      const cropped = isCropped({ width, height }, derived.original);
      const resolved = (renditions[name] ??= { width, height, ...(cropped && { cropped }) });
      resolved[format] = info;
    }
  }
  return {
    original: { ...original, ...derived.original },
    placeholder: derived.placeholder,
    variants,
    renditions,
  };
}
