/**
 * How many token records one commit may write. Firestore accepts 10 MiB per transaction, including the index
 * entries that it adds and removes: two per field of a map, one for each direction.
 * @see https://firebase.google.com/docs/firestore/quotas#writes_and_transactions
 * @see https://firebase.google.com/docs/firestore/storage-size#index-entry-size
 */
import { COMMON_FORMATS } from '../domain/format.js';
import type { ImageRecord, TokenRecord } from '../domain/records.js';
import { MAX_VARIANTS } from '../domain/variant.js';
import { MAX_WIDTHS } from '../domain/widths.js';

/** Writes of any kind per commit; below Firestore's limit of 500. */
export const WRITES_PER_COMMIT = 450;
/** An index entry takes about 200 bytes, 1.2 KB with the longest names: this many stay below 10 MiB. */
const INDEX_ENTRIES_PER_COMMIT = 8000;
/** Ascending and descending. */
const INDEX_ENTRIES_PER_FIELD = 2;
/** Fields of a token record beside `image`: uid, imagePath and so on. */
const TOKEN_FIELDS = 8;
/** Fields of `image` beside `renditions`: attempt, bucket and so on. */
const IMAGE_FIELDS = 5;
/** The most fields that `image` can have: four for each variant and width, three for each rendition. */
const MAX_IMAGE_FIELDS =
  IMAGE_FIELDS + (MAX_VARIANTS + MAX_WIDTHS) * (4 + 3 * COMMON_FORMATS.length);

/**
 * How many token records one commit may update; the index entries of the old and the new values count.
 * @param image the new value of the field `image`
 * @param old the image record before the update; its renditions match those of the tokens
 */
export function updatesPerCommit(
  image: NonNullable<TokenRecord['image']>,
  { variants = {}, widths = {} }: Pick<ImageRecord, 'variants' | 'widths'> = {},
): number {
  const fields = countFields(image) + IMAGE_FIELDS + countFields(variants) + countFields(widths);
  return recordsPerCommit(fields * INDEX_ENTRIES_PER_FIELD);
}

/** How many token records one commit may delete, whatever they contain. */
export const DELETES_PER_COMMIT = recordsPerCommit(
  (TOKEN_FIELDS + MAX_IMAGE_FIELDS) * INDEX_ENTRIES_PER_FIELD,
);

/** How many share records one commit may delete besides: each has at most 60 index entries. */
export const SHARE_DELETES_PER_COMMIT = 50;

function recordsPerCommit(entriesPerRecord: number): number {
  return Math.min(WRITES_PER_COMMIT, Math.floor(INDEX_ENTRIES_PER_COMMIT / entriesPerRecord));
}

function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + countFields(inner), 0);
}
