/**
 * `npm run bench -- upload`: what one upload causes, on the local stack with one request per process of the
 * functions that decode, as in production: events, requests, instance time, and how long after the event the
 * download token is revoked and the image is ready. Then the same for uploads during a flood of slow files.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import sharp from 'sharp';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { openBenchFixture, percentile, type BenchFixture } from './fixture.js';
import type { Observation } from './observe-function.js';

/**
 * Processes of each function that handles one request at a time, besides those that one owner may use. In
 * production there are more, but each takes a second of CPU time to start.
 */
const FREE_PROCESSES = 2;
/** Uploads before the measured ones: they start the processes. */
const WARM_UP = 3;
const FLOOD = { files: 60, concurrency: 10 };
const VICTIMS = 5;
const TIMEOUT_MS = 600_000;
const POLL_MS = 50;
/** The promise: the median time until the token of an upload is revoked. */
const MAX_REVOKED_MS = 2000;
/** Instance time is rounded up to this, milliseconds: https://cloud.google.com/run/pricing */
const BILLING_STEP_MS = 100;

/** Milliseconds after the upload's event, which is when the object was created. */
interface Latency {
  revoked: number;
  ready: number;
}

/** @returns whether the median time until a token was revoked is at most two seconds, also during the flood */
export async function measureUploads(places: BenchPaths, uploads: number): Promise<boolean> {
  const file = join(places.out, 'upload-observations.jsonl');
  rmSync(file, { force: true });
  mkdirSync(places.out, { recursive: true });
  const declared = readDeclarations(places.root);
  const single = Object.keys(declared).filter((name) => declared[name]?.concurrency === 1);
  Object.assign(process.env, { OBSERVATIONS: file, LOW_PRIORITY: single.join(',') });
  process.env['NODE_OPTIONS'] = `--require=${join(__dirname, 'observe-function.js')}`;
  const processes = openProduct(places.root).tasks().UPLOADS_PER_OWNER + FREE_PROCESSES;
  const fixture = await openBenchFixture(
    places.root,
    {},
    { single: { functions: single, processes } },
  );
  delete process.env['NODE_OPTIONS'];
  try {
    const photo = readFileSync(join(places.root, 'tests', 'fixtures', 'photos', 'seeding.jpg'));
    const slow = await createSlowFile();
    for (let n = 0; n < WARM_UP; n++) await uploadAndWait(fixture, `originals/first/${n}`, photo);
    await untilHandled(file, WARM_UP);
    const before = readObservations(file).length;
    const idle: Latency[] = [];
    for (let n = 0; n < uploads; n++) {
      idle.push(await uploadAndWait(fixture, `originals/alice/${n}`, photo));
      // The events of the renditions are not part of the next upload.
      await untilHandled(file, WARM_UP + n + 1);
    }
    const observations = readObservations(file).slice(before);
    const { victims, flood } = await measureFlood(fixture, photo, slow);
    const results = {
      uploads,
      perUpload: summarize(observations, uploads, declared),
      idle: describe(idle),
      underFlood: describe(victims),
      floodRevoked: describeTimes(flood),
    };
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    writeResults(places, 'upload', { ...results, latencies: { idle, victims, flood } });
    return [results.idle, results.underFlood].every(
      ({ revoked }) => revoked.pending === 0 && revoked.medianMs <= MAX_REVOKED_MS,
    );
  } finally {
    await fixture.close();
  }
}

/** Uploads an original and waits until its image is ready and its download token revoked. */
async function uploadAndWait(fixture: BenchFixture, name: string, data: Buffer): Promise<Latency> {
  const [, uid, imageId] = name.split('/');
  let unsubscribe = () => {};
  const ready = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`expected ${name} to be ready`)), TIMEOUT_MS);
    unsubscribe = fixture.firestore.doc(`users/${uid}/images/${imageId}`).onSnapshot((record) => {
      if (record.get('state') !== 'ready') return;
      clearTimeout(timer);
      resolve(Date.now());
    });
  });
  await fixture.uploadAsAdmin(name, data);
  const readyAt = await ready;
  unsubscribe();
  const { createdAt, revokedAfter } = await readTimes(fixture, name);
  return { revoked: revokedAfter, ready: readyAt - createdAt };
}

/** Revoking a token is the only update of an original: its time is that of the last update. */
async function readTimes({ bucket }: BenchFixture, name: string) {
  const [metadata] = await bucket.file(name).getMetadata();
  const createdAt = Date.parse(metadata.timeCreated ?? '');
  const isRevoked = !metadata.metadata?.['firebaseStorageDownloadTokens'];
  return {
    createdAt,
    revokedAfter: isRevoked ? Date.parse(metadata.updated ?? '') - createdAt : Infinity,
  };
}

/** One owner uploads files that take long to decode, and then another one uploads photos. */
async function measureFlood(fixture: BenchFixture, photo: Buffer, slow: Buffer) {
  const names = Array.from({ length: FLOOD.files }, (_, n) => `originals/mallory/${n}`);
  await pLimit(FLOOD.concurrency).map(names, (name) => fixture.uploadAsAdmin(name, slow));
  const victims = await Promise.all(
    Array.from({ length: VICTIMS }, (_, n) => uploadAndWait(fixture, `originals/bob/${n}`, photo)),
  );
  const flood: number[] = [];
  for (const name of names) flood.push((await readTimes(fixture, name)).revokedAfter);
  return { victims, flood };
}

/** An interlaced PNG of 36 megapixels: 160 KB that take a second; nothing about it is malicious. */
function createSlowFile(): Promise<Buffer> {
  const background = { r: 128, g: 128, b: 128, alpha: 0.5 };
  return sharp({ create: { width: 6000, height: 6000, channels: 4, background } })
    .png({ progressive: true })
    .toBuffer();
}

export function readObservations(file: string): Observation[] {
  // What follows the last line end is being written.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Observation);
}

/**
 * Waits until what the uploads have caused is over: each was processed, and the event of each object that was
 * written, and of each whose metadata was changed, was handled.
 * @param uploads how many there were since the stack was started
 */
async function untilHandled(file: string, uploads: number): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const observations = readObservations(file);
    const handled = (name: string) =>
      observations.filter(({ kind, target }) => kind === 'handled' && target === name).length;
    const changed = (method: string) =>
      observations.filter((o) => o.kind === 'sent' && o.api === 'storage' && o.method === method)
        .length;
    const missing = {
      processImage: uploads - handled('processImage'),
      originalFinalized: uploads + changed('POST') - handled('originalFinalized'),
      metadataUpdated: changed('PATCH') - handled('metadataUpdated'),
    };
    if (Object.values(missing).every((count) => count <= 0)) return;
    if (Date.now() > deadline)
      throw new Error(`expected all requests to be handled, found ${JSON.stringify(missing)} more`);
    await delay(POLL_MS);
  }
}

interface Declaration {
  availableMemoryMb: number;
  concurrency?: number;
}

/** What each function declares. */
function readDeclarations(root: string): Record<string, Declaration> {
  process.env['BUCKET'] ??= 'demo.appspot.com';
  const load = createRequire(join(root, 'functions', 'package.json'));
  const functions = load('./lib/index.js') as Record<string, { __endpoint: Declaration }>;
  return Object.fromEntries(
    Object.entries(functions).map(([name, { __endpoint }]) => [name, __endpoint]),
  );
}

/** Each request is billed as if it had an instance to itself: an upper bound for functions with concurrency. */
function summarize(
  observations: Observation[],
  uploads: number,
  declared: Record<string, Declaration>,
) {
  const functions: Record<
    string,
    { invocations: number; instanceSeconds: number; gibSeconds: number }
  > = {};
  const requests: Record<string, number> = {};
  for (const observation of observations) {
    const { target } = observation;
    if (observation.kind === 'sent') {
      const api = `${observation.api} ${observation.method}`;
      requests[api] = (requests[api] ?? 0) + 1 / uploads;
    }
    if (observation.kind !== 'handled') continue;
    const sum = (functions[target] ??= { invocations: 0, instanceSeconds: 0, gibSeconds: 0 });
    const seconds = (Math.ceil(observation.ms / BILLING_STEP_MS) * BILLING_STEP_MS) / 1000;
    sum.invocations += 1 / uploads;
    sum.instanceSeconds += seconds / uploads;
    const mebibytes = declared[target]?.availableMemoryMb ?? 0;
    sum.gibSeconds += (seconds * mebibytes) / 1024 / uploads;
  }
  const gibSeconds = Object.values(functions).reduce((all, sum) => all + sum.gibSeconds, 0);
  return JSON.parse(
    JSON.stringify({ functions, requests, gibSeconds }, (_key, value: unknown) =>
      typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
    ),
  ) as object;
}

function describe(latencies: Latency[]) {
  return {
    revoked: describeTimes(latencies.map(({ revoked }) => revoked)),
    ready: describeTimes(latencies.map(({ ready }) => ready)),
  };
}

/** Tokens that are not revoked yet count as infinitely late and are given as a number of their own. */
function describeTimes(times: number[]) {
  const past = times.filter((ms) => ms < Infinity);
  return {
    medianMs: percentile(past, 0.5),
    p95Ms: percentile(past, 0.95),
    mostMs: percentile(past, 1),
    of: times.length,
    pending: times.length - past.length,
  };
}
