/** For the tests in this folder: a front with an Admin SDK on it. */
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { getFirestore, type Firestore } from 'firebase-admin/firestore';
import { startFirestoreEmulator, type FirestoreEmulator } from './index.js';

export const PROJECT = 'demo-front';

/** A running front and the Admin SDK that talks to it. */
export interface TestEmulator extends FirestoreEmulator {
  admin: Firestore;
  /** The address of the front. */
  url: string;
  /** Removes all documents. */
  clear(): Promise<void>;
}

// Without this the Admin SDK spends seconds on looking for Google's metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';

let apps = 0;

/** Starts a front on a free port, with these rules if any. */
export async function startTestEmulator(rules?: string): Promise<TestEmulator> {
  const front = await startFirestoreEmulator({
    host: '127.0.0.1',
    port: 0,
    projectId: PROJECT,
    ...(rules === undefined ? {} : { rules: { source: rules, file: 'firestore.rules' } }),
  });
  const before = process.env['FIRESTORE_EMULATOR_HOST'];
  process.env['FIRESTORE_EMULATOR_HOST'] = `${front.host}:${front.port}`;
  const app = initializeApp({ projectId: PROJECT }, `front-${(apps += 1)}`);
  const admin = getFirestore(app);
  // The SDK reads the variable now; the next front of this process brings its own.
  admin.settings({});
  if (before === undefined) delete process.env['FIRESTORE_EMULATOR_HOST'];
  else process.env['FIRESTORE_EMULATOR_HOST'] = before;
  const url = `http://${front.host}:${front.port}`;
  return {
    ...front,
    admin,
    url,
    clear: async () => {
      const path = `/emulator/v1/projects/${PROJECT}/databases/(default)/documents`;
      await fetch(url + path, { method: 'DELETE' });
    },
    stop: async () => {
      await admin.terminate();
      // Listeners say goodbye after their stop() has returned.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await deleteApp(app);
      await front.stop();
    },
  };
}

/** A token as the auth emulator makes it: nobody signs it. */
export function unsignedToken(uid: string, claims: Record<string, unknown> = {}): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const payload = { sub: uid, user_id: uid, iat: 1, exp: 4_000_000_000, ...claims };
  return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(payload)}.`;
}
