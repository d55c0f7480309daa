/** What one upload may cost. */

/** The largest file that is read, bytes. It is held in memory whole while it is decoded. */
export const MAX_BYTES = 50 * 1024 * 1024;

/** The most pixels that are decoded, width times height. */
export const MAX_PIXELS = 50_000_000;

/** The same for AVIF, whose decoder holds the whole picture, with alpha some 25 bytes a pixel. */
export const MAX_AVIF_PIXELS = 16_000_000;

/** The longest that one decode or one encode takes, seconds. */
export const MAX_SECONDS = 60;
