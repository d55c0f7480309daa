/** `npm run bench -- cold`: how long an instance of `serve` takes to load before its first request. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { median } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';

const RUNS = 11;

/** Loads the deployed entry for `serve`, and everything that a request needs. */
const SERVE = `
  require('./lib/index.js');
  const entry = performance.now() - start;
  require('./lib/serve-entry.js').loadHandler().then(() => {
  const ready = performance.now() - start;
  const files = Object.keys(require.cache);
  const loadsSharp = files.some((file) => /node_modules.(sharp|@img)/.test(file));
  console.log(JSON.stringify({ entry, ready, loadsSharp }));
  });`;

/** Loads one entry for all functions: serving, processing, and Google's clients ready to call. */
const EVERYTHING = `
  require('./lib/index.js');
  const entry = performance.now() - start;
  require('./lib/serve/handler.js');
  require('./lib/lifecycle/process-upload.js');
  require('./lib/processing/process-image.js');
  require('./lib/gcp/backend.js').openBackend({
    bucket: 'bench', variantsBucket: 'bench', tokensCollection: 't', jobsCollection: 'j',
    imagesCollection: { text: '', segments: [] } }, {});
  // Loaded by Firestore's client on its first call.
  require('google-gax');
  require('@google-cloud/firestore/build/src/v1/firestore_client');
  const ready = performance.now() - start;
  const files = Object.keys(require.cache);
  const loadsSharp = files.some((file) => /node_modules.(sharp|@img)/.test(file));
  console.log(JSON.stringify({ entry, ready, loadsSharp }));`;

interface Loaded {
  /** Milliseconds. */
  entry: number;
  ready: number;
  loadsSharp: boolean;
}

function measureLoad(root: string, script: string, target: string): Loaded {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['-e', `const start = performance.now();${script}`],
    {
      cwd: join(root, 'functions'),
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        FUNCTION_TARGET: target,
        BUCKET: 'bench',
        GCLOUD_PROJECT: 'demo-bench',
        METADATA_SERVER_DETECTION: 'none',
      },
    },
  );
  const line = stdout.trim().split('\n').at(-1);
  if (!line) throw new Error(`expected a line of JSON, found nothing: ${stderr}`);
  return JSON.parse(line) as Loaded;
}

/** Prints the times and writes cold.json. */
export function compareCold(places: BenchPaths): void {
  const serve: Loaded[] = [];
  const everything: Loaded[] = [];
  for (let run = 0; run < RUNS; run++) {
    serve.push(measureLoad(places.root, SERVE, 'serve'));
    everything.push(measureLoad(places.root, EVERYTHING, 'processImage'));
  }
  const rounded = (values: number[]) => Math.round(median(values) * 10) / 10;
  const results = {
    serveMs: rounded(serve.map(({ ready }) => ready)),
    serveEntryMs: rounded(serve.map(({ entry }) => entry)),
    everythingMs: rounded(everything.map(({ ready }) => ready)),
    // Ratio by run: noise on the machine affects both loads of a run.
    ratio: median(serve.map(({ ready }, run) => ready / (everything[run] as Loaded).ready)),
    loadsSharp: serve.some(({ loadsSharp }) => loadsSharp),
    everythingLoadsSharp: everything.every(({ loadsSharp }) => loadsSharp),
  };
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  writeResults(places, 'cold', results);
}
