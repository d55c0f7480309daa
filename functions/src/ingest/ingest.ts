/** A finished upload -> its renditions and records. */
import type { Config } from '../config/config.js';
import { checkBytes } from '../derive/decode.js';
import type { derive } from '../derive/derive.js';
import { IMAGE_FAILURES, ImageFailure } from '../errors.js';
import { hashedFolder, ownerOf, renditionName, type Owner } from '../images/path.js';
import type { OriginalInfo, TokenVariant, VariantInfo } from '../images/records.js';
import type { Library, Result } from '../library/library.js';

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
 * - `gone`: overwritten or deleted in the meantime; the event of that will come
 * - `ready`, `failed`: what the image record says now
 */
export type Outcome = 'ignored' | 'stale' | 'done' | 'gone' | 'ready' | 'failed';

export interface Ingest {
  config: Config;
  library: Library;
  derive: typeof derive;
  /** Milliseconds since 1970. */
  now: () => number;
  log: (severity: 'INFO' | 'WARNING' | 'ERROR', message: string, details: object) => void;
}

/** After so long the platform's retries end with a `failed` record, milliseconds. */
export const GIVE_UP_AFTER_MS = 60 * 60 * 1000;

/**
 * Handles one `finalized` event. May be called twice for one upload, and late.
 * @throws what will pass by itself (network, contention), so that the platform retries
 */
export async function ingest(upload: FinishedUpload, room: Ingest): Promise<Outcome> {
  const { config, library, log } = room;
  const owner = ownerOf(config.originalsPath, upload.name);
  if (owner === undefined || upload.bucket !== config.bucket) return 'ignored';
  const details = {
    image: hashedFolder(upload.bucket, upload.name),
    generation: upload.generation,
  };
  const original: OriginalInfo = {
    bucket: upload.bucket,
    name: upload.name,
    generation: upload.generation,
    contentType: upload.contentType ?? 'application/octet-stream',
    bytes: upload.bytes,
  };

  await library.objects.lockOriginal(upload.name, upload.generation);
  const beginning = await library.records.begin(owner, original);
  if (beginning !== 'begun') return beginning;
  try {
    const result = await makeRenditions(original, room);
    if (result === undefined) return 'gone';
    if (!(await library.records.finish(owner, result))) return 'stale';
    log('INFO', 'image is ready', details);
    return 'ready';
  } catch (error) {
    const late = room.now() - upload.time > GIVE_UP_AFTER_MS;
    if (!(error instanceof ImageFailure) && !late) {
      log('WARNING', 'image is tried again', { ...details, reason: reasonOf(error) });
      throw error;
    }
    const code = error instanceof ImageFailure ? error.code : 'gave-up';
    log('WARNING', 'image has failed', { ...details, code, reason: reasonOf(error) });
    return await tellOwner(owner, original, code, library);
  }
}

async function tellOwner(
  owner: Owner,
  original: OriginalInfo,
  code: keyof typeof IMAGE_FAILURES,
  library: Library,
): Promise<Outcome> {
  const error = { code, message: IMAGE_FAILURES[code] };
  return (await library.records.fail(owner, original, error)) ? 'failed' : 'stale';
}

/** @returns undefined when the original is gone */
async function makeRenditions(
  original: OriginalInfo,
  { config, library, derive }: Ingest,
): Promise<Result | undefined> {
  // Before a byte is read: an object may be of any size.
  checkBytes(original.bytes);
  const bytes = await library.objects.readOriginal(original.name, original.generation);
  if (bytes === undefined) return undefined;
  const derived = await derive(bytes, config);
  const variants: Record<string, VariantInfo> = {};
  const renditions: Record<string, TokenVariant> = {};
  const writes = derived.renditions.map(async ({ variant, format, width, height, data }) => {
    const name = renditionName(config.variantsPath, original, variant, format);
    const info = await library.objects.writeRendition(name, format, data);
    return { variant, format, width, height, info };
  });
  for (const { variant, format, width, height, info } of await Promise.all(writes)) {
    const shown = (variants[variant] ??= { width, height, formats: {} });
    shown.formats[format] = { bytes: info.bytes };
    const resolved = (renditions[variant] ??= { width, height });
    resolved[format] = info;
  }
  return {
    original: { ...original, ...derived.original },
    placeholder: derived.placeholder,
    variants,
    renditions,
  };
}

/** Why, without what Google's clients put into their messages: object names and addresses. */
function reasonOf(error: unknown): string {
  if (error instanceof ImageFailure) return error.message;
  const { name, code } = error as { name?: unknown; code?: unknown };
  const known = typeof code === 'string' || typeof code === 'number' ? code : 'without a code';
  return `${typeof name === 'string' ? name : 'Error'} ${known}`;
}
