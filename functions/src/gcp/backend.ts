/** Access to Firestore, Cloud Storage and Cloud Tasks; all other modules use them through this interface. */
import { getApps, initializeApp } from 'firebase-admin/app';
import { getFirestore } from 'firebase-admin/firestore';
import type { Config, Environment } from '../config/config.js';
import { openBackfillJobs, type BackfillJobs } from './backfill-job.js';
import { openEvents, type Events } from './events.js';
import { openLightBackend, type LightBackend } from './light-backend.js';
import { openRecords, type Records } from './records.js';
import { openShares, type Shares } from './shares.js';
import { openWidthRecords, type WidthRecords } from './widths.js';

export type { BackfillJobs } from './backfill-job.js';
export type { PageResult, Progress } from '../domain/backfill-progress.js';
export type { Events } from './events.js';
export type { Objects, StoredOriginal, StoredRendition } from './objects.js';
export type { Queues } from './queues.js';
export type { Page } from './documents.js';
export type { AttemptStart, ImageRecords, ListedToken, Records } from './records.js';
export type { ListedShare, Shares } from './shares.js';
export type { WidthRecords } from './widths.js';
export {
  compareGenerations,
  isOutdated,
  isRefused,
  recognizedRecord,
  servedGeneration,
  type ReprocessMode,
  type ProcessingResult,
  type Refusal,
  type UploadQuota,
} from '../domain/transitions.js';

export interface Backend extends LightBackend {
  records: Records;
  shares: Shares;
  /** Renditions that were made on demand. */
  widths: WidthRecords;
  jobs: BackfillJobs;
  events: Events;
}

/**
 * Opens Firestore, the bucket and the queues of the project, as the function's own service account.
 * @param environment usually `process.env`
 * @param clock milliseconds since 1970; dates the ids of attempts
 */
export function openBackend(
  config: Config,
  environment: Environment,
  clock: () => number = Date.now,
): Backend {
  if (getApps().length === 0) initializeApp();
  const firestore = getFirestore(config.databaseId);
  return {
    ...openLightBackend(config, environment),
    records: openRecords(firestore, config, clock),
    shares: openShares(firestore, config, clock),
    widths: openWidthRecords(firestore, config),
    jobs: openBackfillJobs(firestore, config),
    events: openEvents(config, environment),
  };
}
