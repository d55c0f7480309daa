/**
 * Every parameter of the function kit and the extension, and the only place for their names, texts,
 * defaults and limits.
 *
 * config.ts validates with this table, parameters.ts declares it to the Firebase CLI, and
 * `npm run docs` generates from it: `params` in extension.yaml, functions/.env.example and
 * docs/reference/parameters.md.
 */
import { EDGE_KEY_HASH, MAX_EDGE_KEYS } from '../domain/edge-key.js';
import { INTEGRATION_PARAMETERS } from './integration-parameters.js';
import { locationOptions, REGION_PATTERN } from './locations.js';
import {
  ADVANCED_BOOLEAN,
  BUCKET_NAME,
  COLLECTION,
  NETWORK,
  PAIR,
  REQUEST_LIMIT,
  SEGMENT,
  SERVICE_ACCOUNT,
  wholeNumber,
} from './parameter-kinds.js';
import type { Parameter } from './parameter.js';
import { RENDITION_PARAMETERS } from './rendition-parameters.js';
import { SCALE_PARAMETERS } from './scale-parameters.js';
import { UPLOAD_PARAMETERS } from './upload-parameters.js';

const TABLE = {
  LOCATION: {
    label: 'Cloud Functions location',
    description:
      "Region where the functions run. Choose the bucket's region, or a region within the bucket's multi-region. " +
      'In the function kit, TRIGGER_REGION places the functions that the bucket triggers.',
    type: 'string',
    default: 'us-central1',
    example: 'europe-west1',
    expected: 'a region such as us-central1',
    pattern: REGION_PATTERN,
    options: locationOptions('2nd gen'),
    extension: { options: locationOptions('both') },
    immutable: true,
    availableIn: 'both',
  },
  TRIGGER_REGION: {
    label: 'Region of the bucket triggers',
    description:
      'Region of the functions that the bucket triggers. If empty, the CLI looks up the location of the bucket. Set it for ' +
      'a bucket in a dual-region (NAM4: us-central1 or us-east1; EUR4: europe-west4 or europe-north1; ASIA1: asia-northeast1 or ' +
      "asia-northeast2), or to have these functions beside the others in a multi-region: to the bucket's region, or one within.",
    type: 'string',
    default: '',
    defaultText: 'the location of the bucket',
    example: 'us-central1',
    expected: 'a region such as us-central1, or nothing',
    pattern: `^$|${REGION_PATTERN}`,
    advanced: true,
    immutable: true,
    availableIn: 'kit',
  },
  BUCKET_LOCATION: {
    label: 'Cloud Storage bucket location',
    description:
      'Location of the bucket in lowercase: a region such as us-central1, a multi-region such as us, or a dual-region ' +
      'such as nam4. The Cloud Storage page of the Google Cloud console shows it.',
    type: 'string',
    default: 'us-central1',
    example: 'us-central1',
    expected: 'a location such as us-central1 or us, in lowercase',
    pattern: '^[a-z]+[0-9]*(-[a-z]+[0-9]+)?$',
    immutable: true,
    availableIn: 'extension',
  },
  BUCKET: {
    label: 'Cloud Storage bucket',
    description: 'Bucket that originals are uploaded to.',
    type: 'string',
    default: '',
    defaultText: "the project's default bucket",
    example: 'my-project.firebasestorage.app',
    expected: 'the name of a Cloud Storage bucket',
    pattern: `^(${BUCKET_NAME}|\\$\\{.*\\})$`,
    resource: 'storage.googleapis.com/Bucket',
    extension: { default: '${STORAGE_BUCKET}' },
    availableIn: 'both',
  },
  VARIANTS_BUCKET: {
    label: 'Cloud Storage bucket of renditions',
    description:
      'Bucket that renditions are written to. If empty, the bucket of the originals. With a bucket of its own, renditions ' +
      'cause no events, and `serve` needs no access to originals. Clients must have no access to it.',
    type: 'string',
    default: '',
    defaultText: 'the bucket of the originals',
    example: 'my-project-variants',
    expected: 'the name of a Cloud Storage bucket, or nothing',
    pattern: `^(${BUCKET_NAME})?$`,
    advanced: true,
    immutable: true,
    availableIn: 'both',
  },
  ORIGINALS_PATH: {
    label: 'Path of originals',
    description:
      'Object path of originals, with {uid} and {imageId} as whole segments. Your security rules must use the same path.',
    type: 'string',
    default: 'originals/{uid}/{imageId}',
    example: 'users/{uid}/photos/{imageId}',
    expected: 'a path with {uid} and {imageId}, each once and as a whole segment',
    pattern:
      `^(${SEGMENT}/)*(\\{uid\\}/(${SEGMENT}/)*\\{imageId\\}|\\{imageId\\}/(${SEGMENT}/)*\\{uid\\})` +
      `(/${SEGMENT})*$`,
    immutable: true,
    availableIn: 'both',
  },
  VARIANTS_PATH: {
    label: 'Folder of renditions',
    description:
      'Folder of the bucket that renditions are written to. It must not contain the path of originals.',
    type: 'string',
    default: 'variants',
    example: 'public/variants',
    expected: 'a path without placeholders',
    pattern: `^${SEGMENT}(/${SEGMENT})*$`,
    advanced: true,
    immutable: true,
    availableIn: 'both',
  },
  ...RENDITION_PARAMETERS,
  IMAGES_COLLECTION: {
    label: 'Collection of image records',
    description:
      'Path of the Firestore collection of image records, with {uid} as a whole segment. Your security rules let the ' +
      'owner read it.',
    type: 'string',
    default: 'users/{uid}/images',
    example: 'profiles/{uid}/photos',
    expected: 'a path with an odd number of segments, with {uid} once and as a whole segment',
    pattern: `^(${PAIR}/)*(\\{uid\\}|${SEGMENT}/\\{uid\\}/${SEGMENT})(/${PAIR})*$`,
    advanced: true,
    immutable: true,
    availableIn: 'both',
  },
  TOKENS_COLLECTION: {
    label: 'Collection of token records',
    description:
      'Path of the Firestore collection of token records. Your security rules must deny clients all access to it.',
    type: 'string',
    default: 'imageTokens',
    example: 'photoTokens',
    ...COLLECTION,
    advanced: true,
    immutable: true,
    availableIn: 'both',
  },
  SHARES_COLLECTION: {
    label: 'Collection of share records',
    description:
      'Path of the Firestore collection of share records, with {uid} as a whole segment. Your security rules let the ' +
      'owner read it.',
    type: 'string',
    default: 'users/{uid}/imageShares',
    example: 'profiles/{uid}/photoShares',
    expected: 'a path with an odd number of segments, with {uid} once and as a whole segment',
    pattern: `^(${PAIR}/)*(\\{uid\\}|${SEGMENT}/\\{uid\\}/${SEGMENT})(/${PAIR})*$`,
    advanced: true,
    immutable: true,
    availableIn: 'both',
  },
  JOBS_COLLECTION: {
    label: 'Collection of job documents',
    description:
      'Path of the Firestore collection where the backfill records its progress, in the document `backfill`. With ' +
      '`MAX_IMAGES_PER_USER`, uploads are counted with the help of the document `uploads` and its subcollection.',
    type: 'string',
    default: 'imageJobs',
    example: 'photoJobs',
    ...COLLECTION,
    advanced: true,
    availableIn: 'both',
  },
  PUBLIC_BASE_URL: {
    label: 'Public base URL',
    description:
      'URL under which `serve` is reachable, such as https://example.com/i behind Firebase Hosting. If empty, URLs in a ' +
      "manifest are relative to the function's own URL.",
    type: 'string',
    default: '',
    defaultText: "the function's own URL",
    example: 'https://example.com/i',
    expected: 'an http or https URL without query or fragment, such as https://example.com/i',
    pattern: '^(https?://[^?#]+)?$',
    availableIn: 'both',
  },
  REVOCATION_SECONDS: {
    label: 'Revocation bound (seconds)',
    description:
      'Maximum number of seconds that the URLs of a revoked token can keep working in any cache. 0 checks every request, ' +
      'which costs a Firestore read for each.',
    ...wholeNumber('seconds', 0, 86_400),
    default: '60',
    example: '300',
    availableIn: 'both',
  },
  NOINDEX: {
    label: 'Keep images out of search engines',
    description: 'Whether responses have the header `X-Robots-Tag: noindex`.',
    ...ADVANCED_BOOLEAN,
    default: 'true',
    example: 'false',
  },
  EDGE_KEY_HASHES: {
    label: 'Hashes of edge keys',
    description:
      'Closes `serve` to all but your edge: the Workers of the edge package, or a proxy of yours, which send one of these keys in ' +
      '`X-Edge-Key` and the address of the visitor in `X-Edge-Client`. Other requests get a 404. Comma-separated SHA-256 hashes in ' +
      'base64url; `storage-public-variants edge-key` makes a key and its hash.',
    type: 'list',
    default: '',
    defaultText: 'none: `serve` is open to everyone',
    example: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
    expected: `at most ${MAX_EDGE_KEYS} hashes of 43 characters of base64url, comma-separated`,
    pattern: `^(${EDGE_KEY_HASH}(,${EDGE_KEY_HASH})*)?$`,
    advanced: true,
    availableIn: 'both',
  },
  TRUSTED_PROXIES: {
    label: 'Trusted proxies',
    description:
      'Comma-separated list of the IP addresses or networks of your own proxies in front of `serve`, such as a load ' +
      'balancer. Firebase Hosting and Cloudflare are recognized without it. Rate limits apply to the client address ' +
      'that these proxies report; see the guide on rate limits.',
    type: 'list',
    default: '',
    defaultText: 'none',
    example: '203.0.113.10,2001:db8:1::/48',
    expected: 'IP addresses or networks such as 203.0.113.10 or 198.51.100.0/24, comma-separated',
    pattern: `^(${NETWORK}(,${NETWORK})*)?$`,
    advanced: true,
    availableIn: 'both',
  },
  VIEWS_PER_MINUTE: {
    label: 'Requests per client and minute',
    description:
      'Maximum number of requests per minute and instance for which one client may cause a Firestore or Cloud Storage ' +
      'read, separately for images that the instance has served before and for all other URLs. Requests that cause no ' +
      'read do not count. 0 means no limit.',
    ...REQUEST_LIMIT,
    default: '3000',
    example: '600',
    availableIn: 'both',
  },
  TOKEN_VIEWS_PER_MINUTE: {
    label: 'Requests per token and minute',
    description:
      'Maximum number of requests per minute and instance for which one token may cause a Firestore or Cloud Storage ' +
      'read. 0 means no limit.',
    ...REQUEST_LIMIT,
    default: '6000',
    example: '1200',
    availableIn: 'both',
  },
  TOKEN_MEGABYTES_PER_MINUTE: {
    label: 'Megabytes per token and minute',
    description:
      'Maximum number of megabytes (millions of bytes) per minute that one instance sends for one token, from memory ' +
      'too. 0 means no limit.',
    ...wholeNumber('megabytes', 0, 1_000_000, ' (0 means no limit)'),
    advanced: true,
    default: '1000',
    example: '100',
    availableIn: 'both',
  },
  SHARE_MAX_DAYS: {
    label: 'Longest share (days)',
    description:
      'Maximum number of days until a share that a user makes expires. 0 means any number, or never.',
    ...wholeNumber('days', 0, 3650, ' (0 means no limit)'),
    default: '0',
    example: '30',
    availableIn: 'both',
  },
  ENFORCE_APP_CHECK: {
    label: 'Require App Check for sharing',
    description:
      'Whether the callable `sharing` refuses calls without a valid App Check token. Set up App Check in your app first.',
    ...ADVANCED_BOOLEAN,
    default: 'false',
    example: 'true',
  },
  SEALED_LINKS: {
    label: 'Sealed links',
    description:
      'Whether `serve` opens sealed links, whose token is encrypted with a public key. `serve` then gets the secret ' +
      'SEALING_KEYS from Secret Manager, which must exist before the deploy.',
    ...ADVANCED_BOOLEAN,
    default: 'false',
    example: 'true',
    availableIn: 'kit',
  },
  SEALING_KEYS: {
    label: 'Keys of sealed links',
    description:
      'Secret keys that open sealed links, as `storage-public-variants seal-key` makes them; all of them open, ' +
      'the first one is published. If empty, there are no sealed links.',
    type: 'secret',
    default: '',
    defaultText: 'none: no sealed links',
    example: 'KID:SEED',
    expected: 'comma-separated KID:SEED, with a number from 0 to 255 and 43 characters',
    pattern: '^([0-9]{1,3}:[A-Za-z0-9_-]{43}(,[0-9]{1,3}:[A-Za-z0-9_-]{43})*)?$',
    advanced: true,
    availableIn: 'both',
  },
  MAX_INSTANCES: {
    label: 'Maximum instances of serve',
    description:
      'Maximum number of concurrent instances of `serve`. It limits what a flood of requests can cost.',
    ...wholeNumber('instances', 1, 1000),
    default: '100',
    example: '20',
    advanced: true,
    availableIn: 'kit',
  },
  CONCURRENCY: {
    label: 'Concurrent requests per instance of serve',
    description:
      'Maximum number of requests that one instance of `serve` handles at the same time.',
    ...wholeNumber('requests', 1, 1000),
    default: '80',
    example: '200',
    advanced: true,
    availableIn: 'kit',
  },
  ...SCALE_PARAMETERS,
  SERVE_SERVICE_ACCOUNT: {
    label: 'Service account of serve',
    description:
      'Service account that `serve` runs as. Set all three service accounts, or none: then one account with the roles ' +
      'that the functions need is created, and all functions run as it.',
    ...SERVICE_ACCOUNT,
    example: 'images-serve@my-project.iam.gserviceaccount.com',
  },
  PROCESSING_SERVICE_ACCOUNT: {
    label: 'Service account of the functions that decode images',
    description: 'Service account that `processImage` and `backfill` run as.',
    ...SERVICE_ACCOUNT,
    example: 'images-processing@my-project.iam.gserviceaccount.com',
  },
  LIFECYCLE_SERVICE_ACCOUNT: {
    label: 'Service account of the other functions',
    description: 'Service account that all other functions run as.',
    ...SERVICE_ACCOUNT,
    example: 'images-lifecycle@my-project.iam.gserviceaccount.com',
  },
  LOCK_ORIGINALS: {
    label: 'Revoke download tokens of originals',
    description:
      'Whether the functions revoke the download tokens of originals. Cloud Storage adds one to each upload, and ' +
      'getDownloadURL() creates one; its URL bypasses security rules. Choose No only if your app needs such URLs.',
    ...ADVANCED_BOOLEAN,
    default: 'true',
    example: 'false',
  },
  ...UPLOAD_PARAMETERS,
  ...INTEGRATION_PARAMETERS,
} as const satisfies Record<string, Parameter>;

type TableName = keyof typeof TABLE;

/** A secret: it is never written to a file, and has a value only in `serve`. */
export type SecretName = {
  [Name in TableName]: (typeof TABLE)[Name]['type'] extends 'secret' ? Name : never;
}[TableName];

/** A parameter that the functions read, apart from secrets. */
export type ParameterName = Exclude<
  {
    [Name in TableName]: (typeof TABLE)[Name]['availableIn'] extends 'extension' ? never : Name;
  }[TableName],
  SecretName
>;

export const PARAMETERS: Readonly<Record<TableName, Parameter>> = TABLE;

/** The parameters that the functions read, apart from secrets, in the order in which installers ask for them. */
export const PARAMETER_NAMES = (Object.keys(TABLE) as TableName[]).filter(
  (name): name is ParameterName =>
    PARAMETERS[name].availableIn !== 'extension' && PARAMETERS[name].type !== 'secret',
);

/** The default of every parameter as environment text. */
export const DEFAULTS = Object.fromEntries(
  PARAMETER_NAMES.map((name) => [name, PARAMETERS[name].default]),
) as Readonly<Record<ParameterName, string>>;

/** What a new installation sets, as environment text. */
export const INITIAL_VALUES = Object.fromEntries(
  PARAMETER_NAMES.map((name) => [name, PARAMETERS[name].initial ?? PARAMETERS[name].default]),
) as Readonly<Record<ParameterName, string>>;
