/** The parameters as the Firebase CLI asks for them. Their values are read by config.ts alone. */
import { defineString, storageBucket } from 'firebase-functions/params';
import { DEFAULTS, type ParameterName } from './config.js';

/** The one that a trigger needs while it is deployed. */
export const BUCKET = defineString('BUCKET', {
  label: 'Cloud Storage bucket',
  description: 'The bucket that originals are uploaded to. Variants are kept in it, too.',
  default: storageBucket,
  input: {
    resource: { type: 'storage.googleapis.com/Bucket' },
  },
});

const DESCRIPTIONS = {
  ORIGINALS_PATH: 'Where originals are: a path with {uid} and {imageId} as whole segments.',
  VARIANTS_PATH: 'The folder of the bucket that renditions are written to.',
  VARIANTS:
    'Named sizes, comma separated: name:WIDTH, name:WIDTHxHEIGHT or name:WIDTHxHEIGHT:cover, in pixels.',
  FORMATS: 'The formats of every variant, comma separated, out of webp, jpeg, avif.',
  IMAGES_COLLECTION: 'The Firestore collection of image records: a path with {uid} in it.',
  TOKENS_COLLECTION: 'The Firestore collection of token records.',
  PUBLIC_BASE_URL:
    'Where the world sees the serve function, such as https://example.com/i. Empty: its own address.',
  REVOCATION_SECONDS:
    'The most seconds that a revoked address can go on working anywhere. 0: every view is checked.',
} as const satisfies Record<Exclude<ParameterName, 'BUCKET' | 'LOCK_ORIGINALS'>, string>;

/** A choice's values are text: of anything else the CLI preselects the first, whatever the default. */
defineString('LOCK_ORIGINALS', {
  description:
    'Take download tokens away from originals? Without it, getDownloadURL() opens one to the world.',
  default: DEFAULTS.LOCK_ORIGINALS,
  input: {
    select: {
      options: [
        { label: 'Yes', value: 'true' },
        { label: 'No', value: 'false' },
      ],
    },
  },
});

for (const [name, description] of Object.entries(DESCRIPTIONS)) {
  defineString(name, { description, default: DEFAULTS[name as ParameterName] });
}
