/**
 * The formats of renditions: smallest files first, widest browser support last. A copy of the table in
 * `functions/src/domain/format.ts`, so that this package does not depend on the functions; a test
 * compares the two.
 */
export const RENDITION_FORMATS = {
  avif: { contentType: 'image/avif', extension: 'avif' },
  webp: { contentType: 'image/webp', extension: 'webp' },
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
} as const satisfies Record<string, { contentType: string; extension: string }>;
