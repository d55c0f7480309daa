/** The formats of renditions. Adding a format is one line in this table. */
export const FORMATS = {
  avif: { contentType: 'image/avif', extensions: ['avif'] },
  webp: { contentType: 'image/webp', extensions: ['webp'] },
  jpeg: { contentType: 'image/jpeg', extensions: ['jpg', 'jpeg'] },
} as const satisfies Record<string, { contentType: string; extensions: readonly string[] }>;

export type Format = keyof typeof FORMATS;

/** The value of FORMATS that gives each image the one format that suits it. */
export const AUTO = 'auto';
/** The formats of which one is chosen. */
export const AUTO_FORMATS: readonly Format[] = ['webp', 'jpeg'];

export function isFormat(name: string): name is Format {
  return Object.hasOwn(FORMATS, name);
}

/** The file extension that is written for a format: `jpeg` -> `jpg`. */
export function extensionOf(format: Format): string {
  return FORMATS[format].extensions[0];
}

/** The format of a file extension: `jpg` -> `jpeg`; undefined for any other extension. */
export function formatOfExtension(extension: string): Format | undefined {
  return (Object.keys(FORMATS) as Format[]).find((format) =>
    (FORMATS[format].extensions as readonly string[]).includes(extension),
  );
}
