/** Test helpers: a Firestore emulator with an Admin SDK connected to it. */
import { setTimeout as delay } from 'node:timers/promises';
import { createMockUserToken } from '@firebase/util';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { getFirestore, type Firestore } from 'firebase-admin/firestore';
import { startFirestoreEmulator, type FirestoreEmulator, type TriggerEvent } from './index.js';

export const PROJECT = 'demo-emulator';

/** A running emulator and an Admin SDK connected to it. */
export interface TestEmulator extends FirestoreEmulator {
  admin: Firestore;
  /** Base URL of the REST API. */
  url: string;
  /** Deletes all documents. */
  clear(): Promise<void>;
}

// Otherwise the Admin SDK searches for Google's metadata server for several seconds.
process.env['METADATA_SERVER_DETECTION'] = 'none';

let apps = 0;

/** Starts an emulator on a free port. Without rules, every client request is allowed. */
export async function startTestEmulator(
  rules?: string,
  onEvent?: (event: TriggerEvent) => void,
): Promise<TestEmulator> {
  const emulator = await startFirestoreEmulator({
    host: '127.0.0.1',
    port: 0,
    projectId: PROJECT,
    ...(onEvent && { onEvent }),
    ...(rules === undefined ? {} : { rules: [{ source: rules, file: 'firestore.rules' }] }),
  });
  const previous = process.env['FIRESTORE_EMULATOR_HOST'];
  process.env['FIRESTORE_EMULATOR_HOST'] = `${emulator.host}:${emulator.port}`;
  const app = initializeApp({ projectId: PROJECT }, `emulator-${(apps += 1)}`);
  const admin = getFirestore(app);
  // The SDK reads the variable here, so that each emulator of this process can have its own.
  admin.settings({});
  if (previous === undefined) delete process.env['FIRESTORE_EMULATOR_HOST'];
  else process.env['FIRESTORE_EMULATOR_HOST'] = previous;
  const url = `http://${emulator.host}:${emulator.port}`;
  return {
    ...emulator,
    admin,
    url,
    clear: async () => {
      const path = `/emulator/v1/projects/${PROJECT}/databases/(default)/documents`;
      await fetch(url + path, { method: 'DELETE' });
    },
    stop: async () => {
      await admin.terminate();
      // Listeners send their last message after terminate() has resolved.
      await delay(50);
      await deleteApp(app);
      await emulator.stop();
    },
  };
}

/** An unsigned ID token, as the Auth emulator issues it. */
export function unsignedToken(uid: string): string {
  return createMockUserToken({ sub: uid }, PROJECT);
}
