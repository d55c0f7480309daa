/**
 * Environment -> one validated Config. The defaults live here and nowhere else, because the
 * platform applies a parameter's declared default at deploy only.
 */
import { z } from 'zod';
import { ConfigError } from '../errors.js';
import { isFormat, FORMATS, type Format } from '../domain/format.js';
import { fillTemplate, parseTemplate, type PathTemplate } from '../domain/path.js';
import { MAX_VARIANTS, parseVariant, VARIANT_GRAMMAR, type Variant } from '../domain/variant.js';

export interface Config {
  /** The project that the functions run in; empty while they are only listed. */
  projectId: string;
  /** The region of all functions that the bucket has no say in, and of the task queues. */
  location: string;
  /** Name of the bucket that holds originals and renditions. */
  bucket: string;
  originalsPath: PathTemplate;
  variantsPath: string;
  variants: Variant[];
  /** In the order they were asked for; the first one is nothing special. */
  formats: Format[];
  imagesCollection: PathTemplate;
  tokensCollection: string;
  /** Where the progress of long work is written. */
  jobsCollection: string;
  /** Without a slash at the end; absent: addresses are relative to the function's own. */
  publicBaseUrl?: string;
  /** The revocation bound, seconds. */
  revocationSeconds: number;
  /** Whether search engines are asked to leave the pictures out. */
  noindex: boolean;
  /** How many proxies in front of the function append to X-Forwarded-For. */
  trustedProxies: number;
  /** What one instance allows a minute; 0 for no limit. */
  quotas: {
    /** Views of one client that cost a read. */
    views: number;
    /** Requests of one client that find nothing. */
    failures: number;
    /** Views of one token that cost a read. */
    token: number;
  };
  /** Whether download tokens are taken away from originals. */
  lockOriginals: boolean;
  /** The largest original that is read, bytes. */
  maxBytes: number;
  /** The most pixels that are decoded, width times height. */
  maxPixels: number;
  /** Whether moving originals have moving WebP renditions. */
  animated: boolean;
  /** Whether HEIC originals are decoded. */
  heic: boolean;
  /** Whether TIFF originals are decoded. */
  tiff: boolean;
}

/** Every parameter's default, as text. `BUCKET`'s is the project's default bucket. */
export const DEFAULTS = {
  LOCATION: 'us-central1',
  BUCKET: '',
  ORIGINALS_PATH: 'originals/{uid}/{imageId}',
  VARIANTS_PATH: 'variants',
  VARIANTS: 'thumb:200x200:cover,w400:400,w800:800,w1600:1600',
  FORMATS: 'webp,jpeg',
  IMAGES_COLLECTION: 'users/{uid}/images',
  TOKENS_COLLECTION: 'imageTokens',
  JOBS_COLLECTION: 'imageJobs',
  PUBLIC_BASE_URL: '',
  REVOCATION_SECONDS: '60',
  NOINDEX: 'true',
  TRUSTED_PROXIES: '1',
  VIEWS_PER_MINUTE: '3000',
  FAILURES_PER_MINUTE: '60',
  TOKEN_VIEWS_PER_MINUTE: '6000',
  MAX_INSTANCES: '100',
  CONCURRENCY: '80',
  LOCK_ORIGINALS: 'true',
  MAX_BYTES: '52428800',
  MAX_MEGAPIXELS: '50',
  ANIMATED: 'true',
  HEIC: 'true',
  TIFF: 'false',
} as const satisfies Record<string, string>;

export type ParameterName = keyof typeof DEFAULTS;

/** A day: beyond it, "revocable" would be a word only. */
export const MAX_REVOCATION_SECONDS = 86_400;

/** The parameters that are yes or no. */
export const SWITCHES = ['NOINDEX', 'LOCK_ORIGINALS', 'ANIMATED', 'HEIC', 'TIFF'] as const;

const MAX_QUOTA = 1_000_000;

/** Beyond these, one file would need more memory than the function has. */
const HIGHEST_MAX_BYTES = 100 * 1024 * 1024;
const HIGHEST_MAX_MEGAPIXELS = 100;

/** A parser says what it expected, or gives the value. */
type Parsed<T> = { value: T } | { expected: string; found?: string };

function parameter<T>(name: ParameterName, parse: (text: string) => Parsed<T>) {
  return z
    .string()
    .optional()
    .transform((raw, context): T => {
      const given = raw?.trim();
      // Unset and empty both mean the default: that is how the platform hands over "not set".
      const text = given ? given : DEFAULTS[name];
      const parsed = parse(text);
      if ('value' in parsed) return parsed.value;
      const found = parsed.found ?? text;
      context.addIssue({
        code: 'custom',
        message: `${name}: expected ${parsed.expected}; found ${found === '' ? 'nothing' : JSON.stringify(found)}.`,
      });
      return z.NEVER;
    });
}

/** Comma text (extension, emulator) or a JSON array of strings (kit deploy). */
function parseList(text: string): string[] {
  if (text.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
    } catch {
      // Not JSON: the items below will say what is wrong with it.
    }
  }
  return text.split(',').map((item) => item.trim());
}

function parseItems<T extends { name: string } | string>(
  text: string,
  expected: string,
  most: number,
  parseItem: (item: string) => T | undefined,
): Parsed<T[]> {
  const names = new Set<string>();
  const values: T[] = [];
  for (const item of parseList(text)) {
    const value = parseItem(item);
    if (value === undefined) return { expected, found: item };
    const name = typeof value === 'string' ? value : value.name;
    if (names.has(name))
      return { expected: `each name once, but "${name}" comes twice`, found: text };
    names.add(name);
    values.push(value);
  }
  if (values.length > most)
    return { expected: `at most ${most} items`, found: `${values.length} items` };
  return { value: values };
}

function parsePath(
  text: string,
  required: ('uid' | 'imageId')[],
  segments?: 'odd',
): Parsed<PathTemplate> {
  const template = parseTemplate(text, required);
  if (typeof template === 'string') return { expected: template };
  if (segments === 'odd' && template.segments.length % 2 === 0) {
    return { expected: 'a collection, which has an odd number of segments' };
  }
  return { value: template };
}

function parseCollection(text: string): Parsed<string> {
  const path = parsePath(text, [], 'odd');
  return 'value' in path ? { value: path.value.text } : path;
}

function parseBaseUrl(text: string): Parsed<string | undefined> {
  if (text === '') return { value: undefined };
  const expected = 'an http or https address without query, such as https://example.com/i';
  if (!URL.canParse(text)) return { expected };
  const url = new URL(text);
  const plain = url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!plain || !['http:', 'https:'].includes(url.protocol)) return { expected };
  return { value: url.href.replace(/\/+$/, '') };
}

function parseSwitch(text: string): Parsed<boolean> {
  if (text !== 'true' && text !== 'false') return { expected: 'true or false' };
  return { value: text === 'true' };
}

function parseWhole(text: string, unit: string, least: number, most: number): Parsed<number> {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return { value };
  return { expected: `whole ${unit} from ${least} to ${most}` };
}

function parseQuota(text: string): Parsed<number> {
  return parseWhole(text, 'requests a minute, or 0 for no limit,', 0, MAX_QUOTA);
}

/** Bounded by the naming rules of Cloud Storage, https://cloud.google.com/storage/docs/buckets#naming */
const BUCKET_NAME = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

/** https://cloud.google.com/functions/docs/locations */
const REGION = /^[a-z]+-[a-z]+[0-9]+$/;

function schema(environment: Environment) {
  return z
    .object({
      LOCATION: parameter('LOCATION', (text): Parsed<string> => {
        return REGION.test(text) ? { value: text } : { expected: 'a region such as us-central1' };
      }),
      BUCKET: parameter('BUCKET', (text): Parsed<string> => {
        const name = text === '' ? defaultBucket(environment) : text;
        if (BUCKET_NAME.test(name)) return { value: name };
        // While the CLI only lists the functions, no bucket is known and none is needed.
        if (name === '' && environment['FUNCTIONS_CONTROL_API'] === 'true') return { value: '' };
        return { expected: 'the name of a Cloud Storage bucket', found: name };
      }),
      ORIGINALS_PATH: parameter('ORIGINALS_PATH', (text) => parsePath(text, ['uid', 'imageId'])),
      VARIANTS_PATH: parameter('VARIANTS_PATH', (text): Parsed<string> => {
        const path = parsePath(text, []);
        return 'value' in path ? { value: path.value.text } : path;
      }),
      VARIANTS: parameter('VARIANTS', (text) =>
        parseItems(text, VARIANT_GRAMMAR, MAX_VARIANTS, parseVariant),
      ),
      FORMATS: parameter('FORMATS', (text) =>
        parseItems(text, `formats out of ${Object.keys(FORMATS).join(', ')}`, 3, (item) =>
          isFormat(item) ? item : undefined,
        ),
      ),
      IMAGES_COLLECTION: parameter('IMAGES_COLLECTION', (text) => parsePath(text, ['uid'], 'odd')),
      TOKENS_COLLECTION: parameter('TOKENS_COLLECTION', parseCollection),
      JOBS_COLLECTION: parameter('JOBS_COLLECTION', parseCollection),
      PUBLIC_BASE_URL: parameter('PUBLIC_BASE_URL', parseBaseUrl),
      REVOCATION_SECONDS: parameter('REVOCATION_SECONDS', (text) =>
        parseWhole(text, 'seconds', 0, MAX_REVOCATION_SECONDS),
      ),
      NOINDEX: parameter('NOINDEX', parseSwitch),
      TRUSTED_PROXIES: parameter('TRUSTED_PROXIES', (text) => parseWhole(text, 'proxies', 0, 10)),
      VIEWS_PER_MINUTE: parameter('VIEWS_PER_MINUTE', parseQuota),
      FAILURES_PER_MINUTE: parameter('FAILURES_PER_MINUTE', parseQuota),
      TOKEN_VIEWS_PER_MINUTE: parameter('TOKEN_VIEWS_PER_MINUTE', parseQuota),
      // The platform reads these two itself; here they are only checked.
      MAX_INSTANCES: parameter('MAX_INSTANCES', (text) => parseWhole(text, 'instances', 1, 1000)),
      CONCURRENCY: parameter('CONCURRENCY', (text) => parseWhole(text, 'requests', 1, 1000)),
      LOCK_ORIGINALS: parameter('LOCK_ORIGINALS', parseSwitch),
      MAX_BYTES: parameter('MAX_BYTES', (text) => parseWhole(text, 'bytes', 1, HIGHEST_MAX_BYTES)),
      MAX_MEGAPIXELS: parameter('MAX_MEGAPIXELS', (text) =>
        parseWhole(text, 'megapixels', 1, HIGHEST_MAX_MEGAPIXELS),
      ),
      ANIMATED: parameter('ANIMATED', parseSwitch),
      HEIC: parameter('HEIC', parseSwitch),
      TIFF: parameter('TIFF', parseSwitch),
    })
    .superRefine((value, context) => {
      // A rendition that looked like an original would be ingested, and so on without end.
      const original = fillTemplate(value.ORIGINALS_PATH, { uid: 'uid', imageId: 'id' });
      if (original.startsWith(`${value.VARIANTS_PATH}/`)) {
        context.addIssue({
          code: 'custom',
          message:
            'VARIANTS_PATH: expected a folder apart from ORIGINALS_PATH; found ' +
            `${JSON.stringify(value.VARIANTS_PATH)} beside ${JSON.stringify(value.ORIGINALS_PATH.text)}.`,
        });
      }
    });
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads all parameters.
 * @param environment usually `process.env`
 * @throws ConfigError with a sentence for every wrong value, not just the first
 */
export function parseConfig(environment: Environment): Config {
  const result = schema(environment).safeParse(environment);
  if (!result.success) throw new ConfigError(result.error.issues.map((issue) => issue.message));
  const value = result.data;
  return {
    projectId: projectOf(environment),
    location: value.LOCATION,
    bucket: value.BUCKET,
    originalsPath: value.ORIGINALS_PATH,
    variantsPath: value.VARIANTS_PATH,
    variants: value.VARIANTS,
    formats: value.FORMATS,
    imagesCollection: value.IMAGES_COLLECTION,
    tokensCollection: value.TOKENS_COLLECTION,
    jobsCollection: value.JOBS_COLLECTION,
    ...(value.PUBLIC_BASE_URL !== undefined && { publicBaseUrl: value.PUBLIC_BASE_URL }),
    revocationSeconds: value.REVOCATION_SECONDS,
    noindex: value.NOINDEX,
    trustedProxies: value.TRUSTED_PROXIES,
    quotas: {
      views: value.VIEWS_PER_MINUTE,
      failures: value.FAILURES_PER_MINUTE,
      token: value.TOKEN_VIEWS_PER_MINUTE,
    },
    lockOriginals: value.LOCK_ORIGINALS,
    maxBytes: value.MAX_BYTES,
    maxPixels: value.MAX_MEGAPIXELS * 1_000_000,
    animated: value.ANIMATED,
    heic: value.HEIC,
    tiff: value.TIFF,
  };
}

/** The project's default bucket, as the platform tells it to every function. */
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
