/** Separates originals from what storage-resize-images has made of them. Pure. */
import { posix } from 'node:path';
import { isOriginalName, type PathTemplate } from '../../domain/path.js';
import { keyOfOriginal, parseResized, type ExtensionParameters } from './extension.js';

/** What is known of an object. */
export interface Listed {
  name: string;
  contentType?: string;
  metadata: Readonly<Record<string, string>>;
}

export interface Classified<T extends Listed> {
  /** Each with the files that the extension has made of it, the largest first. */
  originals: { object: T; resized: T[] }[];
  /** Marked as resized, and no original exists. */
  withoutOriginal: T[];
  /**
   * Not marked, but named like a resized file of an original: made by hand, or a user's upload. Or marked, and of one
   * of several originals: cat.jpg and cat.png.
   */
  ambiguous: T[];
  /** Copies of originals that the extension could not resize: FAILED_IMAGES_PATH. */
  failed: T[];
  /** Not images. */
  others: T[];
  /** Where the new installation has its originals or renditions. */
  ours: T[];
}

/** Where the new installation stores objects in this bucket. */
export interface NewPaths {
  /** Absent: in another bucket. */
  originalsPath?: PathTemplate;
  variantsPath?: string;
}

/**
 * Classifies the objects of a bucket. The metadata `resizedImage` decides, as in the extension itself: a user may name
 * an upload `cat_200x200.jpg`. An object that has resized files of its own is an original, whatever its name is.
 */
export function classify<T extends Listed>(
  objects: readonly T[],
  parameters: ExtensionParameters,
  { originalsPath, variantsPath }: NewPaths,
): Classified<T> {
  const result: Classified<T> = {
    ...{ originals: [], withoutOriginal: [], ambiguous: [], failed: [], others: [], ours: [] },
  };
  const marked: T[] = [];
  const unmarked: T[] = [];
  for (const object of objects) {
    const isOurs =
      (originalsPath !== undefined && isOriginalName(originalsPath, object.name)) ||
      (variantsPath !== undefined && object.name.startsWith(`${variantsPath}/`));
    if (isOurs) result.ours.push(object);
    else if (object.metadata['resizedImage'] === 'true') marked.push(object);
    else if (object.metadata['resizeFailed'] !== undefined) result.failed.push(object);
    else if (object.contentType?.startsWith('image/') === true) unmarked.push(object);
    else result.others.push(object);
  }
  const byKey = new Map<string, T[]>();
  for (const object of unmarked) {
    const key = keyOfOriginal(object.name, parameters);
    byKey.set(key, [...(byKey.get(key) ?? []), object]);
  }
  const resized = new Map<T, T[]>();
  for (const object of marked) {
    const sources = byKey.get(parseResized(object.name)?.key ?? '') ?? [];
    const source = sourceOf(object, sources);
    if (source !== undefined) resized.set(source, [...(resized.get(source) ?? []), object]);
    else if (sources.length === 0) result.withoutOriginal.push(object);
    else result.ambiguous.push(object);
  }
  const pixels = (object: T) => parseResized(object.name)?.pixels ?? 0;
  for (const object of unmarked) {
    const files = resized.get(object) ?? [];
    const sources = byKey.get(parseResized(object.name)?.key ?? '') ?? [];
    const isAmbiguous = files.length === 0 && sources.some((source) => source !== object);
    if (isAmbiguous) result.ambiguous.push(object);
    else {
      const sorted = files.sort((a, b) => pixels(b) - pixels(a));
      result.originals.push({ object, resized: sorted });
    }
  }
  return result;
}

/** The original of a resized file; of several, the one with the same extension. */
function sourceOf<T extends Listed>({ name }: T, sources: readonly T[]): T | undefined {
  if (sources.length === 1) return sources[0];
  const same = sources.filter((source) => posix.extname(source.name) === posix.extname(name));
  return same.length === 1 ? same[0] : undefined;
}
