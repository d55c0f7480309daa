import { initializeApp, type FirebaseOptions } from 'firebase/app';
import {
  browserLocalPersistence,
  connectAuthEmulator,
  indexedDBLocalPersistence,
  initializeAuth,
  type Auth,
} from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore } from 'firebase/firestore/lite';
import { connectStorageEmulator, getStorage } from 'firebase/storage';
import { objectUrl } from 'storage-public-variants-client';
import { createImages, type Images } from 'storage-public-variants-client/firebase-lite';

/** Content of /stack.json, which `npm start` writes; addresses are `host:port`. */
interface Stack {
  projectId: string;
  bucket: string;
  auth: string;
  firestore: string;
  storage: string;
}

export interface Backend {
  auth: Auth;
  images: Images;
  /** For display: `the local emulators` or `project my-project`. */
  label: string;
  /** Returns the download URL of an object at Cloud Storage, without a download token. */
  objectUrl(bucket: string, name: string): string;
}

/** The public URL up to the token: the Hosting rewrite to the `serve` function. */
export const PUBLIC_BASE_URL = new URL('/i', location.href).href;

/** An upload without a response fails after this time; the SDK's default is ten minutes. */
const MAX_UPLOAD_RETRY_MS = 30_000;

/**
 * Connects to the local emulators if /stack.json exists, otherwise to the project that hosts the page.
 *
 * @throws Error when neither /stack.json nor /__/firebase/init.json can be read
 */
export async function connect(): Promise<Backend> {
  const stack = await getJson<Stack>('/stack.json');
  if (stack) return connectEmulators(stack);
  const options = await getJson<FirebaseOptions>('/__/firebase/init.json');
  if (!options) throw new Error('Neither /stack.json nor /__/firebase/init.json exists.');
  const { auth, storage, firestore } = services(options);
  return {
    auth,
    images: createImages({ auth, storage, firestore, baseUrl: PUBLIC_BASE_URL }),
    label: `project ${options.projectId ?? ''}`,
    objectUrl: objectUrlAt('https://firebasestorage.googleapis.com'),
  };
}

function connectEmulators(stack: Stack): Backend {
  const { projectId, bucket } = stack;
  // The emulators accept any API key.
  const options = { projectId, storageBucket: bucket, apiKey: 'local' };
  const { auth, storage, firestore } = services(options);
  connectAuthEmulator(auth, toUrl(stack.auth).origin, { disableWarnings: true });
  const firestoreUrl = toUrl(stack.firestore);
  connectFirestoreEmulator(firestore, firestoreUrl.hostname, Number(firestoreUrl.port));
  const storageUrl = toUrl(stack.storage);
  connectStorageEmulator(storage, storageUrl.hostname, Number(storageUrl.port));
  return {
    auth,
    images: createImages({ auth, storage, firestore, baseUrl: PUBLIC_BASE_URL }),
    label: 'the local emulators',
    objectUrl: objectUrlAt(storageUrl.origin),
  };
}

function services(options: FirebaseOptions) {
  const app = initializeApp(options);
  const storage = getStorage(app);
  storage.maxUploadRetryTime = MAX_UPLOAD_RETRY_MS;
  // getAuth would add the code of all sign-in providers to the bundle.
  const persistence = [indexedDBLocalPersistence, browserLocalPersistence];
  return { auth: initializeAuth(app, { persistence }), firestore: getFirestore(app), storage };
}

function objectUrlAt(storageOrigin: string) {
  return (bucket: string, name: string) => objectUrl(storageOrigin, bucket, name);
}

function toUrl(hostOrUrl: string): URL {
  return new URL(hostOrUrl.includes('://') ? hostOrUrl : `http://${hostOrUrl}`);
}

/** @returns undefined for 404 */
async function getJson<Content>(path: string): Promise<Content | undefined> {
  const response = await fetch(path, { cache: 'no-store' });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${path} returned ${response.status}.`);
  return response.json().then(
    (content: Content) => content,
    () => Promise.reject(new Error(`${path} is not JSON.`)),
  );
}
