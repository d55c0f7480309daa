/** The formats a rendition can have. One table: a new format is one line here. */
export const FORMATS = {
  avif: { contentType: 'image/avif', extensions: ['avif'] },
  webp: { contentType: 'image/webp', extensions: ['webp'] },
  jpeg: { contentType: 'image/jpeg', extensions: ['jpg', 'jpeg'] },
} as const satisfies Record<string, { contentType: string; extensions: readonly string[] }>;

export type Format = keyof typeof FORMATS;

export function isFormat(name: string): name is Format {
  return Object.hasOwn(FORMATS, name);
}

/** `jpeg` -> `jpg`: how a file in that format is named. */
export function extensionOf(format: Format): string {
  return FORMATS[format].extensions[0];
}

/** `jpg` -> `jpeg`; undefined for an extension that is no rendition's. */
export function formatOfExtension(extension: string): Format | undefined {
  return (Object.keys(FORMATS) as Format[]).find((format) =>
    (FORMATS[format].extensions as readonly string[]).includes(extension),
  );
}
