/** Numbers, times and errors as texts. */

/** Formats a number of bytes in powers of 1000: `812 bytes`, `4.1 kB`, `43 kB`, `1.2 MB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** Formats a size in pixels: `800 × 533`. */
export function pixelSize({ width, height }: { width: number; height: number }): string {
  return `${width} × ${height}`;
}

const FORMAT_NAMES: Record<string, string> = {
  jpeg: 'JPEG',
  webp: 'WebP',
  avif: 'AVIF',
  png: 'PNG',
};

/** Returns the display name of a media type such as `image/webp`. */
export function formatName(contentType: string): string {
  const name = contentType.slice('image/'.length);
  return FORMAT_NAMES[name] ?? name;
}

/** Formats how many times smaller one file is than another; undefined when it is not. */
export function timesSmaller(original: number, bytes: number): string | undefined {
  const factor = original / bytes;
  if (factor < 1.05) return undefined;
  return `${factor < 9.95 ? factor.toFixed(1).replace('.0', '') : Math.round(factor)} times smaller`;
}

/** Formats a time in the near future or past: `Sat 18:00`, `5 Dec 18:00`. */
export function shortTime(time: Date): string {
  const isNear = Math.abs(time.getTime() - Date.now()) < 6 * 86_400_000;
  const day = isNear
    ? ({ weekday: 'short' } as const)
    : ({ day: 'numeric', month: 'short' } as const);
  // The end of a link is a number of seconds after its creation, some milliseconds before or after the minute.
  return new Date(Math.round(time.getTime() / 60_000) * 60_000)
    .toLocaleString('en-GB', { ...day, hour: '2-digit', minute: '2-digit' })
    .replace(',', '');
}

/** Whole seconds from now until a time, at least 0. */
export function secondsUntil(time: Date | number, now: number): number {
  return Math.max(0, Math.ceil((Number(time) - now) / 1000));
}

/** Texts for the error codes of Firebase Authentication; the client package has its own. */
const ERROR_TEXTS: Record<string, string> = {
  'auth/network-request-failed': 'No connection.',
  'auth/admin-restricted-operation': 'Anonymous sign-in is not enabled in this project.',
  'auth/operation-not-allowed': 'Anonymous sign-in is not enabled in this project.',
};

/** Returns a text for any thrown value. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return ERROR_TEXTS[code] ?? error.message;
}
