/**
 * Declares every Cloud Function: trigger, region, memory, concurrency. Handlers are imported on first use to
 * keep cold starts short.
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
import {
  onObjectArchived,
  onObjectDeleted,
  onObjectFinalized,
  onObjectMetadataUpdated,
  type StorageEvent,
} from 'firebase-functions/storage';
import { onTaskDispatched } from 'firebase-functions/tasks';
import { parseConfig, type ServiceAccounts } from './config/config.js';
import {
  BUCKET,
  CONCURRENCY,
  declareSecret,
  LOCATION,
  MAX_INSTANCES,
  SCALE,
} from './config/parameters.js';
import { openContexts } from './contexts.js';
import { MAX_ATTEMPT_MS } from './domain/attempt-id.js';
import { mustRevokeDownloadTokens, revokeDownloadTokens } from './lifecycle/metadata-updated.js';
import { parseDeletedEvent, parseFinalizedEvent } from './lifecycle/original-event.js';
import type { Parsed } from './lifecycle/tasks.js';
import { once } from './once.js';
import { handleRequest } from './serve-entry.js';

// Processes images that existed before the first deployment, and all images after parameters have changed.
afterFirstDeploy({ task: { function: 'backfill', body: { data: {} } } });
afterRedeploy({ task: { function: 'backfill', body: { data: { onlyIfChanged: true } } } });

/** Invalid parameters stop the functions at load time; the error lists every invalid value. */
const config = parseConfig(process.env);

/** Runs all functions of the kit as one account, which the CLI creates and grants these roles. */
function declareRoles(): void {
  // Least privilege: read and write objects, read and write documents, receive events and tasks, enqueue tasks.
  requiresRole('roles/storage.objectAdmin');
  requiresRole('roles/datastore.user');
  requiresRole('roles/eventarc.eventReceiver');
  requiresRole('roles/run.invoker');
  requiresRole('roles/cloudtasks.enqueuer');
  if (config.events) requiresRole('roles/eventarc.publisher');
}

// The CLI accepts either roles or accounts. It reads the parameters of the kit before it lists the functions.
const { serviceAccounts } = config;
if (serviceAccounts === undefined) declareRoles();

/** The option is absent instead of empty: the CLI takes an empty account for an account. */
function runAs(group: keyof ServiceAccounts): { serviceAccount?: string } {
  return serviceAccounts === undefined ? {} : { serviceAccount: serviceAccounts[group] };
}

requiresAPI(
  'cloudtasks.googleapis.com',
  'Tasks process images and delete unreferenced renditions in the background.',
);
if (config.events !== undefined) {
  requiresAPI('eventarcpublishing.googleapis.com', 'Events about images are published.');
}

const {
  log,
  openBackend,
  openProcessor,
  lightContext,
  lifecycleContext,
  sharingContext,
  processingContext,
} = openContexts(config);

const importTasks = once(() => import('./lifecycle/tasks.js'));

/**
 * Loads what the first task needs while the platform starts the server. The child process is the first: it starts on
 * another core, or while this one waits for the network.
 */
async function prepareProcessing(): Promise<void> {
  await openProcessor();
  await Promise.all([processingContext(), import('./lifecycle/process-upload.js'), importTasks()]);
}
// After an error, the first task loads it again, and reports.
if (process.env['FUNCTION_TARGET'] === 'processImage') prepareProcessing().catch(() => undefined);

/**
 * Runs the handler of a task. An invalid task is logged and dropped, because no retry can succeed.
 * @param onRejected awaited after an error that a retry cannot change
 */
async function handleTask<T, R>(
  parsed: Parsed<T>,
  handler: (task: T) => Promise<R>,
  onRejected?: () => Promise<void>,
): Promise<R | undefined> {
  if ('task' in parsed) {
    const { runTask } = await import('./lifecycle/retry.js');
    const work = () => handler(parsed.task);
    return runTask({ log, work, ...(onRejected && { onRejected }) });
  }
  log('ERROR', 'dropped an invalid task', { reason: parsed.problem });
  return undefined;
}

/** One image at a time: its child process may use 1280 MiB, and this process holds the upload. */
const PROCESSING = { memory: '2GiB', concurrency: 1, ...runAs('processing') } as const;

/** I/O-bound: many requests per instance. */
const IO_BOUND = {
  memory: '256MiB',
  concurrency: 80,
  timeoutSeconds: 60,
  maxInstances: SCALE.events,
  ...runAs('lifecycle'),
} as const;

/** Without a region, the CLI places functions triggered by the bucket in the bucket's region. */
const BUCKET_EVENT = {
  bucket: BUCKET,
  retry: true,
  ...(config.triggerRegion !== undefined && { region: config.triggerRegion }),
} as const;

/** A task's OIDC token expires after one hour; later attempts would be rejected. */
const RETRY_ONE_HOUR = { maxAttempts: 20, minBackoffSeconds: 10, maxBackoffSeconds: 300 };

/** Few enough that the final attempt starts before the task's OIDC token expires after one hour. */
const BACKFILL_ATTEMPTS = 8;

/** Revokes the download token of an uploaded original and enqueues its processing. */
export const originalFinalized = onObjectFinalized(
  { ...IO_BOUND, ...BUCKET_EVENT },
  async (event) => {
    // Written renditions cause the same event: return before any handler is imported.
    const upload = parseFinalizedEvent(event, config);
    if (upload === undefined) return;
    const [handlers, context] = await Promise.all([
      import('./lifecycle/original-finalized.js'),
      lightContext(),
    ]);
    await handlers.originalFinalized(upload, context);
  },
);

/** Processes an uploaded original: writes its renditions and records. */
export const processImage = onTaskDispatched(
  {
    ...PROCESSING,
    region: LOCATION,
    timeoutSeconds: MAX_ATTEMPT_MS / 1000,
    maxInstances: SCALE.processing,
    // One dispatch per instance. Numbers, because the emulator of Cloud Tasks does not resolve parameters.
    rateLimits: { maxConcurrentDispatches: config.queues.processing },
    // Transient errors are retried with new tasks; this is for a process that dies or can't be started.
    retryConfig: RETRY_ONE_HOUR,
  },
  async ({ data, retryCount }) => {
    const [handlers, tasks] = await Promise.all([
      import('./lifecycle/process-upload.js'),
      importTasks(),
    ]);
    const delivery = { retryCount, random: Math.random };
    await handleTask(tasks.parseProcessTask(data), async (task) =>
      handlers.processUpload(task, delivery, await processingContext()),
    );
  },
);

/** Revokes download tokens that were added to an original or a rendition. */
export const metadataUpdated = onObjectMetadataUpdated(
  { ...IO_BOUND, ...BUCKET_EVENT },
  async ({ data, time }) => {
    const { bucket, name, metadata } = data;
    const generation = String(data.generation);
    const object = { bucket, name, generation, ...(metadata && { metadata }) };
    if (!mustRevokeDownloadTokens(object, config)) return;
    await revokeDownloadTokens({ ...object, time: Date.parse(time) }, await lightContext());
  },
);

/** Deletes the records and renditions of a deleted original. Overwriting an original causes the same event. */
export const originalDeleted = onObjectDeleted({ ...IO_BOUND, ...BUCKET_EVENT }, handleDeletion);

/** Does the same in a bucket with object versioning, where deleted originals become noncurrent versions. */
export const originalArchived = onObjectArchived({ ...IO_BOUND, ...BUCKET_EVENT }, handleDeletion);

async function handleDeletion(event: StorageEvent): Promise<void> {
  // Deleted renditions cause the same event: return before any handler is imported.
  const deletion = parseDeletedEvent(event, config);
  if (deletion === undefined) return;
  const [handlers, context] = await Promise.all([
    import('./lifecycle/original-deleted.js'),
    lifecycleContext(),
  ]);
  await handlers.originalDeleted(deletion, context);
}

/** Deletes renditions that no record references, once the revocation bound has passed. */
export const cleanup = onTaskDispatched(
  {
    ...IO_BOUND,
    region: LOCATION,
    rateLimits: { maxConcurrentDispatches: config.queues.events },
    retryConfig: RETRY_ONE_HOUR,
  },
  async ({ data }) => {
    const [handlers, tasks] = await Promise.all([import('./lifecycle/cleanup.js'), importTasks()]);
    await handleTask(tasks.parseCleanupTask(data), async (task) =>
      handlers.cleanup(task, await lifecycleContext()),
    );
  },
);

/** Makes a rendition that a view has asked for (WIDTHS). The original is not read. */
export const resize = onTaskDispatched(
  {
    ...PROCESSING,
    region: LOCATION,
    timeoutSeconds: 60,
    maxInstances: SCALE.onDemand,
    // Bounds what views can make the project spend: docs/guides/cost.md.
    rateLimits: {
      maxConcurrentDispatches: config.queues.onDemand,
      maxDispatchesPerSecond: config.queues.onDemandPerSecond,
    },
    retryConfig: { maxAttempts: 3, minBackoffSeconds: 5, maxBackoffSeconds: 30 },
  },
  async ({ data }) => {
    const [handlers, tasks] = await Promise.all([
      import('./lifecycle/make-width.js'),
      importTasks(),
    ]);
    await handleTask(tasks.parseWidthTask(data), async (task) =>
      handlers.makeWidth(task, await processingContext()),
    );
  },
);

/** Processes all originals with the current parameters. Started by a deployment or by `startBackfill`. */
export const backfill = onTaskDispatched(
  {
    ...PROCESSING,
    region: LOCATION,
    timeoutSeconds: 1800,
    maxInstances: SCALE.backfill,
    // Bounds the project's capacity that a backfill uses: pages of ten images.
    rateLimits: { maxConcurrentDispatches: config.queues.backfill, maxDispatchesPerSecond: 1 },
    retryConfig: { maxAttempts: BACKFILL_ATTEMPTS, minBackoffSeconds: 10, maxBackoffSeconds: 60 },
  },
  async ({ data, id, retryCount }) => {
    const [handlers, tasks, { reportProcessingState }] = await Promise.all([
      import('./lifecycle/backfill.js'),
      importTasks(),
      import('./gcp/processing-state.js'),
    ]);
    const isFinalAttempt = retryCount >= BACKFILL_ATTEMPTS - 1;
    const reportStopped = () => reportProcessingState('stopped', process.env, log);
    try {
      const progress = await handleTask(
        tasks.parseBackfillTask(data),
        async (task) =>
          handlers.backfill(
            task,
            { id, isFinalAttempt, isRedelivery: retryCount > 0 },
            await processingContext(),
          ),
        reportStopped,
      );
      if (progress !== undefined) await reportProcessingState(progress, process.env, log);
    } catch (error) {
      if (isFinalAttempt) await reportStopped();
      throw error;
    }
  },
);

/**
 * Deletes a user's images, a page at a time, or revokes their tokens. Started by `deleteUserImages` and `sharing`.
 */
export const purge = onTaskDispatched(
  {
    ...IO_BOUND,
    region: LOCATION,
    timeoutSeconds: 540,
    rateLimits: { maxConcurrentDispatches: 5 },
    retryConfig: RETRY_ONE_HOUR,
  },
  async ({ data }) => {
    const [handlers, tasks] = await Promise.all([import('./lifecycle/purge.js'), importTasks()]);
    await handleTask(tasks.parsePurgeQueueTask(data), async (task) => {
      if (!('revokeBefore' in task)) return handlers.purge(task, await lifecycleContext());
      const { revokeUserTokens } = await import('./sharing/revoke-user-tokens.js');
      return revokeUserTokens(task, await lifecycleContext());
    });
  },
);

const ADMIN_CALL: CallableOptions = {
  region: LOCATION,
  memory: '256MiB',
  timeoutSeconds: 60,
  maxInstances: 5,
  ...runAs('lifecycle'),
};

/** @throws HttpsError unless the caller has the custom claim `admin` */
function requireAdmin(auth: CallableRequest['auth']): void {
  if (auth?.token['admin'] === true) return;
  throw new HttpsError('permission-denied', 'Only for callers with the custom claim "admin".');
}

/** Enqueues the deletion of all images of a user, `{ uid }`. For admins (custom claim `admin`). */
export const deleteUserImages = onCall(ADMIN_CALL, async ({ auth, data }) => {
  requireAdmin(auth);
  const parsed = (await importTasks()).parsePurgeTask(data);
  if ('problem' in parsed) throw new HttpsError('invalid-argument', parsed.problem);
  await (await openBackend()).queues.enqueuePurge(parsed.task);
  return { queued: true };
});

/** Starts a backfill; replaces one that is running. For admins (custom claim `admin`). */
export const startBackfill = onCall(ADMIN_CALL, async ({ auth }) => {
  requireAdmin(auth);
  await (await openBackend()).queues.enqueueBackfill({}, `manual-${randomUUID()}`);
  return { queued: true };
});

/** Creates, changes and revokes the tokens of the caller's own images. */
export const sharing = onCall(
  {
    region: LOCATION,
    memory: '256MiB',
    concurrency: 80,
    timeoutSeconds: 30,
    maxInstances: SCALE.sharing,
    enforceAppCheck: config.enforceAppCheck,
    ...runAs('lifecycle'),
  },
  async ({ auth, data }) => {
    const [{ handleSharingCall }, context] = await Promise.all([
      import('./sharing/sharing.js'),
      sharingContext(),
    ]);
    const result = await handleSharingCall(auth?.uid, data, context);
    if ('failure' in result) {
      const { code, message, details } = result.failure;
      throw new HttpsError(code, message, details);
    }
    return result.answer;
  },
);

/**
 * Serves a rendition. Public: access is granted by the token in the URL.
 *
 * `onRequest` only provides the declaration for the CLI. `handleRequest` runs without its wrapper, whose four
 * promises per request take longer than the response itself.
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
      // The CLI stops without a value of a declared secret.
      ...(config.sealedLinks && { secrets: [declareSecret('SEALING_KEYS')] }),
      ...runAs('serve'),
    },
    () => {},
  ),
);
