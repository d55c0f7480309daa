/** The parameters that determine which uploads are processed: see parameter-table.ts. */
import { ADVANCED_BOOLEAN, wholeNumber } from './parameter-kinds.js';
import type { Parameter } from './parameter.js';

export const UPLOAD_PARAMETERS = {
  MAX_IMAGES_PER_USER: {
    label: 'Images per user',
    description:
      'Maximum number of images of one user. A further upload is not processed; its image record gets the state `failed` and ' +
      'the code `too-many-images`. An upload over an existing image is not a further one, and a deleted image no longer ' +
      'counts. 0 means no limit.',
    ...wholeNumber('images', 0, 100_000, ' (0 means no limit)'),
    default: '0',
    example: '500',
    availableIn: 'both',
  },
  DELETE_EXCESS_ORIGINALS: {
    label: 'Delete uploads beyond MAX_IMAGES_PER_USER',
    description:
      'Whether the original of an upload beyond `MAX_IMAGES_PER_USER` is deleted at once. If false, it stays until its owner ' +
      'deletes it, and is processed after the limit was raised. The backfill never deletes an original.',
    ...ADVANCED_BOOLEAN,
    default: 'true',
    example: 'false',
  },
  MAX_BYTES: {
    label: 'Largest upload (bytes)',
    description:
      'Maximum size of an upload in bytes. A larger upload is not read; its image record gets the state `failed`.',
    // A larger file would need more memory than the function has.
    ...wholeNumber('bytes', 1, 100 * 1024 * 1024),
    default: '52428800',
    example: '10485760',
    advanced: true,
    availableIn: 'both',
  },
  MAX_MEGAPIXELS: {
    label: 'Largest image (megapixels)',
    description:
      'Maximum size of an image in millions of pixels (AVIF: at most 16). A larger image is not decoded; its image record ' +
      'gets the state `failed`.',
    // A larger image would need more memory than the function has.
    ...wholeNumber('megapixels', 1, 100),
    pattern: '^([1-9][0-9]?|100)$',
    default: '50',
    example: '25',
    advanced: true,
    availableIn: 'both',
  },
  ANIMATED: {
    label: 'Keep animations',
    description:
      'Whether animated GIF and WebP files stay animated in WebP. JPEG and AVIF always show the first frame.',
    ...ADVANCED_BOOLEAN,
    default: 'true',
    example: 'false',
  },
  HEIC: {
    label: 'Process HEIC files',
    description: 'Whether HEIC files, the default format of iPhone photos, are processed.',
    ...ADVANCED_BOOLEAN,
    default: 'true',
    example: 'false',
  },
  TIFF: {
    label: 'Process TIFF files',
    description:
      'Whether TIFF files are processed. Of all supported formats, the TIFF parser has the longest history of ' +
      'vulnerabilities.',
    ...ADVANCED_BOOLEAN,
    default: 'false',
    example: 'true',
  },
} as const satisfies Record<string, Parameter>;
