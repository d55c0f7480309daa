/** Everything there is -> all that is wrong, and the mending of it. */
import {
  fillTemplate,
  hashedFolder,
  originalsPrefix,
  ownerOf,
  renditionsFolder,
  type Owner,
} from '../images/path.js';
import { refresh } from '../ingest/backfill.js';
import { removeIfGone } from '../ingest/remove.js';
import type { Keeper, Maker } from '../ingest/room.js';
import { sweep } from '../ingest/sweep.js';
import type { Page } from '../library/library.js';
import { inspect, type Finding } from './inspect.js';

/** Names that one call lists. */
const A_CALL = 1000;
/** Images that are looked at side by side. */
const AT_ONCE = 16;

export interface Examination {
  /** How many of each there were. */
  checked: { originals: number; images: number; tokens: number; folders: number };
  findings: Finding[];
}

/** Told how far it has come; `total` grows as more is found. */
export type OnProgress = (done: number, total: number) => void;

/**
 * Reads everything once: lists of originals, image records, token records and folders, and for each
 * image what `inspect` costs. Holds the names of all originals in memory, some 200 bytes each.
 */
export async function examine(room: Keeper, onProgress: OnProgress): Promise<Examination> {
  const { config, library } = room;
  const { objects, records } = library;
  const seen = new Map<string, { owner: Owner; name: string }>();
  const note = (owner: Owner, name: string) =>
    seen.set(hashedFolder(config.bucket, name), { owner, name });

  const prefix = originalsPrefix(config.originalsPath);
  await eachPage(
    (after) => objects.listOriginals(prefix, A_CALL, after),
    ({ name }) => {
      const owner = ownerOf(config.originalsPath, name);
      if (owner) note(owner, name);
    },
  );
  const originals = seen.size;
  const nameOf = (owner: Owner) => fillTemplate(config.originalsPath, owner);
  const noteOwner = (owner: Owner) => void note(owner, nameOf(owner));
  const images = await eachPage((after) => records.listImages(A_CALL, after), noteOwner);
  const tokens = await eachPage((after) => records.listTokens(A_CALL, after), noteOwner);

  const findings: Finding[] = [];
  let done = 0;
  const queue = [...seen.values()];
  const worker = async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const { owner, name } = next;
      // Looked at twice: what was on its way just now may have arrived.
      const isWrong = (await inspect(owner, name, room)).length > 0;
      if (isWrong) findings.push(...(await inspect(owner, name, room)));
      onProgress((done += 1), seen.size);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  const root = `${config.variantsPath}/`;
  const unknown: string[] = [];
  const folders = await eachPage(
    (after) => objects.listFolders(root, A_CALL, after),
    (folder) => {
      if (!seen.has(folder.slice(root.length, -1))) unknown.push(folder);
    },
  );
  const isNew = unknown.length === 0 ? () => false : await newFolders(room);
  for (const folder of unknown) {
    if (isNew(folder)) continue;
    findings.push({ kind: 'orphaned', of: folder, what: 'renditions', mend: 'delete-folder' });
  }
  findings.sort((a, b) => (a.of < b.of ? -1 : 1));
  return { checked: { originals, images, tokens, folders }, findings };
}

/** @returns whether a folder that nobody knew belongs to what was uploaded in the meantime */
async function newFolders({ config, library }: Keeper): Promise<(folder: string) => boolean> {
  const folders = new Set<string>();
  const prefix = originalsPrefix(config.originalsPath);
  await eachPage(
    (after) => library.objects.listOriginals(prefix, A_CALL, after),
    ({ name }) => folders.add(renditionsFolder(config.variantsPath, config.bucket, name)),
  );
  return (folder) => folders.has(folder);
}

/** @returns whether something was done; what was found may be gone by itself */
export async function mend(finding: Finding, room: Maker): Promise<void> {
  const { objects } = room.library;
  if (finding.mend === 'delete-folder') {
    for (const rendition of await objects.listRenditions(finding.of)) {
      await objects.deleteRendition(rendition);
    }
    return;
  }
  const name = finding.of;
  const owner = ownerOf(room.config.originalsPath, name);
  if (owner === undefined) return;
  if (finding.mend === 'sweep') return void (await sweep({ name }, room));
  const original = await objects.findOriginal(name);
  if (original === undefined) return void (await removeIfGone(owner, name, undefined, room));
  if (finding.mend === 'lock') return void (await objects.lock(name, original.generation));
  const image = await room.library.records.findImage(owner);
  if (image?.attempt !== undefined) await room.library.records.abandon(owner, image.attempt);
  await refresh(original, room, { isLate: false, redo: 'always' });
}

/** @returns how many items there were */
async function eachPage<T>(
  list: (after: string | undefined) => Promise<Page<T>>,
  each: (item: T) => unknown,
): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const { items, next } = await list(after);
    items.forEach(each);
    count += items.length;
    after = next;
  } while (after !== undefined);
  return count;
}
