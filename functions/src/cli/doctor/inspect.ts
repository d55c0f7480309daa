/** Compares the original, the records, the shares and the renditions of one image, and lists the findings. */
import { focusFor } from '../../domain/focus.js';
import { renditionsFolder, type Owner } from '../../domain/path.js';
import type { ShareRecord } from '../../domain/records.js';
import { settingsHashes } from '../../domain/settings.js';
import { findShareFaults } from '../../domain/sharing.js';
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
 * - `orphaned`: has no original, or no record refers to it
 * - `missing`: is expected and does not exist
 * - `stale`: differs from the newest original or the parameters
 * - `unlocked`: has a download token, whose URL bypasses security rules
 */
export type Kind = 'orphaned' | 'missing' | 'stale' | 'unlocked';

export interface Finding {
  kind: Kind;
  /** Object name of the original, or of the rendition folder when its original is unknown. */
  of: string;
  /** What is orphaned, missing, stale or unlocked; printed to the user. */
  what: string;
  /** Whether the image is unknown: the folder may belong to another instance with the same VARIANTS_PATH. */
  isUnknown?: true;
  /** Whether a person has to decide what to do: `fix` does nothing. */
  isManual?: true;
  /** Fixes the finding. Reads the current state first, so it is safe to call at any later time. */
  fix: (context: ProcessingContext) => Promise<unknown>;
}

export interface Inspection {
  findings: Finding[];
  /** An object that the records name outside the configured places. There are no findings then. */
  elsewhere?: string;
}

/**
 * Inspects one image: reads its original, its records and its shares, and lists its renditions. Processing in progress and
 * old renditions within the revocation bound are not findings.
 * @param name object name of the original
 * @param graceMs uploads and ends of a revocation bound that are more recent count as in progress, milliseconds
 * @throws errors of Google's client libraries
 */
export async function inspect(
  owner: Owner,
  name: string,
  graceMs: number,
  context: LifecycleContext,
): Promise<Inspection> {
  const { config, backend } = context;
  const folder = renditionsFolder(config.variantsPath, config.bucket, name);
  const original = await backend.objects.findOriginal(name);
  const renditions = await backend.objects.listRenditions(folder);
  const records = await backend.records.find(owner);
  const shares = await backend.shares.ofImage(owner);
  const elsewhere = findElsewhere(records, name, context);
  if (elsewhere !== undefined) return { findings: [], elsewhere };
  const toFinding = (kind: Kind, what: string, fix: Finding['fix']): Finding => {
    return { kind, of: name, what, fix };
  };
  const findings: Finding[] = [];
  const image = recognizedRecord(records.image);
  if (original === undefined) {
    const orphans = [
      // The record of an upload that was refused shows the owner why its original was deleted.
      ...(image && !image.original.deleted ? ['image record'] : []),
      ...(records.tokens.size > 0 ? [`${records.tokens.size} token records`] : []),
      ...(shares.size > 0 ? [`${shares.size} share records`] : []),
      ...(renditions.length > 0 ? [`${renditions.length} renditions`] : []),
    ];
    if (orphans.length === 0) return { findings: [] };
    // An upload from now on has a newer generation and is not removed.
    const generation = image?.original.generation ?? '0';
    const remove = (fixContext: ProcessingContext) =>
      image?.original.deleted
        ? cleanup({ name }, fixContext)
        : removeIfOriginalMissing(owner, name, generation, fixContext);
    return { findings: [toFinding('orphaned', orphans.join(', '), remove)] };
  }
  const unlocked = renditions.filter(({ hasDownloadToken }) => hasDownloadToken);
  if (unlocked.length > 0) {
    const what = `download tokens on ${unlocked.length} renditions`;
    findings.push(
      toFinding('unlocked', what, async ({ backend: { objects } }) => {
        for (const rendition of unlocked) await objects.revokeRenditionTokens(rendition);
      }),
    );
  }
  // An upload without an attempt waits for its turn.
  const isUnfinished = image?.attempt !== undefined || image?.state === 'processing';
  const isInProgress =
    context.now() - original.time < graceMs ||
    (isUnfinished && context.now() - image.updatedAt < RETRY_WINDOW_MS);
  if (isInProgress) return { findings };
  findings.push(...findDownloadToken(original, context));
  if (image?.original.deleted && compareGenerations(image.original, original) === 0) {
    const remove = ({ backend: { objects } }: ProcessingContext) =>
      objects.deleteOriginal(name, original.generation);
    findings.push(toFinding('orphaned', 'original of a refused upload', remove));
    return { findings };
  }
  const processAgain = (fixContext: ProcessingContext) => reprocess(owner, name, fixContext);
  if (image === undefined) findings.push(toFinding('missing', 'image record', processAgain));
  else {
    const stale = findStale(original, records, context);
    if (stale !== undefined) findings.push(toFinding('stale', stale, processAgain));
    else {
      for (const { kind, what } of compareRenditions(renditions, records, graceMs, context)) {
        const deleteOrphans = (fixContext: ProcessingContext) => cleanup({ name }, fixContext);
        findings.push(toFinding(kind, what, kind === 'missing' ? processAgain : deleteOrphans));
      }
    }
  }
  for (const share of compareShares(shares, records, context)) {
    const repair = ({ backend: { shares: stored } }: ProcessingContext) => stored.repair(owner);
    findings.push({ ...share, of: name, fix: repair });
  }
  return { findings };
}

/** Finds shares and share tokens that do not agree, and shares that give access to nothing. */
function compareShares(
  shares: ReadonlyMap<string, ShareRecord<number>>,
  { tokens }: ImageRecords,
  { config, now }: LifecycleContext,
): Pick<Finding, 'kind' | 'what' | 'isManual'>[] {
  const differences: Pick<Finding, 'kind' | 'what' | 'isManual'>[] = [];
  const { sharesWithoutToken, tokensWithoutShare } = findShareFaults(shares, tokens, now());
  if (sharesWithoutToken.length > 0) {
    const what = `token records of ${sharesWithoutToken.length} active shares`;
    differences.push({ kind: 'missing', what });
  }
  if (tokensWithoutShare.length > 0) {
    const what = `${tokensWithoutShare.length} share tokens without a share`;
    differences.push({ kind: 'orphaned', what });
  }
  const configured = new Set(config.variants.map(({ name }) => name));
  const empty = [...shares.values()].filter(
    ({ variants, expiresAt = Infinity }) =>
      expiresAt > now() && variants?.every((name) => !configured.has(name)),
  );
  if (empty.length > 0) {
    // The variants may come back, and their owner can change the share.
    const what = `${empty.length} shares of variants that are not configured`;
    differences.push({ kind: 'stale', what, isManual: true });
  }
  return differences;
}

/**
 * Inspects an original that is not processed because an id in its name is invalid.
 * @param graceMs uploads that are more recent count as in progress, milliseconds
 * @throws errors of Google's client libraries
 */
export async function inspectDownloadToken(
  name: string,
  graceMs: number,
  context: LifecycleContext,
): Promise<Finding[]> {
  const original = await context.backend.objects.findOriginal(name);
  if (original === undefined || context.now() - original.time < graceMs) return [];
  return findDownloadToken(original, context);
}

function findDownloadToken(original: StoredOriginal, { config }: LifecycleContext): Finding[] {
  if (!original.hasDownloadToken || !config.lockOriginals) return [];
  return [
    {
      kind: 'unlocked',
      of: original.name,
      what: 'download token on the original',
      fix: ({ backend: { objects } }) =>
        objects.revokeDownloadTokens(original.name, original.generation),
    },
  ];
}

/** Finds renditions that the records name and that do not exist, and the reverse. */
function compareRenditions(
  renditions: readonly { name: string }[],
  records: ImageRecords,
  graceMs: number,
  { config, now }: LifecycleContext,
): Pick<Finding, 'kind' | 'what'>[] {
  const differences: Pick<Finding, 'kind' | 'what'>[] = [];
  const referenced = referencedRenditions(records);
  const existing = new Set(renditions.map((rendition) => rendition.name));
  const missing = [...referenced].filter((object) => !existing.has(object)).length;
  if (missing > 0) differences.push({ kind: 'missing', what: `${missing} renditions` });
  const orphaned = [...existing].filter((object) => !referenced.has(object)).length;
  const boundEnd = (records.image?.updatedAt ?? 0) + config.revocationSeconds * 1000 + graceMs;
  if (orphaned > 0 && now() >= boundEnd) {
    differences.push({ kind: 'orphaned', what: `${orphaned} old renditions` });
  }
  return differences;
}

/** Describes what in the records does not match the original or the parameters; undefined when all of it does. */
function findStale(
  original: StoredOriginal,
  { image, tokens }: ImageRecords,
  { config }: LifecycleContext,
): string | undefined {
  if (image === undefined) return undefined;
  if (compareGenerations(image.original, original) !== 0) return 'image record of another upload';
  if (image.attempt !== undefined || image.state === 'processing')
    return 'image record of an attempt that has ended';
  if (image.error?.code === 'retries-exhausted') return 'image with exhausted retries';
  if (image.error?.code === 'request-rejected') return 'image with a rejected request';
  if (image.error?.code === 'watermark-unavailable') return 'image whose watermark was missing';
  const { focus } = focusFor(original, config);
  if (isOutdated(image, settingsHashes(config), focus))
    return 'renditions made with other parameters';
  if (image.state === 'held') {
    const showing = [...tokens.values()].filter((token) => token.image !== undefined);
    return showing.length > 0
      ? `${showing.length} token records that show a held image`
      : undefined;
  }
  if (image.state !== 'ready') return undefined;
  const stale = [...tokens.values()].filter(
    (token) => token.image?.generation !== original.generation,
  );
  return stale.length > 0 ? `${stale.length} token records of another upload` : undefined;
}

/** Finds an object that the records name and that is outside the configured bucket and paths. */
function findElsewhere(
  records: ImageRecords,
  name: string,
  { config }: LifecycleContext,
): string | undefined {
  const { bucket, variantsBucket, variantsPath } = config;
  const original = recognizedRecord(records.image)?.original;
  if (original && (original.bucket !== bucket || original.name !== name)) {
    return `gs://${original.bucket}/${original.name}`;
  }
  const token = [...records.tokens.values()].find(
    ({ image }) => image !== undefined && image.bucket !== variantsBucket,
  );
  if (token?.image) return `renditions in gs://${token.image.bucket}`;
  const object = [...referencedRenditions(records)].find(
    (rendition) => !rendition.startsWith(`${variantsPath}/`),
  );
  return object === undefined ? undefined : `gs://${variantsBucket}/${object}`;
}

async function reprocess(owner: Owner, name: string, context: ProcessingContext): Promise<unknown> {
  const { objects, records } = context.backend;
  const original = await objects.findOriginal(name);
  const image = await records.findImage(owner);
  if (original === undefined) {
    const generation = recognizedRecord(image)?.original.generation ?? '0';
    return removeIfOriginalMissing(owner, name, generation, context);
  }
  if (image?.attempt !== undefined) await records.abandon(owner, image.attempt);
  return refresh(owner, original, context, { isFinalAttempt: false, reprocess: 'always' });
}
