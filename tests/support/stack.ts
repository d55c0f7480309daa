/** The local stack that `npm test` has started, seen as an admin, as users and as the world. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as AdminAppModule from 'firebase-admin/app';
import { deleteApp, initializeApp, type App } from 'firebase-admin/app';
import { getFirestore, type Firestore } from 'firebase-admin/firestore';
import { getStorage } from 'firebase-admin/storage';
import type { Bucket } from '@google-cloud/storage';
import {
  objectUrl,
  uploadOriginal,
  waitForImage,
  type ClientImageRecord,
} from '../../packages/client/src/index.js';
import type { TokenRecord } from '../../functions/src/domain/records.js';
import { signInDemoUser, type DemoUser } from '../../tools/dev/start/demo-user.js';
import type { Form, StackInfo } from '../../tools/dev/stack/project.js';

export interface TestStack extends StackInfo {
  form: Form;
  /** Whether Google's own emulators run, and no stand-ins. */
  official: boolean;
  /** All that emulators and functions have said. */
  logFile: string;
}

export const ROOT = join(__dirname, '..', '..');
export const PHOTO = join(ROOT, 'tests', 'fixtures', 'photos', 'seeding.jpg');

/** @throws Error when the tests were not started through npm */
export function testStack(): TestStack {
  const file = process.env['SPV_STACK'];
  if (file === undefined) {
    throw new Error('These tests need a running stack: start them with npm test -- integration');
  }
  return JSON.parse(readFileSync(file, 'utf8')) as TestStack;
}

/** Ends what `openLibrary` has opened: functions/ has its own copy of the SDK. */
export async function closeProductsApp(): Promise<void> {
  const requireAsProduct = createRequire(join(ROOT, 'functions', 'package.json'));
  const { deleteApp: end, getApp } = requireAsProduct('firebase-admin/app') as AdminApp;
  await end(getApp());
}
type AdminApp = Pick<typeof AdminAppModule, 'deleteApp' | 'getApp'>;

/** Firestore of the app that `openLibrary` has opened. */
export function productsFirestore(): Firestore {
  const requireAsProduct = createRequire(join(ROOT, 'functions', 'package.json'));
  const product = requireAsProduct('firebase-admin/firestore') as {
    getFirestore: typeof getFirestore;
  };
  return product.getFirestore();
}

/** Everything that a test opens is closed by `close`. */
export class TestContext {
  readonly stack = testStack();
  readonly #users: DemoUser[] = [];
  readonly #app: App;
  readonly firestore: Firestore;
  readonly bucket: Bucket;

  constructor() {
    const { firestore, storage, projectId, bucket } = this.stack;
    process.env['FIRESTORE_EMULATOR_HOST'] = firestore;
    process.env['FIREBASE_STORAGE_EMULATOR_HOST'] = storage;
    process.env['STORAGE_EMULATOR_HOST'] = `http://${storage}`;
    this.#app = initializeApp({ projectId, storageBucket: bucket }, `admin-${Math.random()}`);
    this.firestore = getFirestore(this.#app);
    this.bucket = getStorage(this.#app).bucket();
  }

  /** A new user, signed in with the client SDKs. */
  async user(): Promise<DemoUser> {
    const user = await signInDemoUser(this.stack);
    this.#users.push(user);
    return user;
  }

  /** Uploads as the user and waits until that upload's record is ready or failed. */
  async upload(
    user: DemoUser,
    data: Uint8Array,
    options: { imageId?: string; contentType?: string } = {},
  ): Promise<{ imageId: string; name: string; generation: string; record: ClientImageRecord }> {
    const { uid, storage, firestore } = user;
    const { contentType = 'image/jpeg', ...rest } = options;
    const uploaded = await uploadOriginal(storage, { uid, data, contentType, ...rest });
    const { imageId, generation } = uploaded;
    const record = await waitForImage(firestore, { uid, imageId, generation, timeoutMs: 30_000 });
    return { ...uploaded, record };
  }

  async tokenRecord(hash: string): Promise<TokenRecord | undefined> {
    return (await this.firestore.collection('imageTokens').doc(hash).get()).data() as
      TokenRecord | undefined;
  }

  /** The address at which Storage itself would hand out an object. */
  objectUrl(name: string): string {
    const { storage, bucket } = this.stack;
    return objectUrl(`http://${storage}`, bucket, name);
  }

  /** The address of a token at the function itself. */
  serveUrl(...path: string[]): string {
    return [this.stack.serve, ...path].join('/');
  }

  async close(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.close()));
    await this.firestore.terminate();
    await deleteApp(this.#app);
  }
}
