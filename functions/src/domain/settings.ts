/** Hashes of the parameters that an image was processed with, to detect changed parameters. */
import { createHash } from 'node:crypto';
import { AUTO, type Format } from './format.js';
import type { PathTemplate } from './path.js';
import { effectsOf, type Variant } from './variant.js';
import type { WatermarkSettings } from './watermark.js';

/** Increment when the same parameters intentionally produce different bytes. */
const ENCODING_VERSION = 1;

/** Parameters that determine how renditions look. */
export interface RenditionSettings {
  variants: readonly Variant[];
  formats: readonly Format[];
  /** Whether each image has the one format that suits it, instead of `formats`. */
  autoFormat?: boolean;
  animated: boolean;
  /** SSIMULACRA2 points; absent: fixed encoder settings. */
  quality?: number;
  /** What variants with `watermark` show. */
  watermark?: WatermarkSettings;
  /** Absent: sRGB. */
  colorSpace?: 'p3';
  /** Absent: HDR gain maps are dropped. */
  keepGainMap?: true;
}

/** Parameters that determine which originals are accepted. */
export interface InputLimits {
  maxBytes: number;
  maxPixels: number;
  heic: boolean;
  tiff: boolean;
  maxImagesPerUser: number;
}

export interface SettingsHashes {
  /** Stored with an image that was processed. */
  renditions: string;
  /** Stored with an attempt that failed: other settings may let it succeed. */
  all: string;
  /** Stored with an upload beyond MAX_IMAGES_PER_USER: with another limit it may be processed. */
  quota: string;
}

/** @returns hexadecimal hashes of the parameters; the order of VARIANTS and FORMATS does not matter */
export function settingsHashes(config: RenditionSettings & InputLimits): SettingsHashes {
  const {
    formats,
    autoFormat,
    animated,
    quality,
    colorSpace,
    keepGainMap,
    maxBytes,
    maxPixels,
    heic,
    tiff,
    maxImagesPerUser,
  } = config;
  const variants = config.variants
    .map((variant) => [
      ...[variant.name, variant.width, variant.height ?? 0, variant.fit, variant.crop ?? ''],
      // Added only if they exist: the hash of other variants stays what it was before these options existed.
      ...[
        ...[variant.maxBytes, variant.format, effectsOf(variant)],
        variant.quality === undefined ? undefined : `quality=${variant.quality}`,
        variant.watermark && config.watermark,
      ].filter((option) => option !== undefined),
    ])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  const renditionSettings = [
    ...[ENCODING_VERSION, variants, autoFormat ? AUTO : [...formats].sort(), animated],
    // Added only if they are set: the hash of other instances stays what it was before the parameters existed.
    ...(quality === undefined ? [] : [quality]),
    ...(colorSpace === undefined ? [] : [colorSpace]),
    ...(keepGainMap ? ['gain-map'] : []),
  ];
  const allSettings = [renditionSettings, maxBytes, maxPixels, heic, tiff];
  return {
    renditions: hash(renditionSettings),
    all: hash(allSettings),
    quota: hash([...allSettings, maxImagesPerUser]),
  };
}

/** Further parameters that a backfill applies: where images are stored, whether download tokens are revoked. */
export interface StorageLocations {
  bucket: string;
  variantsBucket: string;
  originalsPath: PathTemplate;
  variantsPath: string;
  imagesCollection: PathTemplate;
  tokensCollection: string;
  lockOriginals: boolean;
}

/** @returns a hexadecimal hash that changes when a backfill may find images to process */
export function backfillSettingsHash(
  config: RenditionSettings & InputLimits & StorageLocations,
): string {
  const { bucket, variantsBucket, originalsPath, variantsPath } = config;
  const { imagesCollection, tokensCollection } = config;
  const locations = [originalsPath.text, variantsPath, imagesCollection.text, tokensCollection];
  // Added only if it differs: the hash of other instances stays what it was before the parameter existed.
  if (variantsBucket !== bucket) locations.push(variantsBucket);
  const quota = config.maxImagesPerUser === 0 ? [] : [config.maxImagesPerUser];
  return hash([settingsHashes(config).all, bucket, locations, config.lockOriginals, ...quota]);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
