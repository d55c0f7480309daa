/** `npm run bench -- COMMAND`: benchmarks against comparable projects; none of it is a test. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCorpus } from './corpus.js';
import { measureConformance } from './conformance/run.js';
import { compareCurves } from './processing/curve.js';
import { comparePipelines } from './processing/compare.js';
import { compareHeic } from './processing/heic.js';
import { measureBombs } from './processing/measure-bombs.js';
import { measureDemo } from './demo/landing.js';
import { measureBackfill } from './lifecycle/backfill.js';
import { compareFunctions } from './function/compare.js';
import { measureOperations, writeOperations } from './lifecycle/operations.js';
import { storm } from './lifecycle/storm.js';
import { measureUploads } from './lifecycle/upload.js';
import { LISTENERS, measureListen } from './listen/listen.js';
import type { BenchPaths } from './paths.js';
import { measureMigration } from './migrate/migrate.js';
import { compareCold } from './serve/cold.js';
import { compareServe } from './serve/compare.js';
import { measureSeals } from './serve/seal.js';
import { measureFirstByte } from './ondemand/first-byte.js';
import { measureOnDemand } from './ondemand/ondemand.js';
import { measureQuality } from './quality/run.js';
import { soak } from './soak/soak.js';

const USAGE = `npm run bench -- corpus                             creates the images, in bench/out/corpus
npm run bench -- derive [--corpus DIR] [--runs N]   image processing compared to storage-resize-images
npm run bench -- function [--peer DIR] [--corpus DIR] [--runs N]
                                                    whole functions compared to storage-resize-images
npm run bench -- curve [--corpus DIR]               CPU time and bytes of each quality and effort
npm run bench -- quality [--corpus DIR] [--others DIR] [--write]
                                                    bytes, CPU time and SSIMULACRA2 of each encoder setting
npm run bench -- ondemand [--corpus DIR] [--peer DIR]
                                                    widths made of a rendition: quality, CPU time, time to first byte
npm run bench -- bombs                              time and memory of malicious files
npm run bench -- heic                               renditions of a HEIC compared to those of a JPEG
npm run bench -- conformance [--corpus DIR] [--only PATTERN] [--write]
                                                    renditions compared with what Chromium shows
npm run bench -- serve                              CPU time of a request compared to functions-framework
npm run bench -- seal                               CPU time of a view by a token, and by a sealed token
npm run bench -- cold                               what an instance of serve loads before its first response
npm run bench -- storm                              uploads, overwrites, deletions and killed workers, then a check
npm run bench -- upload [--uploads N]               what one upload causes, and how long a flood delays others
npm run bench -- operations [--write]               what an upload, a view and a deletion bill
npm run bench -- backfill [--images N]              processes images that existed before the installation
npm run bench -- migrate [--images N]               moves images of storage-resize-images; 2000 by default
npm run bench -- demo [--runs N]                    the demo page in Chromium: time until usable, LCP, CLS, bytes
npm run bench -- soak [--seconds N]                 all kinds of requests and uploads: does memory grow?
npm run bench -- listen [--minutes N] [--listeners N] [--emulator-jar FILE]
                                                    ${LISTENERS} listeners on a collection with 100 writes per second
`;

/** @returns the exit code */
export async function main(argv: string[], root: string): Promise<number> {
  const paths: BenchPaths = { root, out: join(root, 'bench', 'out') };
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      corpus: { type: 'string' },
      peer: { type: 'string' },
      only: { type: 'string' },
      others: { type: 'string', multiple: true },
      write: { type: 'boolean' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '600' },
      images: { type: 'string' },
      uploads: { type: 'string', default: '20' },
      minutes: { type: 'string' },
      listeners: { type: 'string', default: `${LISTENERS}` },
      'emulator-jar': { type: 'string' },
    },
  });
  const corpus = () => values.corpus ?? createCorpus(paths);
  const counts = {
    runs: Number(values.runs),
    seconds: Number(values.seconds),
    images: Number(values.images ?? (positionals[0] === 'migrate' ? 2000 : 1000)),
    uploads: Number(values.uploads),
    listeners: Number(values.listeners),
    // Only a run that names it has minutes.
    minutes: Number(values.minutes ?? 1),
  };
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 1) continue;
    const found = values[name as keyof typeof counts];
    process.stderr.write(`--${name}: expected a whole number of at least 1, found ${found}\n`);
    return 2;
  }
  const { runs, seconds, images, uploads } = counts;
  switch (positionals.join(' ')) {
    case 'corpus':
      process.stdout.write(`${await createCorpus(paths)}\n`);
      return 0;
    case 'derive':
      await comparePipelines(await corpus(), runs, paths);
      return 0;
    case 'function':
      await compareFunctions(paths, { peer: values.peer, corpus: values.corpus, runs });
      return 0;
    case 'curve':
      await compareCurves(await corpus(), paths);
      return 0;
    case 'quality':
      await measureQuality(values, paths);
      return 0;
    case 'ondemand':
      await measureOnDemand(await corpus(), values.peer, paths);
      await measureFirstByte(paths);
      return 0;
    case 'heic':
      await compareHeic(paths);
      return 0;
    case 'bombs':
      return (await measureBombs(paths)) ? 0 : 1;
    case 'conformance':
      return (await measureConformance(paths, values)) ? 0 : 1;
    case 'serve':
      await compareServe(paths);
      return 0;
    case 'seal':
      await measureSeals(paths);
      return 0;
    case 'cold':
      compareCold(paths);
      return 0;
    case 'storm':
      return (await storm(paths)) ? 0 : 1;
    case 'upload':
      return (await measureUploads(paths, uploads)) ? 0 : 1;
    case 'operations': {
      const counts = await measureOperations(paths);
      if (values.write) writeOperations(paths, counts);
      process.stdout.write(`${JSON.stringify(counts, null, 2)}\n`);
      return 0;
    }
    case 'backfill':
      return (await measureBackfill(paths, images)) ? 0 : 1;
    case 'migrate':
      return (await measureMigration(paths, images)) ? 0 : 1;
    case 'demo':
      await measureDemo(paths, runs);
      return 0;
    case 'soak':
      return (await soak(paths, seconds)) ? 0 : 1;
    case 'listen': {
      const jar = values['emulator-jar'];
      const options = {
        listeners: counts.listeners,
        ...(values.minutes !== undefined && { minutes: counts.minutes }),
        ...(jar !== undefined && { emulatorJar: jar }),
      };
      return (await measureListen(paths, options)) ? 0 : 1;
    }
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}
