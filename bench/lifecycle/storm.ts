/**
 * `npm run bench -- storm`: many owners upload, overwrite and delete images; a fifth of the upload events
 * is delivered twice, a tenth of the files are not images, and function processes are killed. Afterwards
 * every image must be served as uploaded last, and the doctor must have no findings.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { DocumentChange } from 'firebase-admin/firestore';
import pLimit from 'p-limit';
import sharp from 'sharp';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';
import {
  colorOf,
  createImage,
  openBenchFixture,
  percentile,
  seededRandom,
  type BenchFixture,
  type DoctorReport,
} from './fixture.js';
import { functionProcesses } from './workers.js';

const UPLOADS = 500;
const OWNERS = 20;
const KILLS = 10;
/** Shares of all uploads. */
const SHARES = { twice: 0.2, bad: 0.1, overwrite: 0.25, deletion: 0.08 };
/** The other uploads start when half of these are ready, so that they overwrite images that are served. */
const FIRST_UPLOADS = 400;
/** Functions whose processes are killed, in turn. */
const KILLED_FUNCTIONS = [
  'processImage',
  'originalFinalized',
  'originalDeleted',
  'cleanup',
  'metadataUpdated',
];
const REVOCATION_SECONDS = 5;
const PARAMETERS = { REVOCATION_SECONDS: String(REVOCATION_SECONDS) };
/** Time limit for all events and tasks to be processed, milliseconds. */
const SETTLE_TIMEOUT_MS = 300_000;
/** Largest difference of a color channel after encoding, of 255. */
const COLOR_TOLERANCE = 8;
/** Requests of the final check at the same time. */
const CHECKS = 10;

interface LatestUpload {
  number: number;
  generation: string;
  isGood: boolean;
}

class Storm {
  /** The latest upload of each object that was not deleted, by object name. */
  readonly latest = new Map<string, LatestUpload>();
  /** When each upload started, by object name and generation, milliseconds. */
  readonly startedAt = new Map<string, number>();
  /** Time from the start of each upload to its record being `ready`, milliseconds. */
  readonly readyAfter = new Map<string, number>();
  readonly counts = { good: 0, bad: 0, twice: 0, overwrites: 0, deletions: 0 };
  /** The same uploads in each run; their timing varies. */
  readonly #random = seededRandom(6);

  constructor(readonly fixture: BenchFixture) {}

  /** Records when each upload became ready. @returns a function that stops it */
  watch(): () => void {
    const record = ({ doc }: DocumentChange) => {
      if (doc.get('state') !== 'ready') return;
      const key = `${doc.get('original.name') as string} ${doc.get('original.generation') as string}`;
      const started = this.startedAt.get(key);
      if (started === undefined || this.readyAfter.has(key)) return;
      this.readyAfter.set(key, performance.now() - started);
    };
    return this.fixture.firestore
      .collectionGroup('images')
      .onSnapshot((snapshot) => snapshot.docChanges().forEach(record));
  }

  /** Uploads in parallel for all owners, one after the other for each owner. */
  async uploadAll(from: number, to: number): Promise<void> {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    const owners = [...Array(OWNERS).keys()];
    await Promise.all(
      owners.map(async (owner) => {
        for (const number of numbers) if (number % OWNERS === owner) await this.#uploadOne(number);
      }),
    );
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #randomObjectOf(owner: string): string | undefined {
    const names = [...this.latest.keys()].filter((name) => name.startsWith(`originals/${owner}/`));
    return names[Math.floor(this.#random() * names.length)];
  }

  async #uploadOne(number: number): Promise<void> {
    const { fixture } = this;
    const owner = `owner-${number % OWNERS}`;
    const overwritten = this.#chance(SHARES.overwrite) ? this.#randomObjectOf(owner) : undefined;
    const name = overwritten ?? `originals/${owner}/${number}`;
    const isGood = !this.#chance(SHARES.bad);
    const isTwice = this.#chance(SHARES.twice);
    const deleted = this.#chance(SHARES.deletion) ? this.#randomObjectOf(owner) : undefined;
    const data = isGood ? await createImage(number) : Buffer.from(`not an image ${number}`);
    const started = performance.now();
    const generation = await fixture.uploadAsAdmin(name, data);
    this.startedAt.set(`${name} ${generation}`, started);
    this.latest.set(name, { number, generation, isGood });
    this.counts[isGood ? 'good' : 'bad'] += 1;
    if (overwritten !== undefined) this.counts.overwrites += 1;
    if (isTwice) {
      this.counts.twice += 1;
      await this.#deliverAgain(name);
    }
    if (deleted !== undefined && this.latest.delete(deleted)) {
      this.counts.deletions += 1;
      await fixture.bucket.file(deleted).delete();
    }
  }

  /** Sends the `finalized` event a second time: Eventarc delivers at least once. */
  async #deliverAgain(name: string): Promise<void> {
    const { bucket, stack } = this.fixture;
    const [metadata] = await bucket.file(name).getMetadata();
    const { functions, projectId } = stack;
    const event = {
      specversion: '1.0',
      id: `again-${name}`,
      type: 'google.cloud.storage.object.v1.finalized',
      source: `//storage.googleapis.com/projects/_/buckets/${bucket.name}/objects/${name}`,
      time: new Date().toISOString(),
      data: metadata,
    };
    const url = `http://${functions}/functions/projects/${projectId}/trigger_multicast`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/cloudevents+json; charset=UTF-8' },
      body: JSON.stringify(event),
    });
    if (!response.ok)
      throw new Error(`expected the event to be accepted, found ${response.status}`);
  }

  /** Counts the objects whose record or rendition is not that of the latest upload. */
  async countLost(): Promise<number> {
    const results = await pLimit(CHECKS).map(this.latest, ([name, upload]) =>
      this.#isServed(name, upload),
    );
    return results.filter((isServed) => !isServed).length;
  }

  /** For a file that is not an image: whether its record says `failed`. */
  async #isServed(name: string, { number, generation, isGood }: LatestUpload): Promise<boolean> {
    const { firestore } = this.fixture;
    const [, uid, imageId] = name.split('/');
    const image = await firestore.doc(`users/${uid}/images/${imageId}`).get();
    if (image.get('original.generation') !== generation) return false;
    if (!isGood) return image.get('state') === 'failed';
    if (image.get('state') !== 'ready') return false;
    const response = await fetch(this.fixture.serveUrl(image.get('token') as string, 'w400'));
    const body = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200) return false;
    const [r = 0, g = 0, b = 0] = await sharp(body).resize(1, 1).removeAlpha().raw().toBuffer();
    const expected = colorOf(number);
    const differences = [r - expected.r, g - expected.g, b - expected.b].map(Math.abs);
    return Math.max(...differences) < COLOR_TOLERANCE;
  }
}

/** Kills function processes at random intervals. @returns how many */
async function killProcesses(isOver: () => boolean): Promise<number> {
  let kills = 0;
  for (let turn = 0; kills < KILLS && !isOver(); turn++) {
    await delay(1000 + Math.random() * 2000);
    const target = KILLED_FUNCTIONS[turn % KILLED_FUNCTIONS.length] as string;
    const [pid] = functionProcesses(target);
    if (pid === undefined) continue;
    process.kill(pid, 'SIGKILL');
    kills += 1;
  }
  return kills;
}

interface Check {
  lost: number;
  report: DoctorReport;
}

/** @returns whether no image is lost and the doctor has no findings */
export async function storm(places: BenchPaths): Promise<boolean> {
  const fixture = await openBenchFixture(places.root, PARAMETERS);
  try {
    const run = new Storm(fixture);
    const stopWatching = run.watch();
    const started = performance.now();
    const elapsed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    let isOver = false;
    const killing = killProcesses(() => isOver);
    await run.uploadAll(0, FIRST_UPLOADS);
    process.stdout.write(`first part uploaded, ${elapsed()}: ${JSON.stringify(run.counts)}\n`);
    const readyDeadline = performance.now() + SETTLE_TIMEOUT_MS;
    while (run.readyAfter.size < FIRST_UPLOADS / 2 && performance.now() < readyDeadline) {
      await delay(100);
    }
    await run.uploadAll(FIRST_UPLOADS, UPLOADS);
    process.stdout.write(`all uploaded, ${elapsed()}: ${JSON.stringify(run.counts)}\n`);

    const kills = await killing;
    const check = async (): Promise<Check> => {
      const result = { lost: await run.countLost(), report: await fixture.doctor() };
      process.stdout.write(
        `doctor, ${elapsed()}: ${summary(result.report.findings)}; ${result.lost} not as uploaded\n`,
      );
      return result;
    };
    const isConsistent = ({ lost, report }: Check) => lost === 0 && report.findings.length === 0;
    const settleDeadline = performance.now() + SETTLE_TIMEOUT_MS;
    let result = await check();
    while (!isConsistent(result) && performance.now() < settleDeadline) {
      await delay(2000);
      result = await check();
    }
    // The state must still be consistent after delayed tasks such as `cleanup` have run.
    await delay(REVOCATION_SECONDS * 3000);
    result = await check();
    isOver = true;
    stopWatching();
    const times = [...run.readyAfter.values()];
    const lastReady = Math.max(
      ...[...run.readyAfter].map(([key, ms]) => ms + (run.startedAt.get(key) ?? 0)),
    );
    const { findings, checked } = result.report;
    const countOf = (kind: string) => findings.filter((finding) => finding.kind === kind).length;
    const log = readFileSync(fixture.logFile, 'utf8');
    const results = {
      uploads: UPLOADS,
      good: run.counts.good,
      lost: result.lost + countOf('missing'),
      orphaned: countOf('orphaned'),
      stale: countOf('stale'),
      unlocked: countOf('unlocked'),
      kills,
      imagesPerSecond: Math.round((times.length / (lastReady - started)) * 1e5) / 100,
      readyP50Ms: percentile(times, 0.5),
      readyP99Ms: percentile(times, 0.99),
      retries: log.split('redelivering event').length - 1,
      counts: run.counts,
      checked,
    };
    process.stdout.write(`${JSON.stringify(results)}\n`);
    writeResults(places, 'storm', results);
    return isConsistent(result) && kills === KILLS;
  } finally {
    await fixture.close();
  }
}

function summary(findings: { kind: string; what: string }[]): string {
  if (findings.length === 0) return 'no findings';
  const counts = new Map<string, number>();
  for (const { kind, what } of findings) {
    const description = `${kind} ${what.replace(/\b\d+ /g, '')}`;
    counts.set(description, (counts.get(description) ?? 0) + 1);
  }
  return [...counts].map(([description, count]) => `${count} × ${description}`).join('; ');
}
