/** Opens the reader with the project and the service account of the function. */
import { GoogleAuth } from 'google-auth-library';
import type { Config, Environment } from '../config/config.js';
import { openReader, type Reader } from './reader.js';

/** OAuth 2.0 scope of the access token; the roles of the service account limit what it allows. */
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/** @param environment usually `process.env`; names the emulators' hosts in development */
export function openProjectReader(
  {
    tokensCollection,
    projectId,
    databaseId,
  }: Pick<Config, 'tokensCollection' | 'projectId' | 'databaseId'>,
  environment: Environment,
): Reader {
  const auth = new GoogleAuth({ scopes: SCOPES });
  return openReader({
    projectId,
    databaseId,
    tokensCollection,
    firestoreEmulator: environment['FIRESTORE_EMULATOR_HOST'],
    storageEmulator:
      environment['STORAGE_EMULATOR_HOST'] ?? environment['FIREBASE_STORAGE_EMULATOR_HOST'],
    accessToken: async () => (await auth.getAccessToken()) ?? '',
  });
}
