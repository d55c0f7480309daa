/** The part of the backend that loads quickly: objects and queues, without Firestore's client library. */
import type { Config, Environment } from '../config/config.js';
import { loadCredentials } from './credentials.js';
import { openObjects, type Objects } from './objects.js';
import { openProjectQueues } from './open-queues.js';
import type { Queues } from './queues.js';
import { openStorageApi, type StorageApi } from './storage-api.js';

export interface LightBackend {
  objects: Objects;
  queues: Queues;
}

/**
 * Opens the buckets and the queues of the project, as the function's own service account.
 * @param environment usually `process.env`
 */
export function openLightBackend(config: Config, environment: Environment): LightBackend {
  const storage = openProjectStorage(environment);
  return {
    objects: openObjects(storage, config.bucket, config.variantsBucket),
    queues: openProjectQueues(config, environment),
  };
}

/**
 * Opens Cloud Storage with the credentials of this process.
 * @param environment usually `process.env`
 */
export function openProjectStorage(environment: Environment): StorageApi {
  return openStorageApi({
    emulator: environment['STORAGE_EMULATOR_HOST'] ?? environment['FIREBASE_STORAGE_EMULATOR_HOST'],
    authorize: async () => {
      const headers = await (await loadCredentials()).getRequestHeaders();
      return Object.fromEntries(headers.entries());
    },
  });
}
