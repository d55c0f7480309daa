/**
 * `npm run bench -- backfill`: uploads images, deletes their records and renditions as if the functions
 * had been installed later, and measures the backfill by its progress document.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';
import { createImage, openBenchFixture, type BenchFixture } from './fixture.js';

const TIMEOUT_MS = 900_000;
/** Requests at the same time. */
const CONCURRENCY = 10;

interface Progress {
  seconds: number;
  state: string;
  done: number;
  total: number;
  failed: number;
  etaSeconds: number | undefined;
}

/** @returns whether all images were processed and the doctor has no findings */
export async function measureBackfill(places: BenchPaths, images: number): Promise<boolean> {
  const fixture = await openBenchFixture(places.root, { REVOCATION_SECONDS: '0' });
  try {
    await uploadAll(fixture, images);
    await deleteResults(fixture);
    const before = await fixture.doctor();
    process.stdout.write(`doctor before: ${before.findings.length} findings\n`);
    await enqueueBackfill(fixture);
    const progress = await waitUntilDone(fixture);
    const last = progress.at(-1);
    const after = await fixture.doctor();
    process.stdout.write(`doctor after: ${after.findings.length} findings\n`);
    const found = { before: before.findings.length, after: after.findings.length };
    writeResults(places, 'backfill', { images, found, progress });
    return last?.state === 'done' && last.done === images && after.findings.length === 0;
  } finally {
    await fixture.close();
  }
}

async function uploadAll(fixture: BenchFixture, images: number): Promise<void> {
  await pLimit(CONCURRENCY).map(Array(images).keys(), async (number) => {
    const name = `originals/owner-${number % 20}/${String(number).padStart(6, '0')}`;
    await fixture.uploadAsAdmin(name, await createImage(number));
  });
  const areAllReady = async () => {
    const { docs } = await fixture.firestore.collectionGroup('images').select('state').get();
    return docs.length === images && docs.every((doc) => doc.get('state') === 'ready');
  };
  while (!(await areAllReady())) await delay(1000);
}

/** Deletes all records and renditions. */
async function deleteResults({ bucket, firestore }: BenchFixture): Promise<void> {
  const [images, tokens] = await Promise.all([
    firestore.collectionGroup('images').select().get(),
    firestore.collection('imageTokens').select().get(),
  ]);
  const writer = firestore.bulkWriter();
  for (const { ref } of [...images.docs, ...tokens.docs]) void writer.delete(ref);
  await writer.close();
  const [files] = await bucket.getFiles({ prefix: 'variants/' });
  await pLimit(CONCURRENCY).map(files, (file) => file.delete());
}

/** Enqueues a backfill task, as an admin can do by hand. */
async function enqueueBackfill({ stack }: BenchFixture): Promise<void> {
  const { projectId, tasks } = stack;
  const queue = `projects/${projectId}/locations/us-central1/queues/kit-images-backfill`;
  const body = Buffer.from(JSON.stringify({ data: {} })).toString('base64');
  const httpRequest = { url: '', headers: { 'Content-Type': 'application/json' }, body };
  const response = await fetch(`http://${tasks}/${queue}/tasks`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ task: { httpRequest } }),
  });
  if (!response.ok) throw new Error(`expected the task to be accepted, found ${response.status}`);
}

/** Prints the progress document every 5 seconds until its state is `done`. */
async function waitUntilDone({ firestore }: BenchFixture): Promise<Progress[]> {
  const started = performance.now();
  const history: Progress[] = [];
  while (performance.now() - started < TIMEOUT_MS) {
    const job = (await firestore.doc('imageJobs/backfill').get()).data();
    if (job) {
      const eta = job['eta'] as { toMillis(): number } | undefined;
      const progress: Progress = {
        seconds: Math.round((performance.now() - started) / 1000),
        state: job['state'] as string,
        done: job['done'] as number,
        total: job['total'] as number,
        failed: job['failed'] as number,
        etaSeconds: eta && Math.round((eta.toMillis() - Date.now()) / 1000),
      };
      history.push(progress);
      process.stdout.write(`${JSON.stringify(progress)}\n`);
      if (progress.state === 'done') break;
    }
    await delay(5000);
  }
  return history;
}
