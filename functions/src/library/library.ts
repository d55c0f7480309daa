/** The only room that talks to Firestore and Storage. */
import { getApps, initializeApp } from 'firebase-admin/app';
import { getFirestore } from 'firebase-admin/firestore';
import { getStorage } from 'firebase-admin/storage';
import type { Config } from '../config/config.js';
import { openObjects, type Objects } from './objects.js';
import { openRecords, type Records } from './records.js';

export type { Objects } from './objects.js';
export type { Beginning, Records, Result } from './records.js';

export interface Library {
  objects: Objects;
  records: Records;
}

/** Opens the project's own Firestore and bucket with the function's own service account. */
export function openLibrary(config: Config): Library {
  if (getApps().length === 0) initializeApp();
  return {
    objects: openObjects(getStorage().bucket(config.bucket)),
    records: openRecords(getFirestore(), config),
  };
}
