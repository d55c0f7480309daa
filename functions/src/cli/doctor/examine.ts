/** Everything there is -> all that is wrong. */
import {
  fillTemplate,
  hashedFolder,
  originalsPrefix,
  ownerOf,
  renditionsFolder,
  type Owner,
} from '../../domain/path.js';
import type { LifecycleContext, ProcessingContext } from '../../lifecycle/context.js';
import type { Page } from '../../gcp/backend.js';
import { inspect, type Finding } from './inspect.js';

/** Names that one call lists. */
const A_CALL = 1000;
/** Images that are looked at side by side. */
const AT_ONCE = 16;
/** What a folder of renditions is called; what is not, somebody else has put there. */
const HASHED = /^[\w-]{43}$/;

export interface Examination {
  /** How many of each there were. */
  checked: { originals: number; images: number; tokens: number; folders: number };
  findings: Finding[];
  /**
   * Records of what is not where the parameters say, and one of them. Whatever else was found is not to
   * be trusted then: the parameters may be another instance's.
   */
  elsewhere: { count: number; example?: string };
}

export interface ExamineOptions {
  /** Uploads, and ends of a bound, that are not older are under way, milliseconds. */
  graceMs: number;
  /** Awaited once, before what looks wrong is looked at again: it may be under way. */
  settle?: () => Promise<void>;
  /** Told how far it has come. */
  onProgress?: (what: string, done: number, total?: number) => void;
}

interface Suspect {
  owner: Owner;
  name: string;
}

/**
 * Reads everything: lists of originals, image records, token records and folders, and for each image what
 * `inspect` costs, twice when something is wrong. Holds the names of all originals in memory, some 200
 * bytes each.
 * @throws what Google's clients throw
 */
export async function examine(
  room: LifecycleContext,
  { graceMs, settle, onProgress = () => {} }: ExamineOptions,
): Promise<Examination> {
  const { config, backend } = room;
  const { records } = backend;
  const seen = new Map<string, Suspect>();
  const elsewhere: Examination['elsewhere'] = { count: 0 };
  const noteElsewhere = (example: string) => {
    elsewhere.count += 1;
    elsewhere.example ??= example;
  };
  const note = (owner: Owner, name: string) =>
    seen.set(hashedFolder(config.bucket, name), { owner, name });
  const nameOf = (owner: Owner) => fillTemplate(config.originalsPath, owner);

  await eachOriginal(room, (owner, name) => {
    note(owner, name);
    onProgress('originals', seen.size);
  });
  const originals = seen.size;
  const images = await eachPage(
    (after) => records.listImages(A_CALL, after),
    (owner) => note(owner, nameOf(owner)),
    (count) => onProgress('image records', count),
  );
  const tokens = await eachPage(
    (after) => records.listTokens(A_CALL, after),
    (token) => {
      if (token.isElsewhere) noteElsewhere(`${config.tokensCollection}/${token.hash}`);
      else note({ uid: token.uid, imageId: token.imageId }, nameOf(token));
    },
    (count) => onProgress('token records', count),
  );

  const suspects: Suspect[] = [];
  let done = 0;
  await sideBySide([...seen.values()], async (suspect) => {
    const found = await inspect(suspect.owner, suspect.name, graceMs, room);
    if (found.elsewhere !== undefined) noteElsewhere(found.elsewhere);
    if (found.findings.length > 0) suspects.push(suspect);
    onProgress('images', (done += 1), seen.size);
  });
  const unknown = new Map<string, Finding>();
  const folders = await eachFolder(room, async (folder) => {
    const hashed = folder.slice(config.variantsPath.length + 1, -1);
    if (!HASHED.test(hashed) || seen.has(hashed)) return;
    unknown.set(folder, await orphanedFolder(folder, room));
  });

  if (suspects.length + unknown.size > 0) await settle?.();
  const findings: Finding[] = [];
  await sideBySide(suspects, async ({ owner, name }) => {
    findings.push(...(await inspect(owner, name, graceMs, room)).findings);
  });
  if (unknown.size > 0) {
    // What was uploaded in the meantime has made its folder in the meantime.
    await eachOriginal(room, (_owner, name) =>
      unknown.delete(renditionsFolder(config.variantsPath, config.bucket, name)),
    );
  }
  findings.push(...unknown.values());
  findings.sort((a, b) => (a.of < b.of ? -1 : 1));
  return { checked: { originals, images, tokens, folders }, findings, elsewhere };
}

/** Deletes what is there now and nothing that comes later: by then it may be somebody's. */
async function orphanedFolder(folder: string, { backend }: LifecycleContext): Promise<Finding> {
  const there = await backend.objects.listRenditions(folder);
  const mend = async (room: ProcessingContext) => {
    for (const rendition of there) await room.backend.objects.deleteRendition(rendition);
  };
  const what = `${there.length} renditions`;
  return { kind: 'orphaned', of: folder, what, isUnknown: true, mend };
}

async function eachOriginal(
  { config, backend }: LifecycleContext,
  each: (owner: Owner, name: string) => unknown,
): Promise<void> {
  const prefix = originalsPrefix(config.originalsPath);
  await eachPage(
    (after) => backend.objects.listOriginals(prefix, A_CALL, after),
    ({ name }) => {
      const owner = ownerOf(config.originalsPath, name);
      if (owner) each(owner, name);
    },
  );
}

async function eachFolder(
  { config, backend }: LifecycleContext,
  each: (folder: string) => Promise<void>,
): Promise<number> {
  const folders: string[] = [];
  const root = `${config.variantsPath}/`;
  await eachPage(
    (after) => backend.objects.listFolders(root, A_CALL, after),
    (folder) => folders.push(folder),
  );
  await sideBySide(folders, each);
  return folders.length;
}

/** @returns how many items there were */
async function eachPage<T>(
  list: (after: string | undefined) => Promise<Page<T>>,
  each: (item: T) => unknown,
  onCount: (count: number) => void = () => {},
): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const { items, next } = await list(after);
    items.forEach(each);
    onCount((count += items.length));
    after = next;
  } while (after !== undefined);
  return count;
}

async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
