/** Parses and validates the parameters: environment variables -> one Config. */
import { ConfigError } from '../errors.js';
import type { Format } from '../domain/format.js';
import { fillTemplate, type PathTemplate } from '../domain/path.js';
import { parseSealingKeys, type SealingKey } from '../domain/sealing-keys.js';
import { isProtected, type Variant } from '../domain/variant.js';
import type { WatermarkSettings } from '../domain/watermark.js';
import { REGION_PATTERN } from './locations.js';
import { BUCKET_NAME } from './parameter-kinds.js';
import { filterConfig, parseFilterUrl, type FilterConfig } from './parse-filter.js';
import { eventsConfig, parseEvents, type EventsConfig } from './parse-events.js';
import { DEFAULTS, INITIAL_VALUES, PARAMETERS, type ParameterName } from './parameter-table.js';
import {
  flag,
  matching,
  parseBaseUrl,
  parseCollection,
  parseFormats,
  parseNames,
  parsePath,
  parseEdgeKeyHashes,
  parseProxies,
  parseVariants,
  parseWatermarkSettings,
  parseWidths,
  wholeNumber,
  type Parsed,
  type Parser,
} from './parse-values.js';

export { DEFAULTS, INITIAL_VALUES, type ParameterName };

export interface Config {
  /** Id of the project that the functions run in; empty while the CLI lists the functions. */
  projectId: string;
  /** Region of the task queues and of all functions that the bucket does not trigger. */
  location: string;
  /** Region of the functions that the bucket triggers; absent: the CLI looks up the location of the bucket. */
  triggerRegion?: string;
  /** Name of the bucket that holds the originals. */
  bucket: string;
  /** Name of the bucket that holds the renditions; may be the same. */
  variantsBucket: string;
  originalsPath: PathTemplate;
  variantsPath: string;
  variants: Variant[];
  /** Names of the variants that default tokens give access to; absent: all. */
  publicVariants?: string[];
  /** Present: the widths that are made on demand, pixels, ascending. */
  widths?: number[];
  /** Present: what variants with `:watermark` show. */
  watermark?: WatermarkSettings;
  /** In the configured order, which has no meaning. */
  formats: Format[];
  /** Present and true: each image has the one of `formats` that suits it. */
  autoFormat?: boolean;
  /** The target of renditions, SSIMULACRA2 points; absent: fixed encoder settings. */
  quality?: number;
  /** Present: originals with colors that sRGB has not have renditions in Display P3. */
  colorSpace?: 'p3';
  /** Present: JPEG renditions have the HDR gain map of their original. */
  keepGainMap?: true;
  /** The Firestore database of all records. */
  databaseId: string;
  imagesCollection: PathTemplate;
  tokensCollection: string;
  sharesCollection: PathTemplate;
  /** Collection of the documents that record the progress of long jobs. */
  jobsCollection: string;
  /** Without a trailing slash. When absent, URLs are relative to the URL of `serve`. */
  publicBaseUrl?: string;
  /** The revocation bound, seconds. */
  revocationSeconds: number;
  /** Whether responses have `X-Robots-Tag: noindex`. */
  noindex: boolean;
  /**
   * IP addresses and networks (CIDR) of proxies in front of `serve` that append to X-Forwarded-For, besides
   * Firebase Hosting and Cloudflare.
   */
  trustedProxies: string[];
  /** SHA-256 of the keys that the edge sends, base64url; without any, `serve` is open to everyone. */
  edgeKeyHashes: string[];
  /** Rate limits of one instance, per minute; 0 means no limit. */
  quotas: {
    /** Requests of one client that cause a read. */
    views: number;
    /** Requests with one token that cause a read. */
    token: number;
    /** Bytes of responses for one token. */
    tokenBytes: number;
  };
  /** What the task queues dispatch. */
  queues: {
    /** At the same time. */
    processing: number;
    events: number;
    onDemand: number;
    onDemandPerSecond: number;
    backfill: number;
  };
  /** Whether `serve` gets the secret SEALING_KEYS. */
  sealedLinks: boolean;
  /** Keys of sealed links; only `serve` has them. Never in a log. */
  sealingKeys?: SealingKey[];
  /** The most days until a share expires; 0: any number, or never. */
  shareMaxDays: number;
  /** Whether the callable `sharing` requires App Check. */
  enforceAppCheck: boolean;
  /** Email addresses of the accounts that the functions run as; absent: one account, which the CLI creates. */
  serviceAccounts?: ServiceAccounts;
  /** Whether download tokens of originals are revoked. */
  lockOriginals: boolean;
  /** Maximum number of images of one user; 0 means no limit. */
  maxImagesPerUser: number;
  /** Whether the original of an upload beyond that is deleted. */
  deleteExcessOriginals: boolean;
  /** Maximum size of an original, bytes. */
  maxBytes: number;
  /** Maximum size of a decoded image, pixels (width times height). */
  maxPixels: number;
  /** Whether animated originals have animated WebP renditions. */
  animated: boolean;
  /** Whether HEIC originals are processed. */
  heic: boolean;
  /** Whether TIFF originals are processed. */
  tiff: boolean;
  /** Present: what is asked about each upload. */
  filter?: FilterConfig;
  /** Present: the events that are published. */
  events?: EventsConfig;
}

export interface ServiceAccounts {
  serve: string;
  /** Of the functions that decode images. */
  processing: string;
  /** Of all other functions. */
  lifecycle: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const BUCKET = new RegExp(`^${BUCKET_NAME}$`);

const REGION = new RegExp(REGION_PATTERN);

/** How each parameter is read. */
function parsersFor(environment: Environment) {
  return {
    LOCATION: (given): Parsed<string> => {
      const text = environment['LOCATION']?.trim() ? given : defaultRegion(environment);
      return REGION.test(text) ? { value: text } : { expected: PARAMETERS.LOCATION.expected };
    },
    TRIGGER_REGION: (text): Parsed<string> => {
      const isValid = text === '' || REGION.test(text);
      return isValid ? { value: text } : { expected: PARAMETERS.TRIGGER_REGION.expected };
    },
    BUCKET: (text): Parsed<string> => {
      const name = text === '' ? defaultBucket(environment) : text;
      if (BUCKET.test(name)) return { value: name };
      // The CLI lists the functions before it knows the bucket.
      if (name === '' && environment['FUNCTIONS_CONTROL_API'] === 'true') return { value: '' };
      return { expected: PARAMETERS.BUCKET.expected, found: name };
    },
    VARIANTS_BUCKET: matching('VARIANTS_BUCKET'),
    ORIGINALS_PATH: (text) => parsePath(text, ['uid', 'imageId']),
    VARIANTS_PATH: (text): Parsed<string> => {
      const path = parsePath(text, []);
      return 'value' in path ? { value: path.value.text } : path;
    },
    VARIANTS: parseVariants,
    PUBLIC_VARIANTS: parseNames,
    WIDTHS: parseWidths,
    WATERMARK: parseWatermarkSettings,
    FORMATS: parseFormats,
    QUALITY: matching('QUALITY'),
    COLOR_SPACE: matching('COLOR_SPACE'),
    KEEP_GAIN_MAP: flag('KEEP_GAIN_MAP'),
    IMAGES_COLLECTION: (text) => parsePath(text, ['uid'], 'odd'),
    TOKENS_COLLECTION: parseCollection,
    SHARES_COLLECTION: (text) => parsePath(text, ['uid'], 'odd'),
    JOBS_COLLECTION: parseCollection,
    DATABASE_ID: matching('DATABASE_ID'),
    PUBLIC_BASE_URL: parseBaseUrl,
    REVOCATION_SECONDS: wholeNumber('REVOCATION_SECONDS'),
    NOINDEX: flag('NOINDEX'),
    EDGE_KEY_HASHES: parseEdgeKeyHashes,
    TRUSTED_PROXIES: parseProxies,
    VIEWS_PER_MINUTE: wholeNumber('VIEWS_PER_MINUTE'),
    TOKEN_VIEWS_PER_MINUTE: wholeNumber('TOKEN_VIEWS_PER_MINUTE'),
    TOKEN_MEGABYTES_PER_MINUTE: wholeNumber('TOKEN_MEGABYTES_PER_MINUTE'),
    SHARE_MAX_DAYS: wholeNumber('SHARE_MAX_DAYS'),
    ENFORCE_APP_CHECK: flag('ENFORCE_APP_CHECK'),
    SEALED_LINKS: flag('SEALED_LINKS'),
    // Only validated here, like those that follow: the platform applies them when it deploys the functions.
    MAX_INSTANCES: wholeNumber('MAX_INSTANCES'),
    CONCURRENCY: wholeNumber('CONCURRENCY'),
    MAX_PROCESSING_INSTANCES: wholeNumber('MAX_PROCESSING_INSTANCES'),
    MAX_EVENT_INSTANCES: wholeNumber('MAX_EVENT_INSTANCES'),
    MAX_ON_DEMAND_INSTANCES: wholeNumber('MAX_ON_DEMAND_INSTANCES'),
    MAX_ON_DEMAND_PER_SECOND: wholeNumber('MAX_ON_DEMAND_PER_SECOND'),
    MAX_BACKFILL_INSTANCES: wholeNumber('MAX_BACKFILL_INSTANCES'),
    MAX_SHARING_INSTANCES: wholeNumber('MAX_SHARING_INSTANCES'),
    SERVE_SERVICE_ACCOUNT: matching('SERVE_SERVICE_ACCOUNT'),
    PROCESSING_SERVICE_ACCOUNT: matching('PROCESSING_SERVICE_ACCOUNT'),
    LIFECYCLE_SERVICE_ACCOUNT: matching('LIFECYCLE_SERVICE_ACCOUNT'),
    LOCK_ORIGINALS: flag('LOCK_ORIGINALS'),
    MAX_IMAGES_PER_USER: wholeNumber('MAX_IMAGES_PER_USER'),
    DELETE_EXCESS_ORIGINALS: flag('DELETE_EXCESS_ORIGINALS'),
    MAX_BYTES: wholeNumber('MAX_BYTES'),
    MAX_MEGAPIXELS: wholeNumber('MAX_MEGAPIXELS'),
    ANIMATED: flag('ANIMATED'),
    HEIC: flag('HEIC'),
    TIFF: flag('TIFF'),
    FILTER_URL: (text) => parseFilterUrl(text, environment['FUNCTIONS_EMULATOR'] === 'true'),
    FILTER_TIMEOUT_SECONDS: wholeNumber('FILTER_TIMEOUT_SECONDS'),
    FILTER_FAILURE: matching('FILTER_FAILURE'),
    EVENTS: parseEvents,
    EVENTARC_CHANNEL: matching('EVENTARC_CHANNEL'),
  } satisfies Record<ParameterName, Parser<unknown>>;
}

type Values = {
  [Name in ParameterName]: ReturnType<typeof parsersFor>[Name] extends Parser<infer T> ? T : never;
};

/** @throws ConfigError that lists every invalid value and what was expected */
function parseAll(environment: Environment): Values & { SEALING_KEYS: SealingKey[] } {
  const problems: string[] = [];
  const values: Partial<Record<ParameterName, unknown>> = {};
  const parsers: Record<ParameterName, Parser<unknown>> = parsersFor(environment);
  for (const name of Object.keys(parsers) as ParameterName[]) {
    const given = environment[name]?.trim() ?? '';
    // The platform represents "not set" as an empty value, or an empty list as `[""]`.
    const text = given === '' || given === '[""]' ? DEFAULTS[name] : given;
    const parsed = parsers[name](text);
    if ('value' in parsed) values[name] = parsed.value;
    else problems.push(describe(name, parsed.expected, parsed.found ?? text));
  }
  const keys = parseSealingKeys(environment['SEALING_KEYS'] ?? '');
  if ('expected' in keys) problems.push(describe('SEALING_KEYS', keys.expected, keys.found));
  if (problems.length === 0) problems.push(...conflictsIn(values as Values));
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...(values as Values), SEALING_KEYS: keys as SealingKey[] };
}

function describe(name: string, expected: string, found: string): string {
  return `${name}: expected ${expected}; found ${found === '' ? 'nothing' : JSON.stringify(found)}.`;
}

/** Valid values that exclude each other. */
function conflictsIn(value: Values): string[] {
  const conflicts: string[] = [];
  const names = value.VARIANTS.map(({ name }) => name);
  const unknown = value.PUBLIC_VARIANTS?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    conflicts.push(
      describe('PUBLIC_VARIANTS', `names that VARIANTS has (${names.join(', ')})`, unknown),
    );
  }
  if (value.WATERMARK === undefined && value.VARIANTS.some(({ watermark }) => watermark)) {
    conflicts.push(
      'WATERMARK: expected an object, because a variant has :watermark; found nothing.',
    );
  }
  const accounts = [
    value.SERVE_SERVICE_ACCOUNT,
    value.PROCESSING_SERVICE_ACCOUNT,
    value.LIFECYCLE_SERVICE_ACCOUNT,
  ];
  const missing = accounts.filter((account) => account === '').length;
  if (missing > 0 && missing < accounts.length) {
    conflicts.push(
      'SERVE_SERVICE_ACCOUNT, PROCESSING_SERVICE_ACCOUNT, LIFECYCLE_SERVICE_ACCOUNT: expected all three or ' +
        `none; found ${accounts.length - missing}.`,
    );
  }
  if (value.SHARES_COLLECTION.text === value.IMAGES_COLLECTION.text) {
    conflicts.push(
      'SHARES_COLLECTION: expected another collection than IMAGES_COLLECTION; found ' +
        `${JSON.stringify(value.SHARES_COLLECTION.text)} for both.`,
    );
  }
  // A rendition whose path matched ORIGINALS_PATH would be processed as an original, endlessly.
  const original = fillTemplate(value.ORIGINALS_PATH, { uid: 'uid', imageId: 'id' });
  if (original.startsWith(`${value.VARIANTS_PATH}/`)) {
    conflicts.push(
      'VARIANTS_PATH: expected a folder that does not contain ORIGINALS_PATH; found ' +
        `${JSON.stringify(value.VARIANTS_PATH)} and ${JSON.stringify(value.ORIGINALS_PATH.text)}.`,
    );
  }
  return conflicts;
}

/**
 * Parses and validates all parameters.
 * @param environment usually `process.env`; a parameter that is unset or empty has its default
 * @throws ConfigError that lists every invalid value and what was expected
 */
export function parseConfig(environment: Environment): Config {
  const value = parseAll(environment);
  return {
    projectId: projectOf(environment),
    location: value.LOCATION,
    ...(value.TRIGGER_REGION !== '' && { triggerRegion: value.TRIGGER_REGION }),
    bucket: value.BUCKET,
    variantsBucket: value.VARIANTS_BUCKET || value.BUCKET,
    originalsPath: value.ORIGINALS_PATH,
    variantsPath: value.VARIANTS_PATH,
    variants: value.VARIANTS,
    ...publicVariants(value),
    ...(value.WIDTHS && { widths: value.WIDTHS }),
    ...(value.WATERMARK && { watermark: value.WATERMARK }),
    ...value.FORMATS,
    ...(value.QUALITY !== '' && { quality: Number(value.QUALITY) }),
    ...(value.COLOR_SPACE === 'p3' && { colorSpace: 'p3' }),
    ...(value.KEEP_GAIN_MAP && { keepGainMap: true }),
    databaseId: value.DATABASE_ID,
    imagesCollection: value.IMAGES_COLLECTION,
    tokensCollection: value.TOKENS_COLLECTION,
    sharesCollection: value.SHARES_COLLECTION,
    jobsCollection: value.JOBS_COLLECTION,
    ...(value.PUBLIC_BASE_URL !== undefined && { publicBaseUrl: value.PUBLIC_BASE_URL }),
    revocationSeconds: value.REVOCATION_SECONDS,
    noindex: value.NOINDEX,
    trustedProxies: value.TRUSTED_PROXIES,
    edgeKeyHashes: value.EDGE_KEY_HASHES,
    quotas: {
      views: value.VIEWS_PER_MINUTE,
      token: value.TOKEN_VIEWS_PER_MINUTE,
      tokenBytes: value.TOKEN_MEGABYTES_PER_MINUTE * 1_000_000,
    },
    queues: {
      processing: value.MAX_PROCESSING_INSTANCES,
      events: value.MAX_EVENT_INSTANCES,
      onDemand: value.MAX_ON_DEMAND_INSTANCES,
      onDemandPerSecond: value.MAX_ON_DEMAND_PER_SECOND,
      backfill: value.MAX_BACKFILL_INSTANCES,
    },
    sealedLinks: value.SEALED_LINKS,
    ...(value.SEALING_KEYS.length > 0 && { sealingKeys: value.SEALING_KEYS }),
    shareMaxDays: value.SHARE_MAX_DAYS,
    enforceAppCheck: value.ENFORCE_APP_CHECK,
    ...(value.SERVE_SERVICE_ACCOUNT !== '' && {
      serviceAccounts: {
        serve: value.SERVE_SERVICE_ACCOUNT,
        processing: value.PROCESSING_SERVICE_ACCOUNT,
        lifecycle: value.LIFECYCLE_SERVICE_ACCOUNT,
      },
    }),
    lockOriginals: value.LOCK_ORIGINALS,
    maxImagesPerUser: value.MAX_IMAGES_PER_USER,
    deleteExcessOriginals: value.DELETE_EXCESS_ORIGINALS,
    maxBytes: value.MAX_BYTES,
    maxPixels: value.MAX_MEGAPIXELS * 1_000_000,
    animated: value.ANIMATED,
    heic: value.HEIC,
    tiff: value.TIFF,
    ...filterConfig(value),
    ...eventsConfig(value, environment),
  };
}

/**
 * The variants that default tokens give access to: by default all, but if some show less than others, only these.
 * Otherwise everyone could replace the name of a blurred variant in a URL by that of a sharp one.
 */
function publicVariants(value: Values): Pick<Config, 'publicVariants'> {
  const names = value.VARIANTS.filter(isProtected).map(({ name }) => name);
  const list = value.PUBLIC_VARIANTS ?? (names.length > 0 ? names : undefined);
  return list ? { publicVariants: list } : {};
}

/**
 * The region for functions that declare none. `firebase functions:kits:install --package` asks for it.
 * @see https://firebase.google.com/docs/functions/locations
 */
export function defaultRegion(environment: Environment): string {
  return environment['FUNCTION_DEFAULT_REGION']?.trim() || PARAMETERS.LOCATION.default;
}

/** The project's default bucket, from the FIREBASE_CONFIG that the platform sets. */
function defaultBucket(environment: Environment): string {
  return firebaseConfig(environment, 'storageBucket');
}

function projectOf(environment: Environment): string {
  return environment['GCLOUD_PROJECT'] ?? firebaseConfig(environment, 'projectId');
}

function firebaseConfig(environment: Environment, name: 'storageBucket' | 'projectId'): string {
  try {
    const config = JSON.parse(environment['FIREBASE_CONFIG'] ?? '{}') as Record<string, unknown>;
    const value = config[name];
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
