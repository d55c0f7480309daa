/**
 * `npm run bench -- storm`: uploads by many owners, a fifth of their events twice, a tenth of them no
 * pictures, overwrites and deletions among them, and the workers killed at random. At rest: is every
 * good image served, and does the doctor find anything?
 */
import { readFileSync } from 'node:fs';
import type { DocumentChange } from 'firebase-admin/firestore';
import sharp from 'sharp';
import type { Places } from '../paths.js';
import { writeResults } from '../results.js';
import {
  colorOf,
  runInParallel,
  openBenchFixture,
  percentile,
  picture,
  randomOf,
  sleep,
  upload,
  type DoctorsReport,
  type BenchFixture,
} from './fixture.js';
import { functionProcesses } from './workers.js';

const UPLOADS = 500;
const OWNERS = 20;
const KILLS = 10;
/** Of all uploads. */
const SHARES = { twice: 0.2, bad: 0.1, overwrite: 0.25, deletion: 0.08 };
/** The last hundred come when half of the others are there: over images that can be seen. */
const FIRST_WAVE = 400;
/** Whom the killer may choose from. */
const WORKERS = [
  'originalFinalized',
  'originalFinalized',
  'originalDeleted',
  'cleanup',
  'metadataUpdated',
];
const BOUND_SECONDS = 5;
const PARAMETERS = { REVOCATION_SECONDS: String(BOUND_SECONDS), FAILURES_PER_MINUTE: '0' };
/** Until all must be at rest, milliseconds. */
const REST_MS = 300_000;
/** Of 255; what an encoder may do to a plain colour. */
const TOLERANCE = 8;

interface Live {
  number: number;
  generation: string;
  isGood: boolean;
}

class Storm {
  /** By name, what was uploaded last and not deleted. */
  readonly live = new Map<string, Live>();
  readonly startedAt = new Map<string, number>();
  readonly readyAfter = new Map<string, number>();
  readonly counts = { good: 0, bad: 0, twice: 0, overwrites: 0, deletions: 0 };
  /** The same uploads each time; when each comes is for the machine to say. */
  readonly #random = randomOf(6);

  constructor(readonly scene: BenchFixture) {}

  /** Notes when each upload became ready. */
  watch(): () => void {
    const note = ({ doc }: DocumentChange) => {
      if (doc.get('state') !== 'ready') return;
      const key = `${doc.get('original.name') as string} ${doc.get('original.generation') as string}`;
      const started = this.startedAt.get(key);
      if (started === undefined || this.readyAfter.has(key)) return;
      this.readyAfter.set(key, performance.now() - started);
    };
    return this.scene.firestore
      .collectionGroup('images')
      .onSnapshot((snapshot) => snapshot.docChanges().forEach(note));
  }

  /** One owner's uploads come one after the other, the owners' side by side. */
  async uploadAll(from: number, to: number): Promise<void> {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index);
    const perOwner = Array.from({ length: OWNERS }, (_, owner) => async () => {
      for (const number of numbers) if (number % OWNERS === owner) await this.#uploadOne(number);
    });
    await runInParallel(OWNERS, perOwner);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #anyOf(owner: string): string | undefined {
    const names = [...this.live.keys()].filter((name) => name.startsWith(`originals/${owner}/`));
    return names[Math.floor(this.#random() * names.length)];
  }

  async #uploadOne(number: number): Promise<void> {
    const { bucket } = this.scene;
    const owner = `owner-${number % OWNERS}`;
    const over = this.#chance(SHARES.overwrite) ? this.#anyOf(owner) : undefined;
    const name = over ?? `originals/${owner}/${number}`;
    const isGood = !this.#chance(SHARES.bad);
    const isTwice = this.#chance(SHARES.twice);
    const doomed = this.#chance(SHARES.deletion) ? this.#anyOf(owner) : undefined;
    const data = isGood ? await picture(number) : Buffer.from(`no picture ${number}`);
    const started = performance.now();
    const generation = await upload(bucket, name, data);
    this.startedAt.set(`${name} ${generation}`, started);
    this.live.set(name, { number, generation, isGood });
    this.counts[isGood ? 'good' : 'bad'] += 1;
    if (over !== undefined) this.counts.overwrites += 1;
    if (isTwice) {
      this.counts.twice += 1;
      await this.#deliverAgain(name);
    }
    if (doomed !== undefined && this.live.delete(doomed)) {
      this.counts.deletions += 1;
      await bucket.file(doomed).delete();
    }
  }

  /** The event once more, as Storage may send it. */
  async #deliverAgain(name: string): Promise<void> {
    const { bucket, stack } = this.scene;
    const [metadata] = await bucket.file(name).getMetadata();
    const { functions, projectId } = stack.info;
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
    if (!response.ok) throw new Error(`expected an event to be taken, found ${response.status}`);
  }

  /** How many images are not what was uploaded last: the good ones served as just that. */
  async countLost(): Promise<number> {
    let lost = 0;
    const checks = [...this.live].map(([name, live]) => async () => {
      if (!(await this.#isRight(name, live))) lost += 1;
    });
    await runInParallel(10, checks);
    return lost;
  }

  async #isRight(name: string, { number, generation, isGood }: Live): Promise<boolean> {
    const { firestore, stack } = this.scene;
    const [, uid, imageId] = name.split('/');
    const image = await firestore.doc(`users/${uid}/images/${imageId}`).get();
    if (image.get('original.generation') !== generation) return false;
    if (!isGood) return image.get('state') === 'failed';
    if (image.get('state') !== 'ready') return false;
    const response = await fetch(`${stack.info.serve}/${image.get('token') as string}/w400`);
    const body = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200) return false;
    const [r = 0, g = 0, b = 0] = await sharp(body).resize(1, 1).removeAlpha().raw().toBuffer();
    const wanted = colorOf(number);
    return (
      Math.max(Math.abs(r - wanted.r), Math.abs(g - wanted.g), Math.abs(b - wanted.b)) < TOLERANCE
    );
  }
}

/** Kills workers, one after the other, until there is an end. @returns how many */
async function killWorkers(isOver: () => boolean): Promise<number> {
  let kills = 0;
  for (let turn = 0; kills < KILLS && !isOver(); turn++) {
    await sleep(1000 + Math.random() * 2000);
    const target = WORKERS[turn % WORKERS.length] as string;
    const [pid] = functionProcesses(target);
    if (pid === undefined) continue;
    process.kill(pid, 'SIGKILL');
    kills += 1;
  }
  return kills;
}

/** @returns whether nothing was lost and nothing is left behind */
export async function storm(places: Places): Promise<boolean> {
  const scene = await openBenchFixture(places.root, PARAMETERS);
  try {
    const run = new Storm(scene);
    const stopWatching = run.watch();
    const started = performance.now();
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    let isOver = false;
    const killer = killWorkers(() => isOver);
    await run.uploadAll(0, FIRST_WAVE);
    process.stdout.write(`first wave uploaded, ${seconds()}: ${JSON.stringify(run.counts)}\n`);
    const half = performance.now() + REST_MS;
    while (run.readyAfter.size < FIRST_WAVE / 2 && performance.now() < half) await sleep(100);
    await run.uploadAll(FIRST_WAVE, UPLOADS);
    process.stdout.write(`all uploaded, ${seconds()}: ${JSON.stringify(run.counts)}\n`);

    const kills = await killer;
    const look = async () => {
      const now = { lost: await run.countLost(), report: await scene.doctor() };
      process.stdout.write(
        `doctor, ${seconds()}: ${summary(now.report.findings)}; ${now.lost} not as uploaded\n`,
      );
      return now;
    };
    const isWell = ({ lost, report }: { lost: number; report: DoctorsReport }) =>
      lost === 0 && report.findings.length === 0;
    const until = performance.now() + REST_MS;
    let end = await look();
    while (!isWell(end) && performance.now() < until) {
      await sleep(2000);
      end = await look();
    }
    // At rest is what is so when every bound has passed, and still so.
    await sleep(BOUND_SECONDS * 3000);
    end = await look();
    isOver = true;
    stopWatching();
    const times = [...run.readyAfter.values()];
    const last = Math.max(
      ...[...run.readyAfter].map(([key, ms]) => ms + (run.startedAt.get(key) ?? 0)),
    );
    const { findings, checked } = end.report;
    const of = (kind: string) => findings.filter((finding) => finding.kind === kind).length;
    const log = readFileSync(scene.stack.logFile, 'utf8');
    const results = {
      uploads: UPLOADS,
      good: run.counts.good,
      lost: end.lost + of('missing'),
      orphaned: of('orphaned'),
      stale: of('stale'),
      unlocked: of('unlocked'),
      kills,
      imagesPerSecond: Math.round((times.length / (last - started)) * 1e5) / 100,
      readyP50Ms: percentile(times, 0.5),
      readyP99Ms: percentile(times, 0.99),
      retries: log.split('redelivering event').length - 1,
      counts: run.counts,
      checked,
    };
    process.stdout.write(`${JSON.stringify(results)}\n`);
    writeResults(places, 'storm', results);
    return isWell(end) && kills === KILLS;
  } finally {
    await scene.close();
  }
}

function summary(findings: { kind: string; what: string }[]): string {
  if (findings.length === 0) return 'nothing is wrong';
  const kinds = new Map<string, number>();
  for (const { kind, what } of findings) {
    const words = `${kind} ${what.replace(/\d+ /g, '')}`;
    kinds.set(words, (kinds.get(words) ?? 0) + 1);
  }
  return [...kinds].map(([words, count]) => `${count} × ${words}`).join('; ');
}
