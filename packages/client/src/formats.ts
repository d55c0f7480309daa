/**
 * The formats of renditions, preferred first, most widely supported last. Repeated from
 * `functions/src/domain/format.ts` so that the package needs nothing else; a test compares the two.
 */
export const RENDITION_FORMATS = {
  avif: { contentType: 'image/avif', extension: 'avif' },
  webp: { contentType: 'image/webp', extension: 'webp' },
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
} as const satisfies Record<string, { contentType: string; extension: string }>;
