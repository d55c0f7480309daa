/** The reader as the platform sets it up: the function's own project and service account. */
import { GoogleAuth } from 'google-auth-library';
import type { Config, Environment } from '../config/config.js';
import { openReader, type Reader } from './reader.js';

/** What reading asks for; the roles of the service account say what it gets. */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/** @param environment usually `process.env`; it names the project and, in development, emulators */
export function openProjectReader(
  { tokensCollection, projectId }: Pick<Config, 'tokensCollection' | 'projectId'>,
  environment: Environment,
): Reader {
  const auth = new GoogleAuth({ scopes: SCOPES });
  return openReader({
    projectId,
    tokensCollection,
    firestoreEmulator: environment['FIRESTORE_EMULATOR_HOST'],
    storageEmulator:
      environment['STORAGE_EMULATOR_HOST'] ?? environment['FIREBASE_STORAGE_EMULATOR_HOST'],
    accessToken: async () => (await auth.getAccessToken()) ?? '',
  });
}
