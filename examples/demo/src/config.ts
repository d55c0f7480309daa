/** Where the page is: on the local stack, or on the Firebase project that hosts it. */
import type { FirebaseOptions } from 'firebase/app';

/** A photo that everyone may see, for visitors who have none. */
export interface Sample {
  token: string;
  /** The original at Cloud Storage, without a download token. */
  objectUrl: string;
  /** Of the original. */
  bytes?: number;
  /** Pixels. */
  width?: number;
  height?: number;
}

/** Content of /stack.json, which `npm start` writes; addresses are `host:port`. */
interface Stack {
  projectId: string;
  bucket: string;
  auth: string;
  firestore: string;
  storage: string;
  functions: string;
  /** URL of the function `serve`. */
  serve: string;
  revocationSeconds?: number;
  sample?: Sample;
}

/** Content of /demo.json, which a project may have. */
interface Demo {
  /** The parameter `LOCATION`; us-central1 by default. */
  region?: string;
  sharingFunction?: string;
  revocationSeconds?: number;
  sample?: Sample;
}

export interface Config {
  options: FirebaseOptions;
  /** `host:port` of the emulators; absent in production. */
  emulators?: Pick<Stack, 'auth' | 'firestore' | 'storage' | 'functions'>;
  /** Origins of the REST APIs. */
  storageOrigin: string;
  firestoreOrigin: string;
  region: string;
  sharingFunction: string;
  /** The most seconds until a dead URL has stopped working everywhere, if the page knows. */
  revocationSeconds?: number | undefined;
  sample?: Sample | undefined;
}

/** The public URL up to the token: the Hosting rewrite to the function `serve`. */
export const BASE_URL = new URL('/i', location.href).href;

/**
 * Reads /stack.json if it exists, otherwise what Firebase Hosting knows of its project.
 *
 * @throws Error when neither can be read
 */
export async function loadConfig(): Promise<Config> {
  const stack = await getJson<Stack>('/stack.json');
  if (stack) {
    const { projectId, bucket, serve, revocationSeconds, sample } = stack;
    const [, region = ''] = new URL(serve).pathname.slice(1).split('/');
    return {
      // The emulators accept any API key.
      options: { projectId, storageBucket: bucket, apiKey: 'local' },
      emulators: stack,
      storageOrigin: `http://${stack.storage}`,
      firestoreOrigin: `http://${stack.firestore}`,
      region,
      sharingFunction: serve.slice(serve.lastIndexOf('/') + 1).replace(/serve$/, 'sharing'),
      revocationSeconds,
      sample,
    };
  }
  const options = await getJson<FirebaseOptions>('/__/firebase/init.json');
  if (!options) throw new Error('Neither /stack.json nor /__/firebase/init.json exists.');
  const demo: Demo = (await getJson<Demo>('/demo.json').catch(() => undefined)) ?? {};
  const { region = 'us-central1', sharingFunction = 'kit-images-sharing' } = demo;
  return {
    options,
    storageOrigin: 'https://firebasestorage.googleapis.com',
    firestoreOrigin: 'https://firestore.googleapis.com',
    region,
    sharingFunction,
    revocationSeconds: demo.revocationSeconds,
    sample: demo.sample,
  };
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
