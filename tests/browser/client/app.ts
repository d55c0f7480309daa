/** An app with the client package; the test calls what is on `window`. */
import { initializeApp } from 'firebase/app';
import { connectAuthEmulator, initializeAuth, signInAnonymously, signOut } from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore } from 'firebase/firestore';
import {
  connectFirestoreEmulator as connectLite,
  getFirestore as getLite,
} from 'firebase/firestore/lite';
import { connectFunctionsEmulator, getFunctions } from 'firebase/functions';
import { connectStorageEmulator, getStorage } from 'firebase/storage';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { placeholderUrl, type Images, type Upload } from 'storage-public-variants-client';
import { createImages } from 'storage-public-variants-client/firebase';
import { createImages as createLiteImages } from 'storage-public-variants-client/firebase-lite';
import 'storage-public-variants-client/element';
import { canSeal, seal } from 'storage-public-variants-client/seal';
import { PublicImage, useImage, useShares, useUpload } from 'storage-public-variants-client/react';

export interface Stack {
  projectId: string;
  bucket: string;
  auth: string;
  firestore: string;
  storage: string;
  functions: string;
  serve: string;
}

/** What the test uses. */
export interface ClientApp {
  /** Signs in a new user. */
  signIn(): Promise<string>;
  images: Images;
  lite: Images;
  files: () => File[];
  placeholderUrl: typeof placeholderUrl;
  canSeal: typeof canSeal;
  seal: typeof seal;
  /** Uploads in a React app. */
  renderReact(file: File): Upload;
  uploads: Record<string, Upload>;
}

declare global {
  interface Window {
    stack: Stack;
    client: ClientApp;
  }
}

const { stack } = window;
const hostAndPort = (address: string): [string, number] => {
  const [host = '', port] = address.split(':');
  return [host, Number(port)];
};
const app = initializeApp({
  apiKey: 'local',
  projectId: stack.projectId,
  storageBucket: stack.bucket,
});
const auth = initializeAuth(app);
connectAuthEmulator(auth, `http://${stack.auth}`, { disableWarnings: true });
const storage = getStorage(app);
connectStorageEmulator(storage, ...hostAndPort(stack.storage));
// Otherwise an upload without a connection ends after ten minutes.
storage.maxUploadRetryTime = 2_000;
const functions = getFunctions(app);
connectFunctionsEmulator(functions, ...hostAndPort(stack.functions));
const firestore = getFirestore(app);
connectFirestoreEmulator(firestore, ...hostAndPort(stack.firestore));
const lite = getLite(app);
connectLite(lite, ...hostAndPort(stack.firestore));

const options = {
  auth,
  storage,
  functions,
  baseUrl: stack.serve,
  sharingFunction: `${stack.serve.slice(stack.serve.lastIndexOf('/') + 1, -'serve'.length)}sharing`,
};
const images = createImages({ ...options, firestore });

function Photo({ upload }: { upload: Upload }) {
  const { state } = useUpload(upload);
  const { image } = useImage(images, upload.id);
  const { shares } = useShares(images, upload.id);
  const text = `${state} ${image?.state ?? 'none'} ${shares?.length ?? '-'}`;
  return createElement(
    'section',
    null,
    createElement('p', { id: 'react-state' }, text),
    image &&
      createElement(PublicImage, { baseUrl: stack.serve, image, alt: '', id: 'react-image' }),
  );
}

window.client = {
  async signIn() {
    // Otherwise the user stays the same.
    await signOut(auth);
    return (await signInAnonymously(auth)).user.uid;
  },
  images,
  lite: createLiteImages({ ...options, firestore: lite }),
  files: () => [...(document.querySelector('input')?.files ?? [])],
  placeholderUrl,
  canSeal,
  seal,
  renderReact(file) {
    const upload = images.upload(file);
    const root = document.querySelector('main');
    if (root) createRoot(root).render(createElement(Photo, { upload }));
    return upload;
  },
  uploads: {},
};
