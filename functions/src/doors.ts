/**
 * The doors as the CLI deploys them: one export a Cloud Function, with what it needs of the platform.
 * What is behind a door is loaded when it is first opened.
 */
import { requiresRole } from 'firebase-functions';
import { write } from 'firebase-functions/logger';
import { onRequest, type HttpsFunction } from 'firebase-functions/https';
import { onObjectFinalized, onObjectMetadataUpdated } from 'firebase-functions/storage';
import { parseConfig } from './config/config.js';
import { BUCKET, CONCURRENCY, MAX_INSTANCES } from './config/parameters.js';
import { ownerOf } from './images/path.js';
import { lock as lockObject, mustBeLocked } from './ingest/lock.js';
import { once } from './once.js';
import { view } from './view.js';

// Least privilege: objects of buckets, documents of Firestore, and to be called by events.
requiresRole('roles/storage.objectAdmin');
requiresRole('roles/datastore.user');
requiresRole('roles/eventarc.eventReceiver');
requiresRole('roles/run.invoker');

/** Wrong parameters end the process here, before anything is served with half of them. */
const config = parseConfig(process.env);

const log = (severity: 'INFO' | 'WARNING' | 'ERROR', message: string, details: object) =>
  write({ severity, message, ...details });

const openLibrary = once(async () => (await import('./library/library.js')).openLibrary(config));

/** One process for all uploads of this instance; it gets ready while the first is being read. */
const openDerive = once(async () => {
  const [{ openBoundedDerive }, { PROCESS_LIMITS }] = await Promise.all([
    import('./derive/bounded.js'),
    import('./derive/limits.js'),
  ]);
  return openBoundedDerive(PROCESS_LIMITS);
});

/** An upload was finished: make its renditions and records. */
export const ingest = onObjectFinalized(
  // One picture at a time an instance: its process may take 1280 MiB, and this one holds the upload.
  {
    bucket: BUCKET,
    memory: '2GiB',
    concurrency: 1,
    timeoutSeconds: 300,
    maxInstances: 50,
    retry: true,
  },
  async ({ data, time }) => {
    // Every rendition that is written comes here as well: those end before anything is loaded.
    if (ownerOf(config.originalsPath, data.name) === undefined) return;
    const [room, derive, library] = await Promise.all([
      import('./ingest/ingest.js'),
      openDerive(),
      openLibrary(),
    ]);
    const upload = {
      bucket: data.bucket,
      name: data.name,
      generation: String(data.generation),
      ...(data.contentType !== undefined && { contentType: data.contentType }),
      bytes: Number(data.size),
      time: Date.parse(time),
    };
    await room.ingest(upload, { config, library, derive, now: Date.now, log });
  },
);

/** An object's metadata changed: take away the download token that it may have got. */
export const lock = onObjectMetadataUpdated(
  {
    bucket: BUCKET,
    memory: '256MiB',
    concurrency: 80,
    timeoutSeconds: 60,
    maxInstances: 20,
    retry: true,
  },
  async ({ data, time }) => {
    const object = {
      bucket: data.bucket,
      name: data.name,
      generation: String(data.generation),
      ...(data.metadata && { metadata: data.metadata }),
    };
    if (!mustBeLocked(object, config)) return;
    const library = await openLibrary();
    await lockObject({ ...object, time: Date.parse(time) }, { library, now: Date.now, log });
  },
);

/**
 * A token's address was asked for: answer with the variant. Open to the world; the token is the key.
 *
 * What `onRequest` gives is kept as the declaration that the CLI deploys by. What runs is the handler
 * itself: the wrapper's four promises a request cost more than the answer.
 */
export const serve = Object.assign<typeof view, Pick<HttpsFunction, '__endpoint' | '__trigger'>>(
  view,
  onRequest(
    {
      memory: '512MiB',
      concurrency: CONCURRENCY,
      timeoutSeconds: 30,
      maxInstances: MAX_INSTANCES,
      invoker: 'public',
    },
    () => {},
  ),
);
