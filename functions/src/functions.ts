/**
 * The doors as the CLI deploys them: one export a Cloud Function, with what it needs of the platform.
 * What is behind a door is loaded when it is first opened.
 */
import { randomUUID } from 'node:crypto';
import { requiresAPI, requiresRole } from 'firebase-functions';
import {
  HttpsError,
  onCall,
  onRequest,
  type CallableOptions,
  type CallableRequest,
  type HttpsFunction,
} from 'firebase-functions/https';
import { afterFirstDeploy, afterRedeploy } from 'firebase-functions/lifecycle';
import { write } from 'firebase-functions/logger';
import {
  onObjectArchived,
  onObjectDeleted,
  onObjectFinalized,
  onObjectMetadataUpdated,
  type StorageEvent,
} from 'firebase-functions/storage';
import { onTaskDispatched } from 'firebase-functions/tasks';
import { parseConfig } from './config/config.js';
import { BUCKET, CONCURRENCY, LOCATION, MAX_INSTANCES } from './config/parameters.js';
import { ownerOf } from './domain/path.js';
import {
  revokeDownloadTokens as lockObject,
  isOpenOriginal,
} from './lifecycle/metadata-updated.js';
import { once } from './once.js';
import { handleRequest } from './serve-entry.js';

// Least privilege: objects of buckets, documents of Firestore, to be called by events and tasks, and
// to appoint tasks.
requiresRole('roles/storage.objectAdmin');
requiresRole('roles/datastore.user');
requiresRole('roles/eventarc.eventReceiver');
requiresRole('roles/run.invoker');
requiresRole('roles/cloudtasks.enqueuer');
requiresAPI(
  'cloudtasks.googleapis.com',
  'Tasks delete unreferenced renditions and update images in the background.',
);

// Images that were there before, and those made by other parameters, are brought up to date.
afterFirstDeploy({ task: { function: 'backfill', body: { data: {} } } });
afterRedeploy({ task: { function: 'backfill', body: { data: { onlyIfChanged: true } } } });

/** Wrong parameters end the process here, before anything is served with half of them. */
const config = parseConfig(process.env);

const log = (severity: 'INFO' | 'WARNING' | 'ERROR', message: string, details: object) =>
  write({ severity, message, ...details });

/** What the rooms are handed. */
const openKeeper = async () => ({ config, backend: await openLibrary(), now: Date.now, log });
const openMaker = async () => {
  const [processImage, keeper] = await Promise.all([openProcessor(), openKeeper()]);
  return { ...keeper, processImage };
};

const openLibrary = once(async () =>
  (await import('./gcp/backend.js')).openBackend(config, process.env),
);

const openTasks = once(() => import('./lifecycle/tasks.js'));

/** Hands a task to its room. What no retry can save is dropped, and the log says why. */
async function handle<T, R>(
  parsed: { task: T } | { problem: string },
  work: (task: T) => Promise<R>,
): Promise<R | undefined> {
  if ('task' in parsed) {
    const { withRedactedErrors } = await import('./lifecycle/retry.js');
    return withRedactedErrors(() => work(parsed.task));
  }
  log('ERROR', 'a task was dropped', { reason: parsed.problem });
  return undefined;
}

/** One process for all uploads of this instance; it gets ready while the first is being read. */
const openProcessor = once(async () => {
  const [{ openIsolatedProcessor }, { PROCESS_LIMITS }] = await Promise.all([
    import('./processing/isolated-processor.js'),
    import('./processing/limits.js'),
  ]);
  return openIsolatedProcessor(PROCESS_LIMITS);
});

/** One picture at a time an instance: its process may take 1280 MiB, and this one holds the upload. */
const MAKES_PICTURES = { memory: '2GiB', concurrency: 1 } as const;
/** Waits for Google most of the time. */
const TIDIES_UP = {
  memory: '256MiB',
  concurrency: 80,
  timeoutSeconds: 60,
  maxInstances: 20,
} as const;

/** Longer than an hour it would be refused: the identity token that a task carries has ended. */
const RETRIED_FOR_AN_HOUR = { maxAttempts: 20, minBackoffSeconds: 10, maxBackoffSeconds: 300 };

/** An upload was finished: make its renditions and records. */
export const originalFinalized = onObjectFinalized(
  { ...MAKES_PICTURES, bucket: BUCKET, timeoutSeconds: 300, maxInstances: 50, retry: true },
  async ({ data, time }) => {
    // Every rendition that is written comes here as well: those end before anything is loaded.
    if (ownerOf(config.originalsPath, data.name) === undefined) return;
    const [room, maker] = await Promise.all([
      import('./lifecycle/original-finalized.js'),
      openMaker(),
    ]);
    const upload = {
      bucket: data.bucket,
      name: data.name,
      generation: String(data.generation),
      ...(data.contentType !== undefined && { contentType: data.contentType }),
      bytes: Number(data.size),
      time: Date.parse(time),
    };
    await room.originalFinalized(upload, maker);
  },
);

/** An object's metadata changed: take away the download token that it may have got. */
export const metadataUpdated = onObjectMetadataUpdated(
  { ...TIDIES_UP, bucket: BUCKET, retry: true },
  async ({ data, time }) => {
    const object = {
      bucket: data.bucket,
      name: data.name,
      generation: String(data.generation),
      ...(data.metadata && { metadata: data.metadata }),
    };
    if (!isOpenOriginal(object, config)) return;
    await lockObject({ ...object, time: Date.parse(time) }, await openKeeper());
  },
);

const HEARS_OF_THE_END = { ...TIDIES_UP, bucket: BUCKET, retry: true } as const;

/** An original was deleted, or overwritten: see what is left, and remove what was made of it. */
export const originalDeleted = onObjectDeleted(HEARS_OF_THE_END, removeOriginal);

/** The same in a bucket with object versioning, where what is deleted or overwritten is kept, noncurrent. */
export const originalArchived = onObjectArchived(HEARS_OF_THE_END, removeOriginal);

async function removeOriginal({ data, time }: StorageEvent): Promise<void> {
  // Every rendition that is deleted comes here as well.
  if (ownerOf(config.originalsPath, data.name) === undefined) return;
  const [room, keeper] = await Promise.all([
    import('./lifecycle/original-deleted.js'),
    openKeeper(),
  ]);
  const { bucket, name } = data;
  const object = { bucket, name, generation: String(data.generation), time: Date.parse(time) };
  await room.originalDeleted(object, keeper);
}

/** The revocation bound has passed since something was replaced: delete what nothing shows. */
export const cleanup = onTaskDispatched(
  {
    ...TIDIES_UP,
    region: LOCATION,
    rateLimits: { maxConcurrentDispatches: 20 },
    retryConfig: RETRIED_FOR_AN_HOUR,
  },
  async ({ data }) => {
    const [room, tasks] = await Promise.all([import('./lifecycle/cleanup.js'), openTasks()]);
    await handle(tasks.parseCleanupTask(data), async (task) =>
      room.cleanup(task, await openKeeper()),
    );
  },
);

/** Within the hour that the identity token of a task is good for, the last try among them. */
const BACKFILL_ATTEMPTS = 8;

/** Brings all images up to date, page by page. Started by the platform, or by `startBackfill`. */
export const backfill = onTaskDispatched(
  {
    ...MAKES_PICTURES,
    region: LOCATION,
    timeoutSeconds: 1800,
    maxInstances: 5,
    // What it may take from the project beside its users: so many pages of ten images at once.
    rateLimits: { maxConcurrentDispatches: 5, maxDispatchesPerSecond: 1 },
    retryConfig: { maxAttempts: BACKFILL_ATTEMPTS, minBackoffSeconds: 10, maxBackoffSeconds: 60 },
  },
  async ({ data, id, retryCount }) => {
    const [room, tasks, report] = await Promise.all([
      import('./lifecycle/backfill.js'),
      openTasks(),
      import('./gcp/processing-state.js'),
    ]);
    const isLast = retryCount >= BACKFILL_ATTEMPTS - 1;
    try {
      const progress = await handle(tasks.parseBackfillTask(data), async (task) =>
        room.backfill(task, { id, isLast }, await openMaker()),
      );
      if (progress !== undefined) await report.reportProcessingState(progress, process.env, log);
    } catch (error) {
      if (isLast) await report.reportProcessingState('stopped', process.env, log);
      throw error;
    }
  },
);

/** Deletes a user's images, some at a time. */
export const purge = onTaskDispatched(
  {
    ...TIDIES_UP,
    region: LOCATION,
    timeoutSeconds: 540,
    rateLimits: { maxConcurrentDispatches: 5 },
    retryConfig: RETRIED_FOR_AN_HOUR,
  },
  async ({ data }) => {
    const [room, tasks] = await Promise.all([import('./lifecycle/purge.js'), openTasks()]);
    await handle(tasks.parsePurgeTask(data), async (task) => room.purge(task, await openKeeper()));
  },
);

const ADMIN_CALL: CallableOptions = {
  ...{ region: LOCATION, memory: '256MiB' as const, timeoutSeconds: 60, maxInstances: 5 },
};

function mustBeAdmin(auth: CallableRequest['auth']): void {
  if (auth?.token['admin'] === true) return;
  throw new HttpsError('permission-denied', 'Only for callers with the custom claim "admin".');
}

/** For admins (custom claim `admin`): deletes all images of a user, `{ uid }`. */
export const deleteUserImages = onCall(ADMIN_CALL, async ({ auth, data }) => {
  mustBeAdmin(auth);
  const parsed = (await openTasks()).parsePurgeTask(data);
  if ('problem' in parsed) throw new HttpsError('invalid-argument', parsed.problem);
  await (await openLibrary()).queues.enqueuePurge(parsed.task);
  return { queued: true };
});

/** For admins (custom claim `admin`): starts the backfill by hand; one that is under way is replaced. */
export const startBackfill = onCall(ADMIN_CALL, async ({ auth }) => {
  mustBeAdmin(auth);
  await (await openLibrary()).queues.enqueueBackfill({}, `by-hand-${randomUUID()}`);
  return { queued: true };
});

/**
 * A token's address was asked for: answer with the variant. Open to the world; the token is the key.
 *
 * What `onRequest` gives is kept as the declaration that the CLI deploys by. What runs is the handler
 * itself: the wrapper's four promises a request cost more than the answer.
 */
export const serve = Object.assign<
  typeof handleRequest,
  Pick<HttpsFunction, '__endpoint' | '__trigger'>
>(
  handleRequest,
  onRequest(
    {
      region: LOCATION,
      memory: '512MiB',
      concurrency: CONCURRENCY,
      timeoutSeconds: 30,
      maxInstances: MAX_INSTANCES,
      invoker: 'public',
    },
    () => {},
  ),
);
