import type { Format } from 'storage-public-variants-client';

const FORMAT_NAMES: Record<Format, string> = { avif: 'AVIF', webp: 'WebP', jpeg: 'JPEG' };

/** How people write a format. */
export function formatName(format: Format): string {
  return FORMAT_NAMES[format];
}

/** `812 bytes`, `4.1 kB`, `43 kB`, `1.2 MB`: powers of 1000. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** `800 × 533 px` */
export function pixelSize({ width, height }: { width: number; height: number }): string {
  return `${width} × ${height} px`;
}

const SENTENCES: Record<string, string> = {
  'auth/network-request-failed': 'The sign-in service cannot be reached.',
  'auth/admin-restricted-operation': 'Anonymous sign-in is not switched on in this project.',
  'auth/operation-not-allowed': 'Anonymous sign-in is not switched on in this project.',
  'storage/unauthorized':
    'The storage rules refused this upload. They let only images of a permitted size into your own folder.',
  'storage/unauthenticated': 'You are no longer signed in. Sign in and upload it again.',
  'storage/retry-limit-exceeded': 'Cloud Storage cannot be reached.',
  'storage/quota-exceeded': 'The bucket is full.',
  'permission-denied': 'The Firestore rules do not let you read this record.',
};

/** A sentence for a person about what went wrong, whatever was thrown. */
export function sentenceFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return SENTENCES[code] ?? error.message;
}
