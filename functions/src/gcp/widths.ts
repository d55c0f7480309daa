/** Records in Firestore of renditions that were made on demand. */
import type { CollectionReference, Firestore, Timestamp } from 'firebase-admin/firestore';
import { FieldPath } from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { fillTemplate, type Owner } from '../domain/path.js';
import type { ImageRecord, TokenRecord } from '../domain/records.js';
import { addWidth, type MadeWidth } from '../domain/widths.js';
import { toMilliseconds } from './documents.js';

/** A token record, and the record of its image. Times are milliseconds since 1970. */
export interface TokenAndImage {
  token: TokenRecord<number>;
  image?: ImageRecord<number>;
}

export interface WidthRecords {
  /** @returns undefined when the token is revoked */
  find(hash: string): Promise<TokenAndImage | undefined>;
  /**
   * Adds a rendition to both records in one transaction.
   * @returns false when the image was processed again, replaced or deleted, or the token was revoked
   */
  add(owner: Owner, hash: string, made: MadeWidth): Promise<boolean>;
}

export function openWidthRecords(
  firestore: Firestore,
  config: Pick<Config, 'imagesCollection' | 'tokensCollection'>,
): WidthRecords {
  const tokenOf = (hash: string) =>
    (
      firestore.collection(config.tokensCollection) as CollectionReference<TokenRecord<Timestamp>>
    ).doc(hash);
  const imageOf = ({ uid, imageId }: Owner) =>
    (
      firestore.collection(fillTemplate(config.imagesCollection, { uid })) as CollectionReference<
        ImageRecord<Timestamp>
      >
    ).doc(imageId);

  return {
    async find(hash) {
      const token = (await tokenOf(hash).get()).data();
      if (token === undefined) return undefined;
      const image = (await imageOf(token).get()).data();
      return { token: toMilliseconds(token), ...(image && { image: toMilliseconds(image) }) };
    },

    add: (owner, hash, made) =>
      firestore.runTransaction(async (transaction) => {
        const [image, token] = [imageOf(owner), tokenOf(hash)];
        const [imageRecord, tokenRecord] = await Promise.all([
          transaction.get(image),
          transaction.get(token),
        ]);
        const added = addWidth(imageRecord.data(), tokenRecord.data(), made);
        if (added === undefined) return false;
        const key = String(made.width);
        // `updatedAt` stays: cleanup and the owner's pages go by what was uploaded.
        transaction.update(image, new FieldPath('widths', key), added.image);
        transaction.update(token, new FieldPath('image', 'widths', key), added.token);
        return true;
      }),
  };
}
