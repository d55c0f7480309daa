/** A signed-in user of the client SDKs, subject to the security rules like a user of an app. */
import { basename } from 'node:path';
import type { Firestore } from 'firebase/firestore/lite';
import type { FirebaseStorage } from 'firebase/storage';
import type { Images } from 'storage-public-variants-client';
import type { StackInfo } from '../stack/project.js';

export interface DemoUser {
  uid: string;
  storage: FirebaseStorage;
  firestore: Firestore;
  /** The client package, as an app uses it. */
  images: Images;
  /** Stops the SDKs' timers and connections. */
  close(): Promise<void>;
}

let count = 0;

/** Signs in a new anonymous user on a local stack. */
export async function signInDemoUser(info: StackInfo): Promise<DemoUser> {
  // Not by `require`: the client imports the SDKs, and objects of two copies of an SDK don't fit together.
  const [
    { deleteApp, initializeApp, setLogLevel },
    { connectAuthEmulator, getAuth, signInAnonymously },
    { connectFirestoreEmulator, getFirestore },
    { connectFunctionsEmulator, getFunctions },
    { connectStorageEmulator, getStorage },
    { createImages },
  ] = await Promise.all([
    import('firebase/app'),
    import('firebase/auth'),
    import('firebase/firestore/lite'),
    import('firebase/functions'),
    import('firebase/storage'),
    import('storage-public-variants-client/firebase-lite'),
  ]);
  // Errors are thrown; the SDKs' log lines about them would contain URLs and complete requests.
  setLogLevel('silent');
  const app = initializeApp(
    { apiKey: 'local', projectId: info.projectId, storageBucket: info.bucket },
    `demo-user-${++count}`,
  );
  const auth = getAuth(app);
  connectAuthEmulator(auth, `http://${info.auth}`, { disableWarnings: true });
  const storage = getStorage(app);
  connectStorageEmulator(storage, ...hostAndPort(info.storage));
  const firestore = getFirestore(app);
  connectFirestoreEmulator(firestore, ...hostAndPort(info.firestore));
  const functions = getFunctions(app);
  connectFunctionsEmulator(functions, ...hostAndPort(info.functions));
  const { user } = await signInAnonymously(auth);
  const baseUrl = info.serve;
  const sharingFunction = basename(baseUrl).replace(/serve$/, 'sharing');
  const images = createImages({ auth, storage, firestore, functions, sharingFunction, baseUrl });
  return { uid: user.uid, storage, firestore, images, close: () => deleteApp(app) };
}

function hostAndPort(address: string): [host: string, port: number] {
  const { hostname, port } = new URL(`http://${address}`);
  return [hostname, Number(port)];
}
