/** Which parameters a picture was made by, as a short text: so that a change of them is noticed. */
import { createHash } from 'node:crypto';
import type { Format } from './format.js';
import type { PathTemplate } from './path.js';
import type { Variant } from './variant.js';

/** Raised when other bytes than before are made by the same parameters, on purpose. */
const RECIPE_VERSION = 1;

/** What decides how renditions look. */
export interface RenditionSettings {
  variants: readonly Variant[];
  formats: readonly Format[];
  animated: boolean;
}

/** What decides whether an original is taken at all. */
export interface InputLimits {
  maxBytes: number;
  maxPixels: number;
  heic: boolean;
  tiff: boolean;
}

export interface SettingsHashes {
  /** Of a picture that was made. */
  renditions: string;
  /** Of an attempt that failed: with other ones it may succeed. */
  all: string;
}

/** @returns hexadecimal texts that change when the parameters do; the order of VARIANTS counts for nothing */
export function settingsHashes(config: RenditionSettings & InputLimits): SettingsHashes {
  const { formats, animated, maxBytes, maxPixels, heic, tiff } = config;
  const variants = config.variants
    .map(({ name, width, height, fit, crop }) => [name, width, height ?? 0, fit, crop ?? ''])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  const recipe = [RECIPE_VERSION, variants, [...formats].sort(), animated];
  return {
    renditions: hash(recipe),
    all: hash([recipe, maxBytes, maxPixels, heic, tiff]),
  };
}

/** What else a backfill sees to: where images are, and whether originals are locked. */
export interface StorageLocations {
  bucket: string;
  originalsPath: PathTemplate;
  variantsPath: string;
  imagesCollection: PathTemplate;
  tokensCollection: string;
  lockOriginals: boolean;
}

/** @returns a hexadecimal text that changes when a backfill may find something to do */
export function backfillSettingsHash(
  config: RenditionSettings & InputLimits & StorageLocations,
): string {
  const { bucket, originalsPath, variantsPath, imagesCollection, tokensCollection } = config;
  const places = [originalsPath.text, variantsPath, imagesCollection.text, tokensCollection];
  return hash([settingsHashes(config).all, bucket, places, config.lockOriginals]);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
