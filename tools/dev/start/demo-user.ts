/** A user as an app has one: the ordinary client SDKs, signed in, under the security rules. */
import { deleteApp, initializeApp, setLogLevel } from 'firebase/app';
import { connectAuthEmulator, getAuth, signInAnonymously } from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore, type Firestore } from 'firebase/firestore/lite';
import { connectStorageEmulator, getStorage, type FirebaseStorage } from 'firebase/storage';
import type { StackInfo } from '../stack/project.js';

export interface DemoUser {
  uid: string;
  storage: FirebaseStorage;
  firestore: Firestore;
  /** Ends the SDKs' timers and connections. */
  leave(): Promise<void>;
}

// What goes wrong is thrown; the SDKs' own lines on it would hold addresses and whole requests.
setLogLevel('silent');

let count = 0;

/** Signs a new anonymous user in to a local stack. */
export async function signInDemoUser(info: StackInfo): Promise<DemoUser> {
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
  const { user } = await signInAnonymously(auth);
  return { uid: user.uid, storage, firestore, leave: () => deleteApp(app) };
}

function hostAndPort(address: string): [host: string, port: number] {
  const { hostname, port } = new URL(`http://${address}`);
  return [hostname, Number(port)];
}
