/** What one upload may cost. */

/** The largest file that is read, bytes. It is held in memory whole while it is decoded. */
export const MAX_BYTES = 50 * 1024 * 1024;

/** The most pixels that are decoded, width times height. */
export const MAX_PIXELS = 50_000_000;

/** The longest decode and encode of one rendition, seconds. */
export const MAX_SECONDS = 60;
