import type { Format } from 'storage-public-variants-client';

const FORMAT_NAMES: Record<Format, string> = {
  avif: 'AVIF',
  webp: 'WebP',
  png: 'PNG',
  jpeg: 'JPEG',
};

/** Returns the display name of a format. */
export function formatName(format: Format): string {
  return FORMAT_NAMES[format];
}

/** Formats a number of bytes in powers of 1000: `812 bytes`, `4.1 kB`, `43 kB`, `1.2 MB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** Formats a size in pixels: `800 × 533 px`. */
export function pixelSize({ width, height }: { width: number; height: number }): string {
  return `${width} × ${height} px`;
}

/** Texts for the error codes of Firebase Authentication; the client package has its own. */
const ERROR_TEXTS: Record<string, string> = {
  'auth/network-request-failed': 'The sign-in service cannot be reached.',
  'auth/admin-restricted-operation': 'Anonymous sign-in is not enabled in this project.',
  'auth/operation-not-allowed': 'Anonymous sign-in is not enabled in this project.',
};

/** Returns a text for any thrown value. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return ERROR_TEXTS[code] ?? error.message;
}
