/** The parameters as the Firebase CLI asks for them. Their values are read by config.ts alone. */
import { defineInt, defineString, storageBucket } from 'firebase-functions/params';
import { DEFAULTS, SWITCHES, type ParameterName } from './config.js';

/** Functions that hear of the bucket are in its region: the CLI sees to that. All others are here. */
export const LOCATION = defineString('LOCATION', {
  label: 'Location',
  description:
    'The region of serve, of the task queues and of the calls: best the one of the bucket.',
  default: DEFAULTS.LOCATION,
});

/** The one that a trigger needs while it is deployed. */
export const BUCKET = defineString('BUCKET', {
  label: 'Cloud Storage bucket',
  description: 'The bucket that originals are uploaded to. Variants are kept in it, too.',
  default: storageBucket,
  input: {
    resource: { type: 'storage.googleapis.com/Bucket' },
  },
});

/** These two are settings of the platform. */
export const MAX_INSTANCES = defineInt('MAX_INSTANCES', {
  description: 'The most instances of serve at once: what a flood can cost.',
  default: Number(DEFAULTS.MAX_INSTANCES),
});
export const CONCURRENCY = defineInt('CONCURRENCY', {
  description: 'How many requests an instance of serve answers at once.',
  default: Number(DEFAULTS.CONCURRENCY),
});

const DESCRIPTIONS = {
  ORIGINALS_PATH: 'Where originals are: a path with {uid} and {imageId} as whole segments.',
  VARIANTS_PATH: 'The folder of the bucket that renditions are written to.',
  VARIANTS:
    'Named sizes, comma separated: name:WIDTH, name:WIDTHxHEIGHT or name:WIDTHxHEIGHT:cover, in pixels; cover:attention cuts around what draws the eye.',
  FORMATS: 'The formats of every variant, comma separated, out of webp, jpeg, avif.',
  IMAGES_COLLECTION: 'The Firestore collection of image records: a path with {uid} in it.',
  TOKENS_COLLECTION: 'The Firestore collection of token records.',
  JOBS_COLLECTION: 'The Firestore collection where the backfill writes how far it has come.',
  PUBLIC_BASE_URL:
    'Where the world sees the serve function, such as https://example.com/i. Empty: its own address.',
  REVOCATION_SECONDS:
    'The most seconds that a revoked address can go on working anywhere. 0: every view is checked.',
  NOINDEX: 'Ask search engines to leave the pictures out (X-Robots-Tag: noindex)?',
  TRUSTED_PROXIES:
    'How many proxies in front of serve append to X-Forwarded-For: 1 is Google itself, each CDN is one more.',
  VIEWS_PER_MINUTE:
    'The most views a minute that one client may cost an instance a read; 0: no limit.',
  FAILURES_PER_MINUTE: 'The most requests of one client a minute that find nothing; 0: no limit.',
  TOKEN_VIEWS_PER_MINUTE:
    'The most views a minute that one token may cost an instance a read; 0: no limit.',
  LOCK_ORIGINALS:
    'Take download tokens away from originals? Without it, getDownloadURL() opens one to the world.',
  MAX_BYTES: 'The largest upload that is read, bytes; a larger one fails.',
  MAX_MEGAPIXELS: 'The largest picture that is decoded, millions of pixels; a larger one fails.',
  ANIMATED: 'Do GIFs and WebPs that move go on moving in WebP? If not, their first frame is shown.',
  HEIC: 'Make variants of HEIC photos, as iPhones take them?',
  TIFF: 'Make variants of TIFF files? Their parser is the one with the longest list of past flaws.',
} as const satisfies Record<
  Exclude<ParameterName, 'LOCATION' | 'BUCKET' | 'MAX_INSTANCES' | 'CONCURRENCY'>,
  string
>;

/** A choice's values are text: of anything else the CLI preselects the first, whatever the default. */
const YES_OR_NO = {
  select: {
    options: [
      { label: 'Yes', value: 'true' },
      { label: 'No', value: 'false' },
    ],
  },
};

for (const [key, description] of Object.entries(DESCRIPTIONS)) {
  const name = key as keyof typeof DESCRIPTIONS;
  const isSwitch = (SWITCHES as readonly string[]).includes(name);
  defineString(name, {
    description,
    default: DEFAULTS[name],
    ...(isSwitch && { input: YES_OR_NO }),
  });
}
