/** Records in Firestore: an image's own, and those of its tokens. */
import {
  FieldValue,
  type CollectionReference,
  type DocumentReference,
  type Firestore,
  type Timestamp,
} from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { fillTemplate, type Owner } from '../images/path.js';
import type {
  ImageRecord,
  OriginalInfo,
  Placeholder,
  TokenRecord,
  VariantInfo,
} from '../images/records.js';
import { hashToken, mintToken } from '../tokens/token.js';

/** What an upload became. */
export interface Result {
  original: OriginalInfo;
  placeholder: Placeholder;
  variants: Record<string, VariantInfo>;
  renditions: NonNullable<TokenRecord['image']>['renditions'];
}

/**
 * - `begun`: this generation is the newest one seen, the record says `processing`
 * - `done`: this generation has ended before (the event came twice)
 * - `stale`: a newer generation has been seen
 */
export type Beginning = 'begun' | 'done' | 'stale';

export interface Records {
  begin(owner: Owner, original: OriginalInfo): Promise<Beginning>;
  /** Writes the image record and all its tokens' records at once; false when a newer upload came. */
  finish(owner: Owner, result: Result): Promise<boolean>;
  /** Tells the owner why there is nothing to see; false when a newer generation came. */
  fail(
    owner: Owner,
    original: OriginalInfo,
    error: { code: string; message: string },
  ): Promise<boolean>;
}

export function openRecords(
  firestore: Firestore,
  config: Pick<Config, 'imagesCollection' | 'tokensCollection'>,
): Records {
  const tokens = firestore.collection(config.tokensCollection) as CollectionReference<
    TokenRecord<Timestamp>
  >;
  const imageOf = ({ uid, imageId }: Owner) =>
    firestore
      .collection(fillTemplate(config.imagesCollection, { uid }))
      .doc(imageId) as DocumentReference<ImageRecord<Timestamp>>;

  return {
    begin: (owner, original) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const found = (await transaction.get(image)).data();
        // A document without `original` was not written here: it is taken over.
        const before = found?.original === undefined ? undefined : found;
        const order = before === undefined ? 1 : compare(original, before.original);
        if (order < 0) return 'stale';
        if (order === 0 && before?.state !== 'processing') return 'done';
        const token = before?.token ?? mintToken();
        const record = {
          // What was good before stays to be seen until the new upload is.
          ...(before?.variants && { variants: before.variants }),
          ...(before?.placeholder && { placeholder: before.placeholder }),
          state: 'processing' as const,
          original,
          token,
          createdAt: before?.createdAt ?? FieldValue.serverTimestamp(),
          updatedAt: FieldValue.serverTimestamp(),
        };
        transaction.set(image, record);
        // Minted and recorded at once, and never recorded again: a token whose record was deleted
        // stays dead, whatever is uploaded later.
        if (before === undefined) {
          transaction.set(tokens.doc(hashToken(token)), {
            uid: owner.uid,
            imageId: owner.imageId,
            kind: 'default',
            createdAt: FieldValue.serverTimestamp(),
          });
        }
        return 'begun';
      }),

    finish: (owner, { original, placeholder, variants, renditions }) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const before = (await transaction.get(image)).data();
        if (before === undefined || compare(original, before.original) !== 0) return false;
        const existing = await transaction.get(
          tokens.where('uid', '==', owner.uid).where('imageId', '==', owner.imageId),
        );
        const shown = {
          bucket: original.bucket,
          generation: original.generation,
          placeholder,
          renditions,
        };
        for (const token of existing.docs) transaction.update(token.ref, { image: shown });
        transaction.set(image, {
          state: 'ready',
          original,
          token: before.token,
          variants,
          placeholder,
          createdAt: before.createdAt,
          updatedAt: FieldValue.serverTimestamp(),
        });
        return true;
      }),

    fail: (owner, original, error) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const before = (await transaction.get(image)).data();
        if (before === undefined || compare(original, before.original) !== 0) return false;
        transaction.update(image, {
          state: 'failed',
          original,
          error,
          updatedAt: FieldValue.serverTimestamp(),
        });
        return true;
      }),
  };
}

/** Which upload is newer: negative when `a` is older. Generations do not fit a number for ever. */
function compare(a: OriginalInfo, b: OriginalInfo): number {
  const difference = BigInt(a.generation) - BigInt(b.generation);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
