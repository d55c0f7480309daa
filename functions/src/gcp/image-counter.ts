/** Counts the images of a user, for MAX_IMAGES_PER_USER. */
import {
  FieldValue,
  type CollectionReference,
  type Firestore,
  type Transaction,
} from 'firebase-admin/firestore';

/**
 * Whatever adds a counted image reads a document of its user, counts, and writes the document, in one
 * transaction. Of two such transactions at the same time, one commits and the other runs again and counts the
 * first one's image. The count itself needs no lock, so other writes to the images wait for nothing. The number
 * is never stored, so it is never wrong.
 */
interface ImageCounter {
  /**
   * Whether a user has fewer than `max` images: reads one document, and one more for each thousand images.
   * @param images the image records of the user
   */
  hasFewer(
    transaction: Transaction,
    uid: string,
    images: CollectionReference,
    max: number,
  ): Promise<boolean>;
  /** Called in the same transaction after `hasFewer`, if it adds an image. */
  markAdded(transaction: Transaction, uid: string): void;
  /** Deletes the document of a user. */
  forget(uid: string): Promise<void>;
}

export function openImageCounter(firestore: Firestore, jobsCollection: string): ImageCounter {
  const users = firestore.collection(`${jobsCollection}/uploads/users`);
  return {
    async hasFewer(transaction, uid, images, max) {
      await transaction.get(users.doc(uid));
      // An upload that was refused has an empty token, and is not counted.
      const counted = await images.where('token', '>', '').limit(max).count().get();
      return counted.data().count < max;
    },
    markAdded: (transaction, uid) =>
      void transaction.set(users.doc(uid), { addedAt: FieldValue.serverTimestamp() }),
    forget: async (uid) => void (await users.doc(uid).delete()),
  };
}
