/** The local stack that `npm test` has started, for integration and browser tests. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as AdminAppModule from 'firebase-admin/app';
import type { Firestore, getFirestore } from 'firebase-admin/firestore';
import type { Form, StackInfo } from '../../tools/dev/stack/project.js';
import { StackContext } from '../../tools/dev/stack/stack-context.js';

export interface TestStack extends StackInfo {
  form: Form;
  /** Whether the stack uses Google's own emulators. */
  official: boolean;
  /** The file with the output of emulators and functions. */
  logFile: string;
  /** SEALING_KEYS of `serve`. */
  sealingKeys: string;
}

export const ROOT = join(__dirname, '..', '..');
export const PHOTO = join(ROOT, 'tests', 'fixtures', 'photos', 'seeding.jpg');

/** @throws Error when the tests were not started by tools/test.mjs */
export function testStack(): TestStack {
  const file = process.env['SPV_STACK'];
  if (file === undefined) {
    throw new Error('These tests need a running stack: start them with npm test -- integration');
  }
  return JSON.parse(readFileSync(file, 'utf8')) as TestStack;
}

/** Deletes the app that `openBackend` has initialized: functions/ has its own copy of the Admin SDK. */
async function closeProductsApp(): Promise<void> {
  const requireFromFunctions = createRequire(join(ROOT, 'functions', 'package.json'));
  const { deleteApp, getApp } = requireFromFunctions('firebase-admin/app') as AdminApp;
  await deleteApp(getApp());
}
type AdminApp = Pick<typeof AdminAppModule, 'deleteApp' | 'getApp'>;

/** Returns the Firestore of the app that `openBackend` has initialized. */
export function productsFirestore(): Firestore {
  const requireFromFunctions = createRequire(join(ROOT, 'functions', 'package.json'));
  const firestore = requireFromFunctions('firebase-admin/firestore') as {
    getFirestore: typeof getFirestore;
  };
  return firestore.getFirestore();
}

/** The context of a test file: a new one in `beforeAll`, `close()` in `afterAll`. */
export class TestContext extends StackContext<TestStack> {
  constructor() {
    super(testStack());
  }
}

/** For a test file that calls `openBackend`. */
export class BackendTestContext extends TestContext {
  constructor() {
    super();
    process.env['GCLOUD_PROJECT'] = this.stack.projectId;
  }

  override async close(): Promise<void> {
    await closeProductsApp();
    await super.close();
  }
}
