/**
 * `npm run bench -- storm`: uploads by many owners, a fifth of their events twice, a tenth of them no
 * pictures, overwrites and deletions among them, and the workers killed at random. At rest: is every
 * good image served, and does the doctor find anything?
 */
import { readFileSync } from 'node:fs';
import type { DocumentChange } from 'firebase-admin/firestore';
import type { Places } from '../places.js';
import { writeResults } from '../results.js';
import { inParallel, openScene, percentile, picture, sleep, upload, type Scene } from './scene.js';
import { functionProcesses } from './workers.js';

const UPLOADS = 500;
const OWNERS = 20;
const KILLS = 10;
/** Whom the killer may choose from. */
const WORKERS = ['ingest', 'ingest', 'remove', 'sweep', 'lock'];
const PARAMETERS = { REVOCATION_SECONDS: '5', FAILURES_PER_MINUTE: '0' };
/** Until all must be at rest, milliseconds. */
const REST_MS = 300_000;

interface Live {
  generation: string;
  isGood: boolean;
}

class Storm {
  readonly live = new Map<string, Live>();
  readonly startedAt = new Map<string, number>();
  readonly readyAfter = new Map<string, number>();
  good = 0;

  constructor(readonly scene: Scene) {}

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

  async uploadOne(number: number): Promise<void> {
    const { bucket } = this.scene;
    const owner = `owner-${number % OWNERS}`;
    const isOverwrite = number % 5 === 4 && number >= OWNERS * 2;
    const name = `originals/${owner}/${isOverwrite ? number - OWNERS : number}`;
    const isGood = number % 10 !== 7;
    const data = isGood ? await picture(number) : Buffer.from(`no picture ${number}`);
    const started = performance.now();
    const generation = await upload(bucket, name, data);
    this.startedAt.set(`${name} ${generation}`, started);
    this.live.set(name, { generation, isGood });
    if (isGood) this.good += 1;
    if (number % 5 === 0) await this.deliverAgain(name);
    if (number % 12 === 11) {
      await bucket.file(name).delete();
      this.live.delete(name);
    }
  }

  /** The event once more, as Storage may send it. */
  async deliverAgain(name: string): Promise<void> {
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
    await fetch(`http://${functions}/functions/projects/${projectId}/trigger_multicast`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/cloudevents+json; charset=UTF-8' },
      body: JSON.stringify(event),
    });
  }

  /** How many good images are not served as what was uploaded last. */
  async countLost(): Promise<number> {
    const { firestore, stack } = this.scene;
    let lost = 0;
    const checks = [...this.live].map(([name, { generation, isGood }]) => async () => {
      const [, uid, imageId] = name.split('/');
      const image = await firestore.doc(`users/${uid}/images/${imageId}`).get();
      const isCurrent = image.get('original.generation') === generation;
      if (!isGood) {
        if (!isCurrent || image.get('state') !== 'failed') lost += 1;
        return;
      }
      const token = image.get('token') as string;
      const response = await fetch(`${stack.info.serve}/${token}/w400`);
      await response.arrayBuffer();
      if (!isCurrent || image.get('state') !== 'ready' || response.status !== 200) lost += 1;
    });
    await inParallel(10, checks);
    return lost;
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
  const scene = await openScene(places.root, PARAMETERS);
  try {
    const run = new Storm(scene);
    const stopWatching = run.watch();
    const started = performance.now();
    let isOver = false;
    const killer = killWorkers(() => isOver);
    const numbers = Array.from({ length: UPLOADS }, (_, number) => number);
    // One owner's uploads come one after the other, the owners' side by side.
    const perOwner = Array.from({ length: OWNERS }, (_, owner) => async () => {
      for (const number of numbers) if (number % OWNERS === owner) await run.uploadOne(number);
    });
    await inParallel(OWNERS, perOwner);
    process.stdout.write(`uploaded in ${seconds(started)} s\n`);

    const kills = await killer;
    let report = await scene.doctor();
    process.stdout.write(`doctor, ${seconds(started)} s: ${summary(report.findings)}\n`);
    const until = performance.now() + REST_MS;
    let lost = await run.countLost();
    while ((lost > 0 || report.findings.length > 0) && performance.now() < until) {
      await sleep(2000);
      lost = await run.countLost();
      report = await scene.doctor();
    }
    isOver = true;
    process.stdout.write(`doctor, ${seconds(started)} s: ${summary(report.findings)}\n`);
    stopWatching();
    const times = [...run.readyAfter.values()];
    const last = Math.max(
      ...[...run.readyAfter].map(([key, ms]) => ms + (run.startedAt.get(key) ?? 0)),
    );
    const of = (kind: string) => report.findings.filter((finding) => finding.kind === kind).length;
    const log = readFileSync(scene.stack.logFile, 'utf8');
    const results = {
      uploads: UPLOADS,
      good: run.good,
      lost: lost + of('missing'),
      orphaned: of('orphaned'),
      stale: of('stale'),
      unlocked: of('unlocked'),
      kills,
      imagesPerSecond: Math.round((times.length / (last - started)) * 1e5) / 100,
      readyP50Ms: percentile(times, 0.5),
      readyP99Ms: percentile(times, 0.99),
      retries: log.split('an event is delivered again').length - 1,
      checked: report.checked,
    };
    process.stdout.write(`${JSON.stringify(results)}\n`);
    writeResults(places, 'storm', results);
    return lost === 0 && report.findings.length === 0 && kills === KILLS;
  } finally {
    await scene.close();
  }
}

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1);
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
