/** Compares all originals, records and renditions of a project, and lists the findings. */
import {
  fillTemplate,
  hashedFolder,
  isOriginalName,
  originalsPrefix,
  ownerOf,
  renditionsFolder,
  type Owner,
} from '../../domain/path.js';
import { runWithConcurrency } from '../../processing/concurrency.js';
import type { LifecycleContext, ProcessingContext } from '../../lifecycle/context.js';
import type { Page, StoredOriginal } from '../../gcp/backend.js';
import { inspect, inspectDownloadToken, type Finding } from './inspect.js';

/** Page size of all lists. */
const NAMES_PER_PAGE = 1000;
/** Maximum number of images or folders that are inspected at the same time. */
const MAX_CONCURRENT_INSPECTIONS = 16;
/** Inspections that are queued at the same time: bounds memory. */
const INSPECTIONS_PER_BATCH = 1000;
/** Name of a rendition folder: a SHA-256 in base64url. Other folders do not belong to this project. */
const HASHED_FOLDER = /^[\w-]{43}$/;

export interface Examination {
  /** How many of each exist. */
  checked: { originals: number; images: number; tokens: number; shares: number; folders: number };
  /** How many of the token records belong to a share record. */
  shareTokens: number;
  findings: Finding[];
  /**
   * Number of records that name objects or documents outside the configured places, and one example. If there
   * are any, the parameters may be those of another instance, and the findings are not reliable.
   */
  elsewhere: { count: number; example?: string };
}

export interface ExamineOptions {
  /** Uploads and ends of a revocation bound that are more recent may still be in progress, milliseconds. */
  graceMs: number;
  /** Awaited once, before images with findings are inspected again: their processing may be in progress. */
  settle?: () => Promise<void>;
  /** Reports progress; `total` is known for images only. */
  onProgress?: (what: string, done: number, total?: number) => void;
}

/** An image that has an original, an image record, a token record or a share record. */
interface KnownImage {
  owner: Owner;
  /** Object name of the original. */
  name: string;
}

/**
 * Reads the lists of originals, image records, token records, share records and folders, and inspects each image: once, and
 * twice when it has findings. Holds the names of all originals in memory, some 200 bytes each.
 * @throws errors of Google's client libraries
 */
export async function examine(
  context: LifecycleContext,
  { graceMs, settle, onProgress = () => {} }: ExamineOptions,
): Promise<Examination> {
  const { config, backend } = context;
  const { records } = backend;
  const images = new Map<string, KnownImage>();
  const elsewhere: Examination['elsewhere'] = { count: 0 };
  const addElsewhere = (example: string) => {
    elsewhere.count += 1;
    elsewhere.example ??= example;
  };
  const addImage = (owner: Owner, name: string) =>
    images.set(hashedFolder(config.bucket, name), { owner, name });
  const nameOf = (owner: Owner) => fillTemplate(config.originalsPath, owner);

  /** Originals whose ids are invalid: they have no records and no renditions, but may have download tokens. */
  const unprocessable: StoredOriginal[] = [];
  await forEachOriginal(context, (owner, original) => {
    if (owner) addImage(owner, original.name);
    else if (original.hasDownloadToken) unprocessable.push(original);
    onProgress('originals', images.size);
  });
  const originalCount = images.size;
  const imageCount = await forEachItem(
    (after) => records.listImages(NAMES_PER_PAGE, after),
    (owner) => addImage(owner, nameOf(owner)),
    (count) => onProgress('image records', count),
  );
  let shareTokens = 0;
  const tokenCount = await forEachItem(
    (after) => records.listTokens(NAMES_PER_PAGE, after),
    (token) => {
      if (token.hasShare) shareTokens += 1;
      if (token.isElsewhere) addElsewhere(`${config.tokensCollection}/${token.hash}`);
      else addImage({ uid: token.uid, imageId: token.imageId }, nameOf(token));
    },
    (count) => onProgress('token records', count),
  );
  const shareCount = await forEachItem(
    (after) => backend.shares.list(NAMES_PER_PAGE, after),
    ({ uid, share: { imageId } }) => addImage({ uid, imageId }, nameOf({ uid, imageId })),
    (count) => onProgress('share records', count),
  );

  const suspects: KnownImage[] = [];
  let done = 0;
  await forEachConcurrently([...images.values()], async (image) => {
    const inspection = await inspect(image.owner, image.name, graceMs, context);
    if (inspection.elsewhere !== undefined) addElsewhere(inspection.elsewhere);
    if (inspection.findings.length > 0) suspects.push(image);
    onProgress('images', (done += 1), images.size);
  });
  const unknownFolders = new Map<string, Finding>();
  const folderCount = await forEachFolder(context, async (folder) => {
    const hashed = folder.slice(config.variantsPath.length + 1, -1);
    if (!HASHED_FOLDER.test(hashed) || images.has(hashed)) return;
    unknownFolders.set(folder, await unknownFolderFinding(folder, context));
  });

  if (suspects.length + unprocessable.length + unknownFolders.size > 0) await settle?.();
  const findings: Finding[] = [];
  await forEachConcurrently(unprocessable, async ({ name }) => {
    findings.push(...(await inspectDownloadToken(name, graceMs, context)));
  });
  await forEachConcurrently(suspects, async ({ owner, name }) => {
    findings.push(...(await inspect(owner, name, graceMs, context)).findings);
  });
  if (unknownFolders.size > 0) {
    // The folder of an image that was uploaded after the first list of originals is not unknown.
    await forEachOriginal(context, (_owner, { name }) =>
      unknownFolders.delete(renditionsFolder(config.variantsPath, config.bucket, name)),
    );
  }
  findings.push(...unknownFolders.values());
  findings.sort((a, b) => (a.of < b.of ? -1 : 1));
  const checked = {
    originals: originalCount,
    images: imageCount,
    tokens: tokenCount,
    shares: shareCount,
    folders: folderCount,
  };
  return { checked, shareTokens, findings, elsewhere };
}

/** The fix deletes the renditions listed now, and none that are written later: those may belong to a new image. */
async function unknownFolderFinding(
  folder: string,
  { backend }: LifecycleContext,
): Promise<Finding> {
  const renditions = await backend.objects.listRenditions(folder);
  const fix = async (context: ProcessingContext) => {
    for (const rendition of renditions) await context.backend.objects.deleteRendition(rendition);
  };
  const what = `${renditions.length} renditions`;
  return { kind: 'orphaned', of: folder, what, isUnknown: true, fix };
}

/** @param visit receives no owner when an id in the original's name is invalid */
async function forEachOriginal(
  { config, backend }: LifecycleContext,
  visit: (owner: Owner | undefined, original: StoredOriginal) => unknown,
): Promise<void> {
  const prefix = originalsPrefix(config.originalsPath);
  await forEachItem(
    (after) => backend.objects.listOriginals(prefix, NAMES_PER_PAGE, after),
    (original) => {
      const { originalsPath } = config;
      if (!isOriginalName(originalsPath, original.name)) return;
      visit(ownerOf(originalsPath, original.name), original);
    },
  );
}

/** @returns the number of folders */
async function forEachFolder(
  { config, backend }: LifecycleContext,
  visit: (folder: string) => Promise<void>,
): Promise<number> {
  const folders: string[] = [];
  const root = `${config.variantsPath}/`;
  await forEachItem(
    (after) => backend.objects.listFolders(root, NAMES_PER_PAGE, after),
    (folder) => folders.push(folder),
  );
  await forEachConcurrently(folders, visit);
  return folders.length;
}

/** @returns the number of items on all pages */
async function forEachItem<T>(
  listPage: (after: string | undefined) => Promise<Page<T>>,
  visit: (item: T) => unknown,
  onCount: (count: number) => void = () => {},
): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const { items, next } = await listPage(after);
    items.forEach(visit);
    onCount((count += items.length));
    after = next;
  } while (after !== undefined);
  return count;
}

async function forEachConcurrently<T>(
  items: readonly T[],
  visit: (item: T) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < items.length; start += INSPECTIONS_PER_BATCH) {
    const batch = items.slice(start, start + INSPECTIONS_PER_BATCH);
    await runWithConcurrency(
      MAX_CONCURRENT_INSPECTIONS,
      batch.map((item) => () => visit(item)),
    );
  }
}
