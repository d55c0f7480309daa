/** The formats of renditions. */
export const FORMATS = {
  avif: { contentType: 'image/avif', extensions: ['avif'] },
  webp: { contentType: 'image/webp', extensions: ['webp'] },
  jpeg: { contentType: 'image/jpeg', extensions: ['jpg', 'jpeg'] },
  /** Only of variants that ask for it: photos would be ten times larger. */
  png: { contentType: 'image/png', extensions: ['png'] },
} as const satisfies Record<string, { contentType: string; extensions: readonly string[] }>;

export type Format = keyof typeof FORMATS;

/** The value of FORMATS that gives each image the one format that suits it. */
export const AUTO = 'auto';
/** The formats of which one is chosen. */
export const AUTO_FORMATS: readonly CommonFormat[] = ['webp', 'jpeg'];

/** The formats that the parameter FORMATS may name. */
export const COMMON_FORMATS = ['avif', 'webp', 'jpeg'] as const satisfies readonly Format[];

export type CommonFormat = (typeof COMMON_FORMATS)[number];

export function isCommonFormat(name: string): name is CommonFormat {
  return (COMMON_FORMATS as readonly string[]).includes(name);
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
