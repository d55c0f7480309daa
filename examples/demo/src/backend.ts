import { initializeApp, type FirebaseOptions } from 'firebase/app';
import {
  browserLocalPersistence,
  connectAuthEmulator,
  indexedDBLocalPersistence,
  initializeAuth,
  type Auth,
} from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore, type Firestore } from 'firebase/firestore/lite';
import { connectStorageEmulator, getStorage, type FirebaseStorage } from 'firebase/storage';
import { objectUrl } from 'storage-public-variants-client';

/** What `npm start` tells about the local stack; hosts as `host:port`. */
interface Stack {
  projectId: string;
  bucket: string;
  auth: string;
  firestore: string;
  storage: string;
}

export interface Backend {
  auth: Auth;
  firestore: Firestore;
  storage: FirebaseStorage;
  /** For people: `the local emulators`, `project my-project`. */
  label: string;
  /** Where Storage itself would answer for an object, were it not locked. */
  objectUrl(bucket: string, name: string): string;
}

/** What stands before the token: the Hosting rewrite to the serve function, on this page's origin. */
export const PUBLIC_BASE_URL = new URL('/i', location.href).href;

/** An upload that gets no answer ends after this time, not after the SDK's ten minutes. */
const MAX_UPLOAD_RETRY_MS = 30_000;

/**
 * Connects to the local stack when /stack.json describes one, else to the project that hosts the page.
 *
 * @throws Error that says which of the two descriptions could not be read
 */
export async function connect(): Promise<Backend> {
  const stack = await getJson<Stack>('/stack.json');
  if (stack) return connectEmulators(stack);
  const options = await getJson<FirebaseOptions>('/__/firebase/init.json');
  if (!options) throw new Error('This page finds neither /stack.json nor /__/firebase/init.json.');
  return {
    ...services(options),
    label: `project ${options.projectId ?? ''}`,
    objectUrl: objectUrlAt('https://firebasestorage.googleapis.com'),
  };
}

function connectEmulators(stack: Stack): Backend {
  const { projectId, bucket } = stack;
  // The emulators take any key.
  const backend = services({ projectId, storageBucket: bucket, apiKey: 'local' });
  connectAuthEmulator(backend.auth, origin(stack.auth).origin, { disableWarnings: true });
  const firestore = origin(stack.firestore);
  connectFirestoreEmulator(backend.firestore, firestore.hostname, Number(firestore.port));
  const storage = origin(stack.storage);
  connectStorageEmulator(backend.storage, storage.hostname, Number(storage.port));
  return { ...backend, label: 'the local emulators', objectUrl: objectUrlAt(storage.origin) };
}

function services(options: FirebaseOptions) {
  const app = initializeApp(options);
  const storage = getStorage(app);
  storage.maxUploadRetryTime = MAX_UPLOAD_RETRY_MS;
  // initializeAuth, not getAuth: that one brings the pop-ups of all sign-in providers along.
  const persistence = [indexedDBLocalPersistence, browserLocalPersistence];
  return { auth: initializeAuth(app, { persistence }), firestore: getFirestore(app), storage };
}

function objectUrlAt(storageOrigin: string) {
  return (bucket: string, name: string) => objectUrl(storageOrigin, bucket, name);
}

function origin(hostOrAddress: string): URL {
  return new URL(hostOrAddress.includes('://') ? hostOrAddress : `http://${hostOrAddress}`);
}

/** @returns undefined when there is no such file */
async function getJson<Content>(path: string): Promise<Content | undefined> {
  const response = await fetch(path, { cache: 'no-store' });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`);
  return response.json().then(
    (content: Content) => content,
    () => Promise.reject(new Error(`${path} is not JSON.`)),
  );
}
