/** For apps with `firebase/firestore/lite`, which is 110 kB smaller and has no listeners: it reads again. */
import {
  collection,
  doc,
  getDoc,
  getDocs,
  limit,
  orderBy,
  query,
  where,
  type Firestore,
} from 'firebase/firestore/lite';
import { assertFirestoreType, openServices, type FirebaseServices } from './firebase-services.js';
import { createImagesWith, type Images, type ImagesOptions } from './images.js';
import { openPolling } from './polling.js';

export type { FirebaseServices } from './firebase-services.js';
export type { Images, ImagesOptions } from './images.js';

/** @param options the services of the app @throws TypeError when `firestore` is one of `firebase/firestore` */
export function createImages({
  firestore,
  ...options
}: FirebaseServices & ImagesOptions & { firestore: Firestore }): Images {
  assertFirestoreType(firestore, 'firestore-lite');
  const polling = openPolling();
  return createImagesWith(
    {
      ...openServices(options, polling.wake),
      watchDocument: (path, next, error) =>
        polling.watch(async () => (await getDoc(doc(firestore, path))).data(), next, error),
      watchCollection(path, { where: filter, limit: most }, next, error) {
        const documents = query(
          collection(firestore, path),
          filter ? where(filter[0], '==', filter[1]) : orderBy('createdAt', 'desc'),
          limit(most),
        );
        const read = async () =>
          (await getDocs(documents)).docs.map((entry) => ({ id: entry.id, data: entry.data() }));
        return polling.watch(read, next, error);
      },
    },
    options,
  );
}
