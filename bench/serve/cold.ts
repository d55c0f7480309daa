/** `npm run bench -- cold`: what an instance of serve loads before its first view, and how long it takes. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { median } from '../figures.js';
import type { Places } from '../paths.js';
import { writeResults } from '../results.js';

const RUNS = 11;

/** The entry as it is deployed for serve, and all that must be there before a view can be answered. */
const SERVE = `
  require('./lib/index.js');
  const entry = performance.now() - begun;
  require('./lib/serve-entry.js').openView().then(() => {
  const ready = performance.now() - begun;
  const files = Object.keys(require.cache);
  const loadsSharp = files.some((file) => /node_modules.(sharp|@img)/.test(file));
  console.log(JSON.stringify({ entry, ready, loadsSharp }));
  });`;

/** One entry for everything: the rooms that derive and write, and Google's clients ready to call. */
const EVERYTHING = `
  require('./lib/index.js');
  const entry = performance.now() - begun;
  require('./lib/serve/handler.js');
  require('./lib/lifecycle/original-finalized.js');
  require('./lib/processing/process-image.js');
  require('./lib/gcp/backend.js').openLibrary({
    bucket: 'bench', tokensCollection: 't', jobsCollection: 'j',
    imagesCollection: { text: '', segments: [] } }, {});
  // What Firestore's client loads with its first call.
  require('google-gax');
  require('@google-cloud/firestore/build/src/v1/firestore_client');
  const ready = performance.now() - begun;
  const files = Object.keys(require.cache);
  const loadsSharp = files.some((file) => /node_modules.(sharp|@img)/.test(file));
  console.log(JSON.stringify({ entry, ready, loadsSharp }));`;

interface Loaded {
  /** Milliseconds. */
  entry: number;
  ready: number;
  loadsSharp: boolean;
}

function load(root: string, script: string, target: string): Loaded {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['-e', `const begun = performance.now();${script}`],
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
  if (!line) throw new Error(`expected what was loaded, found nothing: ${stderr}`);
  return JSON.parse(line) as Loaded;
}

/** Prints the figures and writes cold.json. */
export function compareCold(places: Places): void {
  const serve: Loaded[] = [];
  const everything: Loaded[] = [];
  for (let run = 0; run < RUNS; run++) {
    serve.push(load(places.root, SERVE, 'serve'));
    everything.push(load(places.root, EVERYTHING, 'originalFinalized'));
  }
  const rounded = (values: number[]) => Math.round(median(values) * 10) / 10;
  const results = {
    serveMs: rounded(serve.map(({ ready }) => ready)),
    serveEntryMs: rounded(serve.map(({ entry }) => entry)),
    everythingMs: rounded(everything.map(({ ready }) => ready)),
    // By run: what disturbs one disturbs its neighbour.
    ratio: median(serve.map(({ ready }, run) => ready / (everything[run] as Loaded).ready)),
    loadsSharp: serve.some(({ loadsSharp }) => loadsSharp),
    everythingLoadsSharp: everything.every(({ loadsSharp }) => loadsSharp),
  };
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  writeResults(places, 'cold', results);
}
