/** Firebase and the client package. Loaded after the page, which shows the sample without them. */
import { initializeApp } from 'firebase/app';
import {
  browserLocalPersistence,
  connectAuthEmulator,
  indexedDBLocalPersistence,
  initializeAuth,
  onAuthStateChanged,
  signInAnonymously,
} from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore } from 'firebase/firestore';
import { connectStorageEmulator, getStorage } from 'firebase/storage';
import { createImages, type Images } from 'storage-public-variants-client/firebase';
import { BASE_URL, type Config } from './config.js';

export interface Firebase {
  images: Images;
  /** Calls `next` with the id of the signed-in user, at once and at each change. */
  watchUser(next: (uid: string | undefined) => void): void;
  /** Signs in a new anonymous user, if nobody is signed in. */
  signIn(): Promise<string>;
  /** The ID token of the signed-in user, for requests without the SDK. */
  idToken(): Promise<string | undefined>;
}

/** An upload without a response fails after this time; the SDK's default is ten minutes. */
const MAX_UPLOAD_RETRY_MS = 15_000;

/** Connects the SDKs to the emulators, or to the project. */
export async function connect(config: Config): Promise<Firebase> {
  const { options, emulators, region, sharingFunction } = config;
  // Like the client package, so that it stays a file of its own.
  const { connectFunctionsEmulator, getFunctions } = await import('firebase/functions');
  const app = initializeApp(options);
  // getAuth would add the code of all sign-in providers to the bundle.
  const persistence = [indexedDBLocalPersistence, browserLocalPersistence];
  const auth = initializeAuth(app, { persistence });
  const storage = getStorage(app);
  storage.maxUploadRetryTime = MAX_UPLOAD_RETRY_MS;
  const firestore = getFirestore(app);
  const functions = getFunctions(app, region);
  if (emulators) {
    connectAuthEmulator(auth, `http://${emulators.auth}`, { disableWarnings: true });
    connectStorageEmulator(storage, ...hostAndPort(emulators.storage));
    connectFirestoreEmulator(firestore, ...hostAndPort(emulators.firestore));
    connectFunctionsEmulator(functions, ...hostAndPort(emulators.functions));
  }
  const services = { auth, storage, firestore, functions, sharingFunction };
  return {
    images: createImages({ ...services, baseUrl: BASE_URL }),
    watchUser: (next) => void onAuthStateChanged(auth, (user) => next(user?.uid)),
    async signIn() {
      await auth.authStateReady();
      return auth.currentUser?.uid ?? (await signInAnonymously(auth)).user.uid;
    },
    idToken: async () => auth.currentUser?.getIdToken(),
  };
}

function hostAndPort(address: string): [host: string, port: number] {
  const { hostname, port } = new URL(`http://${address}`);
  return [hostname, Number(port)];
}
