/** What `/firebase` and `/firebase-lite` have in common: everything but Firestore. */
import type { Auth } from 'firebase/auth';
import type { Functions } from 'firebase/functions';
import { deleteObject, ref, uploadBytesResumable, type FirebaseStorage } from 'firebase/storage';
import type { Backend } from './backend.js';

/** Services of the app: `getAuth()`, `getStorage()`, `getFunctions(app, region)`. */
export interface FirebaseServices {
  auth: Auth;
  storage: FirebaseStorage;
  /** Needed for `shares`, `rotateToken` and `revokeAll` only. Its region is that of the parameter `LOCATION`. */
  functions?: Functions | undefined;
  /** Name of the deployed function; `kit-images-sharing` by default, as the kit `images` names it. */
  sharingFunction?: string | undefined;
}

/** @param changed called after something that changes documents */
export function openServices(
  { auth, storage, functions, sharingFunction = 'kit-images-sharing' }: FirebaseServices,
  changed = () => {},
): Pick<Backend, 'uid' | 'upload' | 'delete' | 'call'> {
  return {
    uid: () => auth.currentUser?.uid,
    upload(path, data, metadata, onProgress) {
      const task = uploadBytesResumable(ref(storage, path), data, metadata);
      task.on('state_changed', ({ bytesTransferred, totalBytes }) =>
        onProgress(bytesTransferred / totalBytes),
      );
      const done = async () => {
        const { metadata } = await task;
        changed();
        return metadata.generation;
      };
      return { done: done(), cancel: () => void task.cancel() };
    },
    delete: (path) => deleteObject(ref(storage, path)).then(changed),
    async call(input) {
      if (!functions) {
        throw new TypeError('Expected `functions`, found none: pass getFunctions(app, region)');
      }
      // Not loaded by apps that do not share.
      const { httpsCallable } = await import('firebase/functions');
      const { data } = await httpsCallable(functions, sharingFunction)(input);
      changed();
      return data;
    },
  };
}

/**
 * The types of both SDKs are equal, so only this check distinguishes them.
 *
 * @throws TypeError that names the other entry
 */
export function assertFirestoreType(
  firestore: { type: string },
  expected: 'firestore' | 'firestore-lite',
): void {
  const { type } = firestore;
  if (type === expected) return;
  throw new TypeError(
    `Expected a Firestore of type "${expected}", found "${type}": import createImages from ` +
      // Of `firestore-lite`: `/firebase-lite`.
      `storage-public-variants-client/${type.replace('store', 'base')}`,
  );
}
