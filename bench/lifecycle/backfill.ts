/**
 * `npm run bench -- backfill`: images whose records and renditions are not there, as before an
 * installation, are made by the task queue function; its progress document is watched.
 */
import type { Places } from '../paths.js';
import { writeResults } from '../results.js';
import {
  runInParallel,
  openBenchFixture,
  picture,
  sleep,
  upload,
  type BenchFixture,
} from './fixture.js';

const WAIT_MS = 900_000;

interface Line {
  seconds: number;
  state: string;
  done: number;
  total: number;
  failed: number;
  etaSeconds: number | undefined;
}

/** @returns whether all were made */
export async function measureBackfill(places: Places, images: number): Promise<boolean> {
  const scene = await openBenchFixture(places.root, { REVOCATION_SECONDS: '0' });
  try {
    await uploadAll(scene, images);
    await forgetAll(scene);
    const before = await scene.doctor();
    process.stdout.write(`doctor before: ${before.findings.length} findings\n`);
    await enqueue(scene);
    const lines = await watch(scene);
    const last = lines.at(-1);
    const after = await scene.doctor();
    process.stdout.write(`doctor after: ${after.findings.length} findings\n`);
    const found = { before: before.findings.length, after: after.findings.length };
    writeResults(places, 'backfill', { images, found, progress: lines });
    return last?.state === 'done' && last.done === images && after.findings.length === 0;
  } finally {
    await scene.close();
  }
}

async function uploadAll({ bucket, firestore }: BenchFixture, images: number): Promise<void> {
  const uploads = Array.from({ length: images }, (_, number) => async () => {
    const name = `originals/owner-${number % 20}/${String(number).padStart(6, '0')}`;
    await upload(bucket, name, await picture(number));
  });
  await runInParallel(10, uploads);
  const isMade = async () => {
    const { docs } = await firestore.collectionGroup('images').select('state').get();
    return docs.length === images && docs.every((doc) => doc.get('state') === 'ready');
  };
  while (!(await isMade())) await sleep(1000);
}

/** Takes away all that the functions have made. */
async function forgetAll({ bucket, firestore }: BenchFixture): Promise<void> {
  const [images, tokens] = await Promise.all([
    firestore.collectionGroup('images').select().get(),
    firestore.collection('imageTokens').select().get(),
  ]);
  const writer = firestore.bulkWriter();
  for (const { ref } of [...images.docs, ...tokens.docs]) void writer.delete(ref);
  await writer.close();
  const [files] = await bucket.getFiles({ prefix: 'variants/' });
  await runInParallel(
    10,
    files.map((file) => async () => void (await file.delete())),
  );
}

/** By hand, as an admin does it. */
async function enqueue({ stack }: BenchFixture): Promise<void> {
  const { projectId, tasks } = stack.info;
  const queue = `projects/${projectId}/locations/us-central1/queues/kit-images-backfill`;
  const body = Buffer.from(JSON.stringify({ data: {} })).toString('base64');
  const httpRequest = { url: '', headers: { 'Content-Type': 'application/json' }, body };
  const response = await fetch(`http://${tasks}/${queue}/tasks`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ task: { httpRequest } }),
  });
  if (!response.ok) throw new Error(`expected a task to be taken, found ${response.status}`);
}

/** Prints the progress document every few seconds, until it says that it is done. */
async function watch({ firestore }: BenchFixture): Promise<Line[]> {
  const started = performance.now();
  const lines: Line[] = [];
  while (performance.now() - started < WAIT_MS) {
    const job = (await firestore.doc('imageJobs/backfill').get()).data();
    if (job) {
      const eta = job['eta'] as { toMillis(): number } | undefined;
      const line: Line = {
        seconds: Math.round((performance.now() - started) / 1000),
        state: job['state'] as string,
        done: job['done'] as number,
        total: job['total'] as number,
        failed: job['failed'] as number,
        etaSeconds: eta && Math.round((eta.toMillis() - Date.now()) / 1000),
      };
      lines.push(line);
      process.stdout.write(`${JSON.stringify(line)}\n`);
      if (line.state === 'done') break;
    }
    await sleep(5000);
  }
  return lines;
}
