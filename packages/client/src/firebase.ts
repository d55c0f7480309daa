/** For apps with the full Firestore SDK, `firebase/firestore`: it listens. */
import {
  collection,
  doc,
  limit,
  onSnapshot,
  orderBy,
  query,
  where,
  type Firestore,
} from 'firebase/firestore';
import { assertFirestoreType, openServices, type FirebaseServices } from './firebase-services.js';
import { createImagesWith, type Images, type ImagesOptions } from './images.js';

export type { FirebaseServices } from './firebase-services.js';
export type { Images, ImagesOptions } from './images.js';

/** @param options the services of the app @throws TypeError when `firestore` is one of `firebase/firestore/lite` */
export function createImages({
  firestore,
  ...options
}: FirebaseServices & ImagesOptions & { firestore: Firestore }): Images {
  assertFirestoreType(firestore, 'firestore');
  return createImagesWith(
    {
      ...openServices(options),
      watchDocument: (path, next, error) =>
        onSnapshot(doc(firestore, path), (snapshot) => void next(snapshot.data()), error),
      watchCollection: (path, { where: filter, limit: most }, next, error) =>
        onSnapshot(
          query(
            collection(firestore, path),
            filter ? where(filter[0], '==', filter[1]) : orderBy('createdAt', 'desc'),
            limit(most),
          ),
          ({ docs }) => void next(docs.map((entry) => ({ id: entry.id, data: entry.data() }))),
          error,
        ),
    },
    options,
  );
}
