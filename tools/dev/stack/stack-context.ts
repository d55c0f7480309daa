/** Access to a running local stack for tests and benchmarks: Admin SDK, signed-in users, uploads. */
import type { Bucket } from '@google-cloud/storage';
import { deleteApp, initializeApp, type App } from 'firebase-admin/app';
import { getFirestore, type Firestore } from 'firebase-admin/firestore';
import { getStorage } from 'firebase-admin/storage';
import { newImageId, objectUrl, type Image } from 'storage-public-variants-client';
import type { TokenRecord } from '../../../functions/src/domain/records.js';
import { signInDemoUser, type DemoUser } from '../start/demo-user.js';
import type { StackInfo } from './project.js';
import { waitForImage } from './wait-for-image.js';

/** For an upload that a user makes. */
interface UserUploadOptions {
  imageId?: string;
  /** `image/jpeg` by default. */
  contentType?: string;
}

/** An upload, and the record that it resulted in. */
interface UploadedImage {
  imageId: string;
  /** Object name. */
  name: string;
  generation: string;
  record: Image;
}

/** Environment variables with which Google's client libraries use the emulators of a stack. */
export function emulatorEnvironment({ firestore, storage }: StackInfo): Record<string, string> {
  return {
    FIRESTORE_EMULATOR_HOST: firestore,
    FIREBASE_STORAGE_EMULATOR_HOST: storage,
    STORAGE_EMULATOR_HOST: `http://${storage}`,
    METADATA_SERVER_DETECTION: 'none',
  };
}

/** Holds the clients of a stack; `close` closes them and those of all users. */
export class StackContext<Info extends StackInfo = StackInfo> {
  /** The Admin SDK's Firestore, not subject to security rules. */
  readonly firestore: Firestore;
  /** The Admin SDK's bucket, not subject to security rules. */
  readonly bucket: Bucket;
  readonly #app: App;
  readonly #users: DemoUser[] = [];
  readonly #databases: Firestore[] = [];

  /** Sets the environment variables of the emulators for this process. */
  constructor(readonly stack: Info) {
    Object.assign(process.env, emulatorEnvironment(stack));
    const { projectId, bucket } = stack;
    const name = `admin-${crypto.randomUUID()}`;
    this.#app = initializeApp({ projectId, storageBucket: bucket }, name);
    this.firestore = getFirestore(this.#app);
    this.bucket = getStorage(this.#app).bucket();
  }

  /** The Admin SDK's client of a named Firestore database. */
  openDatabase(id: string): Firestore {
    const firestore = getFirestore(this.#app, id);
    this.#databases.push(firestore);
    return firestore;
  }

  /** Signs in a new anonymous user with the client SDKs. */
  async user(): Promise<DemoUser> {
    const user = await signInDemoUser(this.stack);
    this.#users.push(user);
    return user;
  }

  /**
   * Uploads any bytes as the user, which the client package would check first, and waits until the record of that
   * upload is `ready` or `failed`.
   */
  async upload(
    user: DemoUser,
    data: Uint8Array,
    options: UserUploadOptions = {},
  ): Promise<UploadedImage> {
    const { imageId = newImageId(), contentType = 'image/jpeg' } = options;
    const name = `originals/${user.uid}/${imageId}`;
    // As demo-user.ts loads it.
    const { ref, uploadBytes } = await import('firebase/storage');
    const { metadata } = await uploadBytes(ref(user.storage, name), data, { contentType });
    const { generation } = metadata;
    const record = await waitForImage(user, { imageId, generation, timeout: 30_000 });
    return { imageId, name, generation, record };
  }

  /**
   * Uploads a JPEG with the Admin SDK and adds a download token, as an upload by a client has one.
   *
   * @returns the generation
   */
  async uploadAsAdmin(name: string, data: Uint8Array): Promise<string> {
    const file = this.bucket.file(name);
    const metadata = { firebaseStorageDownloadTokens: crypto.randomUUID() };
    await file.save(Buffer.from(data), {
      resumable: false,
      metadata: { contentType: 'image/jpeg', metadata },
    });
    const [{ generation }] = await file.getMetadata();
    return String(generation);
  }

  /** @param hash the document id: base64url(SHA-256(token)) */
  async tokenRecord(hash: string): Promise<TokenRecord | undefined> {
    const snapshot = await this.firestore.collection('imageTokens').doc(hash).get();
    return snapshot.data() as TokenRecord | undefined;
  }

  /** Returns the Storage emulator's download URL of an object, without a download token. */
  objectUrl(name: string): string {
    return objectUrl(`http://${this.stack.storage}`, this.stack.bucket, name);
  }

  /** Returns the URL of a token, or of a variant, at the `serve` function. */
  serveUrl(...path: string[]): string {
    return [this.stack.serve, ...path].join('/');
  }

  async close(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.close()));
    await Promise.all([this.firestore, ...this.#databases].map((client) => client.terminate()));
    await deleteApp(this.#app);
  }
}
