/** Measures one subject on a local stack of its own: the first upload, uploads one by one, and ten at once. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { listImages } from '../corpus.js';
import { openBenchFixture, type BenchFixture } from '../lifecycle/fixture.js';
import type { Observation } from '../lifecycle/observe-function.js';
import { readObservations } from '../lifecycle/upload.js';
import { cpuSeconds, functionProcesses, peakTreeBytes } from '../lifecycle/workers.js';
import type { BenchPaths } from '../paths.js';
import type { Subject } from './subject.js';

export interface Photo {
  name: string;
  data: Buffer;
  contentType: string;
  extension: string;
}

/** Figures of one upload. */
export interface UploadFigures {
  /** CPU time of all functions and their child processes, for everything that the upload causes, seconds. */
  cpuSeconds: number;
  /** From the creation of the original to the last rendition or the record that is ready, milliseconds. */
  readyMs: number;
}

export interface RunFigures {
  /** The first upload after the start of the stack: it starts the functions. */
  first: UploadFigures;
  /** By photo: the mean of uploads one after the other. */
  photos: Record<string, UploadFigures>;
  /** Uploads at the same time: CPU time per upload, and the time until the last of them is ready. */
  burst: UploadFigures;
  /** The most memory of the processing function and its child processes, before the uploads at the same time. */
  peakBytes: number;
  /** Requests per upload, by API. */
  requests: Record<string, number>;
}

/** Uploads of each photo, after one that is not counted. */
const ROUNDS = 3;
const BURST = 10;
const TIMEOUT_MS = 120_000;
const POLL_MS = 25;

/** Reads the images of a folder. @param only the names to read; undefined: all */
export async function readPhotos(folder: string, only?: readonly string[]): Promise<Photo[]> {
  const names = only ?? (await listImages(folder));
  return Promise.all(
    names.map(async (name) => {
      const data = readFileSync(join(folder, name));
      const { format } = await sharp(data).metadata();
      const extension = format === 'jpeg' ? 'jpg' : format;
      return { name, data, contentType: `image/${format}`, extension };
    }),
  );
}

/**
 * Starts a stack and measures.
 * @throws Error when an upload does not get its renditions
 */
export async function measureSubject(
  paths: BenchPaths,
  subject: Subject,
  photos: readonly Photo[],
): Promise<RunFigures> {
  const stack = await startObserved(paths, subject);
  try {
    const first = await stack.upload([photos[0] as Photo]);
    for (const photo of photos) await stack.upload([photo]);
    const before = stack.observations().length;
    const figures: [string, UploadFigures][] = [];
    for (const photo of photos) {
      const rounds: UploadFigures[] = [];
      for (let round = 0; round < ROUNDS; round++) rounds.push(await stack.upload([photo]));
      figures.push([photo.name, meanOf(rounds)]);
    }
    const requests = countRequests(stack.observations().slice(before), photos.length * ROUNDS);
    const peakBytes = Math.max(...stack.processes(subject.processing).map(peakTreeBytes));
    const burst = await stack.upload(
      Array.from({ length: BURST }, (_, n) => photos[n % photos.length] as Photo),
    );
    return { first, photos: Object.fromEntries(figures), burst, peakBytes, requests };
  } finally {
    await stack.close();
  }
}

/** A stack whose functions report what they handle and send. */
export interface ObservedStack {
  fixture: BenchFixture;
  observations: () => Observation[];
  /** Ids of the processes that run a function, or any function. */
  processes: (target?: string) => number[];
  /** Uploads photos at the same time, and waits until everything is over that they cause. */
  upload: (photos: readonly Photo[]) => Promise<UploadFigures & { createdAt: number }>;
  close: () => Promise<void>;
}

/** @param preload a script that each process of a function loads first, in addition */
export async function startObserved(
  paths: BenchPaths,
  subject: Subject,
  preload: readonly string[] = [],
): Promise<ObservedStack> {
  const file = join(paths.out, 'function-observations.jsonl');
  mkdirSync(paths.out, { recursive: true });
  writeFileSync(file, '');
  process.env['OBSERVATIONS'] = file;
  const scripts = [join(__dirname, '..', 'lifecycle', 'observe-function.js'), ...preload];
  process.env['NODE_OPTIONS'] = scripts.map((script) => `--require=${script}`).join(' ');
  const { parameters, functions } = subject;
  const options = functions === undefined ? {} : { functions };
  const fixture = await openBenchFixture(paths.root, parameters, options);
  delete process.env['NODE_OPTIONS'];
  const observations = () => readObservations(file);
  const processes = (target?: string) => functionProcesses(target);
  // The emulator may end a process: what it has used still counts.
  const seconds = new Map<number, number>();
  const usedSeconds = () => {
    for (const pid of processes()) {
      seconds.set(pid, Math.max(cpuSeconds(pid), seconds.get(pid) ?? 0));
    }
    return [...seconds.values()].reduce((sum, used) => sum + used, 0);
  };
  let uploads = 0;

  async function upload(photos: readonly Photo[]) {
    const cpuBefore = usedSeconds();
    const names = await Promise.all(
      photos.map(async ({ data, contentType, extension }, index) => {
        const name = subject.objectName(uploads + index, extension);
        // A client's upload has a download token.
        const metadata = { firebaseStorageDownloadTokens: crypto.randomUUID() };
        await fixture.bucket
          .file(name)
          .save(data, { resumable: false, metadata: { contentType, metadata } });
        return name;
      }),
    );
    uploads += photos.length;
    await settle();
    const cpuUsed = usedSeconds() - cpuBefore;
    const created = await Promise.all(
      names.map(async (name) => {
        const [{ timeCreated }] = await fixture.bucket.file(name).getMetadata();
        return Date.parse(timeCreated ?? '');
      }),
    );
    const readyAt = await Promise.all(names.map((name) => subject.readyAt(fixture, name)));
    const createdAt = Math.min(...created);
    return {
      createdAt,
      cpuSeconds: cpuUsed / photos.length,
      readyMs: Math.max(...readyAt) - createdAt,
    };
  }

  async function settle(): Promise<void> {
    const deadline = Date.now() + TIMEOUT_MS;
    while (!subject.isSettled(observations(), uploads)) {
      if (Date.now() > deadline) {
        throw new Error(`expected ${uploads} uploads to be processed; see ${fixture.logFile}`);
      }
      await delay(POLL_MS);
    }
  }

  return { fixture, observations, processes, upload, close: () => fixture.close() };
}

function meanOf(list: readonly UploadFigures[]): UploadFigures {
  const mean = (of: (figures: UploadFigures) => number) =>
    list.reduce((sum, figures) => sum + of(figures), 0) / list.length;
  return { cpuSeconds: mean((f) => f.cpuSeconds), readyMs: mean((f) => f.readyMs) };
}

function countRequests(
  observations: readonly Observation[],
  uploads: number,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const observation of observations) {
    if (observation.kind !== 'sent') continue;
    counts[observation.api] = (counts[observation.api] ?? 0) + 1 / uploads;
  }
  return counts;
}
