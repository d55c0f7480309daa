import type { Format } from './records.js';

/**
 * The formats of renditions: smallest files first, widest browser support last. A copy of the table in
 * `functions/src/domain/format.ts`, so that this package does not depend on the functions; a test compares the two.
 * The content type is `image/` and the format.
 */
export const FORMATS: readonly Format[] = ['avif', 'webp', 'png', 'jpeg'];

export const extensionOf = (format: Format): string => (format === 'jpeg' ? 'jpg' : format);
