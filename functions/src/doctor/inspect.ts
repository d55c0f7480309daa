/** One image as it is -> what is wrong with it, and what mends it. */
import { renditionsFolder, type Owner } from '../images/path.js';
import { settingsOf } from '../images/settings.js';
import { GIVE_UP_AFTER_MS } from '../ingest/event.js';
import type { Keeper } from '../ingest/room.js';
import { namedBy } from '../ingest/sweep.js';
import { compare, isOutdated, type ImageRecords, type StoredOriginal } from '../library/library.js';

/**
 * - `orphaned`: there is no original, or nothing shows it
 * - `missing`: there should be one
 * - `stale`: it is not what the newest original or the parameters say
 * - `unlocked`: a download token opens an original to the world
 */
export type Kind = 'orphaned' | 'missing' | 'stale' | 'unlocked';

export interface Finding {
  kind: Kind;
  /** Name of the original, or of the folder of renditions when nothing says whose it is. */
  of: string;
  /** A few words for a person. */
  what: string;
  mend: 'lock' | 'make' | 'remove' | 'sweep' | 'delete-folder';
}

/**
 * Looks at one image from all sides: two reads, and a list of its renditions. What is under way is not
 * wrong: a picture that is being made, old renditions within the revocation bound.
 */
export async function inspect(owner: Owner, name: string, room: Keeper): Promise<Finding[]> {
  const { config, library, now } = room;
  const folder = renditionsFolder(config.variantsPath, config.bucket, name);
  const original = await library.objects.findOriginal(name);
  const listed = (await library.objects.listRenditions(folder)).map((rendition) => rendition.name);
  const records = await library.records.find(owner);
  const finding = (kind: Kind, what: string, mend: Finding['mend']) => ({
    kind,
    of: name,
    what,
    mend,
  });
  if (original === undefined) {
    const left = [
      ...(records.image ? ['image record'] : []),
      ...(records.tokens.size > 0 ? [`${records.tokens.size} token records`] : []),
      ...(listed.length > 0 ? [`${listed.length} renditions`] : []),
    ];
    return left.length > 0 ? [finding('orphaned', left.join(', '), 'remove')] : [];
  }
  const found: Finding[] = [];
  if (original.isOpen && config.lockOriginals) {
    found.push(finding('unlocked', 'download token on the original', 'lock'));
  }
  const { image } = records;
  if (image?.original === undefined) {
    return [...found, finding('missing', 'image record', 'make')];
  }
  const isUnderWay = image.attempt !== undefined && now() - image.updatedAt < GIVE_UP_AFTER_MS;
  if (isUnderWay) return found;
  const stale = staleness(original, records, room);
  if (stale !== undefined) return [...found, finding('stale', stale, 'make')];
  const named = namedBy(records);
  const there = new Set(listed);
  const missing = [...named].filter((object) => !there.has(object)).length;
  if (missing > 0) found.push(finding('missing', `${missing} renditions`, 'make'));
  const leftovers = listed.filter((object) => !named.has(object)).length;
  const isInBound = now() < image.updatedAt + config.revocationSeconds * 1000;
  if (leftovers > 0 && !isInBound) {
    found.push(finding('orphaned', `${leftovers} old renditions`, 'sweep'));
  }
  return found;
}

/** What of the records is behind the original or the parameters; undefined when nothing is. */
function staleness(
  original: StoredOriginal,
  { image, tokens }: ImageRecords,
  { config }: Keeper,
): string | undefined {
  if (image === undefined) return undefined;
  if (compare(image.original, original) !== 0) return 'image record of another upload';
  if (image.attempt !== undefined || image.state === 'processing')
    return 'image that nobody works on';
  if (isOutdated(image, settingsOf(config))) return 'renditions by other parameters';
  if (image.state !== 'ready') return undefined;
  const behind = [...tokens.values()].filter(
    (token) => token.image?.generation !== original.generation,
  );
  return behind.length > 0 ? `${behind.length} token records of another upload` : undefined;
}
