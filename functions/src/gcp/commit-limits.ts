/**
 * How many token records one commit may write. Firestore takes 10 MiB a transaction, and the entries of
 * indexes count, those that go away as well: each field of a map has two, one a direction.
 * @see https://firebase.google.com/docs/firestore/quotas#writes_and_transactions
 * @see https://firebase.google.com/docs/firestore/storage-size#index-entry-size
 */
import { FORMATS } from '../domain/format.js';
import type { ImageRecord, TokenRecord } from '../domain/records.js';
import { MAX_VARIANTS } from '../domain/variant.js';

/** Writes of any kind in one commit. The limit is 500, where there still is one. */
export const WRITES_PER_COMMIT = 450;
/** An entry is some 200 bytes, 1.2 KB with the longest names: so many stay below 10 MiB. */
const ENTRIES_A_COMMIT = 8000;
/** Ascending and descending. */
const ENTRIES_A_FIELD = 2;
/** Uid, path and the like: what a token record has besides what it shows. */
const OWN_FIELDS = 8;
/** Of what it shows: attempt, bucket and the like. */
const FIELDS_OF_ALL = 5;
/** What it shows at the most: three fields of a variant and of each rendition. */
const MOST_SHOWN = FIELDS_OF_ALL + MAX_VARIANTS * (3 + 3 * Object.keys(FORMATS).length);

/**
 * How many token records may be made to show this in one commit: old entries go, new ones come.
 * @param before what the image record has until then, and so have its tokens
 */
export function updatesPerCommit(
  shown: NonNullable<TokenRecord['image']>,
  before: ImageRecord['variants'] = {},
): number {
  return recordsWith((fieldsOf(shown) + FIELDS_OF_ALL + fieldsOf(before)) * ENTRIES_A_FIELD);
}

/** How many token records may be deleted in one commit, whatever they show. */
export const DELETES_PER_COMMIT = recordsWith((OWN_FIELDS + MOST_SHOWN) * ENTRIES_A_FIELD);

function recordsWith(entries: number): number {
  return Math.min(WRITES_PER_COMMIT, Math.floor(ENTRIES_A_COMMIT / entries));
}

function fieldsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + fieldsOf(inner), 0);
}
