/** One image as it is -> what is wrong with it, and what mends it. */
import { renditionsFolder, type Owner } from '../../domain/path.js';
import { settingsHashes } from '../../domain/settings.js';
import { refresh } from '../../lifecycle/backfill.js';
import { RETRY_WINDOW_MS } from '../../lifecycle/retry.js';
import { removeIfOriginalMissing } from '../../lifecycle/original-deleted.js';
import type { LifecycleContext, ProcessingContext } from '../../lifecycle/context.js';
import { referencedRenditions, cleanup } from '../../lifecycle/cleanup.js';
import {
  compareGenerations,
  isOutdated,
  recognizedRecord,
  type ImageRecords,
  type StoredOriginal,
} from '../../gcp/backend.js';

/**
 * - `orphaned`: there is no original, or nothing shows it
 * - `missing`: there should be one
 * - `stale`: it is not what the newest original or the parameters say
 * - `unlocked`: a download token opens it to the world
 */
export type Kind = 'orphaned' | 'missing' | 'stale' | 'unlocked';

export interface Finding {
  kind: Kind;
  /** Name of the original, or of the folder of renditions when nothing says whose it is. */
  of: string;
  /** A few words for a person. */
  what: string;
  /** Whether nothing says whose it is: it may be another instance's that keeps renditions in the same folder. */
  isUnknown?: true;
  /** May be called at any time: what is there by then decides. */
  mend: (room: ProcessingContext) => Promise<unknown>;
}

export interface Inspection {
  findings: Finding[];
  /** What the records name that is not where the parameters say: nothing can be told then. */
  elsewhere?: string;
}

/**
 * Looks at one image from all sides: one read of the original, two of its records, and a list of its
 * renditions. What is under way is not wrong: a picture that is being made, old renditions within the
 * revocation bound.
 * @param graceMs an upload, and the end of a bound, that is not older than so many milliseconds is under way
 */
export async function inspect(
  owner: Owner,
  name: string,
  graceMs: number,
  room: LifecycleContext,
): Promise<Inspection> {
  const { config, backend } = room;
  const folder = renditionsFolder(config.variantsPath, config.bucket, name);
  const original = await backend.objects.findOriginal(name);
  const renditions = await backend.objects.listRenditions(folder);
  const records = await backend.records.find(owner);
  const elsewhere = elsewhereIn(records, name, room);
  if (elsewhere !== undefined) return { findings: [], elsewhere };
  const finding = (kind: Kind, what: string, mend: Finding['mend']): Finding => {
    return { kind, of: name, what, mend };
  };
  const found: Finding[] = [];
  const image = recognizedRecord(records.image);
  if (original === undefined) {
    const left = [
      ...(image ? ['image record'] : []),
      ...(records.tokens.size > 0 ? [`${records.tokens.size} token records`] : []),
      ...(renditions.length > 0 ? [`${renditions.length} renditions`] : []),
    ];
    if (left.length === 0) return { findings: [] };
    // What is uploaded from now on is newer.
    const newest = image?.original.generation ?? '0';
    const remove = (maker: ProcessingContext) =>
      removeIfOriginalMissing(owner, name, newest, maker);
    return { findings: [finding('orphaned', left.join(', '), remove)] };
  }
  const open = renditions.filter(({ hasDownloadToken }) => hasDownloadToken);
  if (open.length > 0) {
    const what = `download tokens on ${open.length} renditions`;
    found.push(finding('unlocked', what, (maker) => lockAll(open, maker)));
  }
  const isUnderWay =
    room.now() - original.time < graceMs ||
    (image?.attempt !== undefined && room.now() - image.updatedAt < RETRY_WINDOW_MS);
  if (isUnderWay) return { findings: found };
  if (original.hasDownloadToken && config.lockOriginals) {
    const what = 'download token on the original';
    found.push(finding('unlocked', what, (maker) => lockAll([original], maker)));
  }
  const make = (maker: ProcessingContext) => makeAnew(owner, name, maker);
  if (image === undefined) found.push(finding('missing', 'image record', make));
  else {
    const stale = staleness(original, records, room);
    if (stale !== undefined) found.push(finding('stale', stale, make));
    else found.push(...unlikeRecords(renditions, records, graceMs, room).map(toFinding));
  }
  return { findings: found };

  function toFinding({ kind, what }: Pick<Finding, 'kind' | 'what'>): Finding {
    return finding(kind, what, kind === 'missing' ? make : (maker) => cleanup({ name }, maker));
  }
}

/** Renditions that are named and not there, or there and not named. */
function unlikeRecords(
  renditions: readonly { name: string }[],
  records: ImageRecords,
  graceMs: number,
  { config, now }: LifecycleContext,
): Pick<Finding, 'kind' | 'what'>[] {
  const found: Pick<Finding, 'kind' | 'what'>[] = [];
  const named = referencedRenditions(records);
  const there = new Set(renditions.map((rendition) => rendition.name));
  const missing = [...named].filter((object) => !there.has(object)).length;
  if (missing > 0) found.push({ kind: 'missing', what: `${missing} renditions` });
  const leftovers = [...there].filter((object) => !named.has(object)).length;
  const bound = (records.image?.updatedAt ?? 0) + config.revocationSeconds * 1000 + graceMs;
  if (leftovers > 0 && now() >= bound) {
    found.push({ kind: 'orphaned', what: `${leftovers} old renditions` });
  }
  return found;
}

/** What of the records is behind the original or the parameters; undefined when nothing is. */
function staleness(
  original: StoredOriginal,
  { image, tokens }: ImageRecords,
  { config }: LifecycleContext,
): string | undefined {
  if (image === undefined) return undefined;
  if (compareGenerations(image.original, original) !== 0) return 'image record of another upload';
  if (image.attempt !== undefined || image.state === 'processing')
    return 'image that nobody works on';
  if (image.error?.code === 'retries-exhausted') return 'image that was given up';
  if (isOutdated(image, settingsHashes(config))) return 'renditions by other parameters';
  if (image.state !== 'ready') return undefined;
  const behind = [...tokens.values()].filter(
    (token) => token.image?.generation !== original.generation,
  );
  return behind.length > 0 ? `${behind.length} token records of another upload` : undefined;
}

/** The first thing that records name and that is not where the parameters say. */
function elsewhereIn(
  records: ImageRecords,
  name: string,
  { config }: LifecycleContext,
): string | undefined {
  const { bucket, variantsPath } = config;
  const original = recognizedRecord(records.image)?.original;
  if (original && (original.bucket !== bucket || original.name !== name)) {
    return `gs://${original.bucket}/${original.name}`;
  }
  const shown = [...records.tokens.values()].find(
    ({ image }) => image !== undefined && image.bucket !== bucket,
  );
  if (shown?.image) return `renditions in gs://${shown.image.bucket}`;
  const object = [...referencedRenditions(records)].find(
    (named) => !named.startsWith(`${variantsPath}/`),
  );
  return object === undefined ? undefined : `gs://${bucket}/${object}`;
}

async function lockAll(
  objects: readonly { name: string; generation: string }[],
  { backend }: ProcessingContext,
): Promise<void> {
  for (const { name, generation } of objects)
    await backend.objects.revokeDownloadTokens(name, generation);
}

async function makeAnew(owner: Owner, name: string, room: ProcessingContext): Promise<unknown> {
  const { objects, records } = room.backend;
  const original = await objects.findOriginal(name);
  const image = await records.findImage(owner);
  if (original === undefined) {
    const newest = recognizedRecord(image)?.original.generation ?? '0';
    return removeIfOriginalMissing(owner, name, newest, room);
  }
  if (image?.attempt !== undefined) await records.abandon(owner, image.attempt);
  return refresh(owner, original, room, { isFinalAttempt: false, reprocess: 'always' });
}
