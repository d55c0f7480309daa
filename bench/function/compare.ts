/**
 * `npm run bench -- function --peer DIR`: whole functions compared, storage-resize-images as it is built in DIR and
 * this project, on the same local stack: CPU time of everything that an upload causes, time until the last rendition
 * or the record that is ready, memory, and requests. Then where the time of one upload goes.
 */
import { createCorpus } from '../corpus.js';
import { median, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';
import {
  measureSubject,
  readPhotos,
  type Photo,
  type RunFigures,
  type UploadFigures,
} from './measure.js';
import { profileUploads } from './profile.js';
import { openOwn, openPeer, type Subject } from './subject.js';

/** Of the created images, if no folder is given. */
const PHOTOS = [
  'baseline-2mp.jpg',
  'baseline-4mp.jpg',
  'baseline-12mp.jpg',
  'baseline-24mp.jpg',
  'progressive-12mp.jpg',
];

/** What new installations have, the peer's formats, and the settings of an installation without QUALITY. */
const OWN_PARAMETERS = {
  'QUALITY=70 FORMATS=auto': { QUALITY: '70', FORMATS: 'auto' },
  'QUALITY=70 FORMATS=webp,jpeg': { QUALITY: '70', FORMATS: 'webp,jpeg' },
  'FORMATS=webp,jpeg': { FORMATS: 'webp,jpeg' },
};

export interface FunctionOptions {
  /** The peer's folder `functions`; without one, only this project is measured. */
  peer?: string | undefined;
  /** A folder of photos; all of them are uploaded. */
  corpus?: string | undefined;
  runs: number;
}

/** Prints tables, and writes function.json. */
export async function compareFunctions(
  paths: BenchPaths,
  { peer, corpus, runs }: FunctionOptions,
): Promise<void> {
  const photos = corpus
    ? await readPhotos(corpus)
    : await readPhotos(await createCorpus(paths), PHOTOS);
  const own = Object.entries(OWN_PARAMETERS).map((entry) => openOwn(...entry));
  const subjects = [...(peer === undefined ? [] : [openPeer(peer)]), ...own];
  const measured = new Map<Subject, RunFigures[]>(subjects.map((subject) => [subject, []]));
  // Alternately: noise on the machine affects all.
  for (let run = 0; run < runs; run++) {
    for (const subject of subjects) {
      process.stderr.write(`- run ${run + 1} of ${runs}: ${subject.name}\n`);
      measured.get(subject)?.push(await measureSubject(paths, subject, photos));
    }
  }
  const summaries = subjects.map((subject) =>
    summarize(subject.name, measured.get(subject) as RunFigures[], photos),
  );
  process.stdout.write(`${describeSummaries(summaries)}\n`);
  const [first, ...others] = summaries;
  if (peer !== undefined && first) {
    process.stdout.write(`${describeRatios(first, others)}\n`);
    process.stdout.write(`${describePhotos(first, others)}\n`);
  }
  const profile = await profileUploads(paths, own[0] as Subject, photos);
  process.stdout.write(profile.text);
  const { steps, cpu } = profile;
  writeResults(paths, 'function', { runs, summaries, profile: { steps, cpu } });
}

/** Medians of one subject over all runs. */
interface Summary {
  name: string;
  photos: Record<string, UploadFigures>;
  sequential: UploadFigures;
  burst: UploadFigures;
  first: UploadFigures;
  peakBytes: number;
  requests: Record<string, number>;
}

function summarize(name: string, runs: readonly RunFigures[], photos: readonly Photo[]): Summary {
  const byPhoto = Object.fromEntries(
    photos.map((photo) => [
      photo.name,
      medianOf(runs.map((run) => run.photos[photo.name] as UploadFigures)),
    ]),
  );
  return {
    name,
    photos: byPhoto,
    sequential: medianOf(Object.values(byPhoto)),
    burst: medianOf(runs.map(({ burst }) => burst)),
    first: medianOf(runs.map(({ first }) => first)),
    peakBytes: median(runs.map((run) => run.peakBytes)),
    requests: runs[0]?.requests ?? {},
  };
}

function medianOf(list: readonly UploadFigures[]): UploadFigures {
  return {
    cpuSeconds: median(list.map((figures) => figures.cpuSeconds)),
    readyMs: median(list.map((figures) => figures.readyMs)),
  };
}

const seconds = (value: number) => value.toFixed(3);
const milliseconds = (value: number) => String(Math.round(value));
const ratio = (value: number) => value.toFixed(2);

function describeSummaries(summaries: readonly Summary[]): string {
  return table(
    [
      '',
      'CPU, s',
      'time, ms',
      'ten at once: CPU, s',
      'time, ms',
      'first: CPU, s',
      'time, ms',
      'memory, MiB',
      'requests: Storage',
      'Firestore',
      'Cloud Tasks',
    ],
    summaries.map(({ name, sequential, burst, first, peakBytes, requests }) => [
      name,
      ...[sequential, burst, first].flatMap(({ cpuSeconds, readyMs }) => [
        seconds(cpuSeconds),
        milliseconds(readyMs),
      ]),
      String(Math.round(peakBytes / 2 ** 20)),
      ...['storage', 'firestore', 'tasks'].map((api) => (requests[api] ?? 0).toFixed(1)),
    ]),
  );
}

/** How many times less the others take than the first. */
function describeRatios(first: Summary, others: readonly Summary[]): string {
  return table(
    [
      'times less',
      'CPU',
      'time',
      'ten at once: CPU',
      'time',
      'first: CPU',
      'time',
      'memory',
      'requests to Storage',
    ],
    others.map((other) => {
      // The median of the ratios: photos differ more than runs.
      const photos = (of: (figures: UploadFigures) => number) =>
        median(
          Object.keys(first.photos).map(
            (name) =>
              of(first.photos[name] as UploadFigures) / of(other.photos[name] as UploadFigures),
          ),
        );
      const once = (part: 'burst' | 'first') => [
        first[part].cpuSeconds / other[part].cpuSeconds,
        first[part].readyMs / other[part].readyMs,
      ];
      const ratios = [
        photos(({ cpuSeconds }) => cpuSeconds),
        photos(({ readyMs }) => readyMs),
        ...once('burst'),
        ...once('first'),
        first.peakBytes / other.peakBytes,
        (first.requests['storage'] ?? 0) / (other.requests['storage'] ?? 0),
      ];
      return [other.name, ...ratios.map(ratio)];
    }),
  );
}

function describePhotos(first: Summary, others: readonly Summary[]): string {
  return table(
    ['photo', ...[first, ...others].flatMap(({ name }) => [`${name}: CPU, s`, 'time, ms'])],
    Object.keys(first.photos).map((photo) => [
      photo,
      ...[first, ...others].flatMap(({ photos }) => {
        const { cpuSeconds, readyMs } = photos[photo] as UploadFigures;
        return [seconds(cpuSeconds), milliseconds(readyMs)];
      }),
    ]),
  );
}
