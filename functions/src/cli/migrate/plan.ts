/** `migrate plan`: what is there, what would happen, what it costs, and what could go wrong. */
import type { Config } from '../../config/config.js';
import { priceOf } from '../cost/prices.js';
import { wouldResize, type ExtensionParameters } from './extension.js';
import type { Survey } from './survey.js';

/** Seconds of an instance for one image: several times what a photo of 12 megapixels takes. */
const SECONDS_PER_IMAGE = 1;
/** Memory of that instance, GiB. */
const GIB = 2;
/** Seconds from the copy until the record is ready, with instances that are started. */
const LATENCY_SECONDS = 3;
/** Reads and writes of Firestore per image, those of waiting included. */
const DOCUMENT_READS = 8;
const DOCUMENT_WRITES = 4;

export interface Estimate {
  minutes: number;
  /** US dollars, once. */
  once: number;
  /** US dollars a month, for the copies as long as the old originals are kept. */
  monthly: number;
}

/** @param concurrency images in progress at the same time */
export function estimate(
  { images }: Pick<Survey, 'images'>,
  { variants, formats, autoFormat }: Pick<Config, 'variants' | 'formats' | 'autoFormat'>,
  concurrency: number,
): Estimate {
  const renditions = variants.length * (autoFormat === true ? 1 : formats.length);
  const perImage =
    priceOf('classA', 1 + renditions) +
    priceOf('classB', 3) +
    priceOf('documentRead', DOCUMENT_READS) +
    priceOf('documentWrite', DOCUMENT_WRITES) +
    priceOf('cpuSecond', SECONDS_PER_IMAGE) +
    priceOf('memorySecond', GIB * SECONDS_PER_IMAGE);
  const bytes = images.reduce((sum, { object }) => sum + object.bytes, 0);
  return {
    minutes: (images.length * LATENCY_SECONDS) / concurrency / 60,
    once: images.length * perImage,
    monthly: priceOf('storedGbMonth', bytes / 1e9),
  };
}

export interface Traps {
  /** `run` does not begin with one of these. */
  blocking: string[];
  warnings: string[];
}

/** What could go wrong with these parameters and objects. */
export function findTraps(
  { counts, ours, exceptions, images }: Survey,
  config: Config,
  extension: ExtensionParameters | undefined,
): Traps {
  const blocking: string[] = [];
  const warnings: string[] = [];
  const folders = {
    ORIGINALS_PATH: config.originalsPath.segments.slice(0, -1).join('/'),
    VARIANTS_PATH: config.variantsPath,
  };
  const isShared = (bucket: string) =>
    extension?.bucket === undefined || extension.bucket === bucket;
  if (extension === undefined) {
    warnings.push(
      'The parameters of storage-resize-images were not found: RESIZED_IMAGES_PATH counts as empty. Name their file with --extension.',
    );
  } else {
    const resized = Object.entries(folders).filter(
      ([name, folder]) =>
        isShared(name === 'ORIGINALS_PATH' ? config.bucket : config.variantsBucket) &&
        wouldResize(folder.replace('{uid}', 'uid'), extension),
    );
    if (resized.length > 0) {
      const paths = resized.map(([, folder]) => `/${excluded(folder)}`).join(',');
      blocking.push(
        `storage-resize-images would resize the new objects, and write its files beside them: add ${paths} to its EXCLUDE_PATH_LIST, ` +
          'or uninstall it and add --extension-off.',
      );
    }
    if (extension.deletesOriginals) {
      warnings.push(
        'DELETE_ORIGINAL_FILE is on: originals may be gone. Resized files without an original are not migrated.',
      );
    }
  }
  if (counts.ours > 0 && config.lockOriginals) {
    warnings.push(
      `${counts.ours} objects are in ORIGINALS_PATH or VARIANTS_PATH already: with LOCK_ORIGINALS=true, which is the default, the functions ` +
        'remove the download tokens of such originals when they are uploaded or changed, and URLs with these tokens end at once. Use an ' +
        'ORIGINALS_PATH that has no old images.',
    );
  }
  if (ours.length > 0) {
    warnings.push(
      `${ours.length} resized files are in ORIGINALS_PATH, such as ${ours[0] ?? ''}: the functions take them for originals.`,
    );
  }
  const count = (reason: string) => exceptions.filter((one) => one.reason === reason).length;
  const ambiguous = count('ambiguous');
  if (ambiguous > 0) {
    warnings.push(
      `${ambiguous} files are named like a resized file of another image, but lack its metadata: they are neither migrated nor deleted.`,
    );
  }
  if (count('no-owner') > 0) {
    warnings.push(
      `${count('no-owner')} images have no owner, and are not migrated: add a rule to "owner" in the mapping file.`,
    );
  }
  const tiff = images.filter(({ object }) => object.contentType === 'image/tiff').length;
  if (tiff > 0 && !config.tiff) warnings.push(`${tiff} images are TIFF files, and TIFF is false.`);
  const large = images.filter(({ object }) => object.bytes > config.maxBytes).length;
  if (large > 0) warnings.push(`${large} images have more bytes than MAX_BYTES.`);
  return { blocking, warnings };
}

/** A folder as a path of EXCLUDE_PATH_LIST, which also excludes what is below it. */
function excluded(folder: string): string {
  return folder.replace(/[/]?[{]uid[}]$/, '').replace('{uid}', '*') || '*';
}

/** The plan as lines. */
export function planText(
  survey: Survey,
  { minutes, once, monthly }: Estimate,
  config: Config,
): string[] {
  const { bucket, images, counts } = survey;
  const owners = new Set(images.map(({ uid }) => uid)).size;
  const bytes = images.reduce((sum, { object }) => sum + object.bytes, 0);
  const tokens = images.flatMap(({ links }) => links).filter(({ token }) => token !== undefined);
  return [
    `gs://${bucket}: ${counts.objects} objects`,
    `  ${images.length} images of ${owners} owners, ${megabytes(bytes)}`,
    `  ${counts.resized} resized files of storage-resize-images`,
    `  ${counts.failed} that it could not resize, ${counts.others} other files, ${counts.ours} of this installation`,
    `  ${counts.withTokens} with download tokens: everybody who has a URL can open them`,
    ...(counts.collections.length > 0
      ? [
          `Firestore: ${counts.documents} documents, ${counts.links} fields with the URL of such an image`,
        ]
      : []),
    ...counts.collections.map(
      ({ database, collection, documents }) =>
        `  ${documents} in ${collection} of the database ${database}`,
    ),
    '',
    `run would copy ${images.length} images to gs://${config.bucket}/${config.originalsPath.text} and write ${tokens.length} tokens to documents.`,
    `It would take about ${duration(minutes)} and cost about $${once.toFixed(2)}; the copies cost about $${monthly.toFixed(2)} a month until the old originals are deleted.`,
    `finish would then remove ${counts.withTokens} download tokens, ${counts.resized} resized files and ${counts.links} fields.`,
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function duration(minutes: number): string {
  if (minutes < 1) return 'a minute';
  return minutes < 120 ? `${Math.ceil(minutes)} minutes` : `${Math.ceil(minutes / 60)} hours`;
}
