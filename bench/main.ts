/** `npm run bench -- COMMAND`: measures this project against its peers. Nothing here is a test. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCorpus } from './corpus.js';
import { compareCurves } from './processing/curve.js';
import { compareDerive } from './processing/compare.js';
import { compareHeic } from './processing/heic.js';
import { measureBombs } from './processing/measure-bombs.js';
import { measureBackfill } from './lifecycle/backfill.js';
import { storm } from './lifecycle/storm.js';
import type { Places } from './paths.js';
import { compareCold } from './serve/cold.js';
import { compareServe } from './serve/compare.js';
import { soakServe } from './serve/soak.js';

const USAGE = `npm run bench -- corpus                          makes the pictures, in bench/out/corpus
npm run bench -- derive [--corpus DIR] [--runs N]  ours against storage-resize-images
npm run bench -- curve [--corpus DIR]            what each quality and effort costs and gives
npm run bench -- bombs                           what bad files take: time and memory
npm run bench -- heic                            a HEIC's renditions beside a JPEG's
npm run bench -- serve                           a view's cost beside functions-framework's own
npm run bench -- cold                            what an instance of serve loads before its first view
npm run bench -- storm                           uploads, overwrites, deletions; workers killed: what is left?
npm run bench -- backfill [--images N]           images from before are made: how fast, and what is told
npm run bench -- soak [--seconds N]              all that can be asked, for minutes: is memory flat?
`;

/** @returns the exit code */
export async function main(argv: string[], root: string): Promise<number> {
  const places: Places = { root, out: join(root, 'bench', 'out') };
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      corpus: { type: 'string' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '300' },
      images: { type: 'string', default: '1000' },
    },
  });
  const corpus = () => values.corpus ?? makeCorpus(places);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    process.stderr.write(`--runs: expected a whole number from 1, found ${values.runs}\n`);
    return 2;
  }
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1) {
    process.stderr.write(`--seconds: expected a whole number from 1, found ${values.seconds}\n`);
    return 2;
  }
  const images = Number(values.images);
  if (!Number.isInteger(images) || images < 1) {
    process.stderr.write(`--images: expected a whole number from 1, found ${values.images}\n`);
    return 2;
  }
  switch (positionals.join(' ')) {
    case 'corpus':
      process.stdout.write(`${await makeCorpus(places)}\n`);
      return 0;
    case 'derive':
      await compareDerive(await corpus(), runs, places);
      return 0;
    case 'curve':
      await compareCurves(await corpus(), places);
      return 0;
    case 'heic':
      await compareHeic(places);
      return 0;
    case 'bombs':
      return (await measureBombs(places)) ? 0 : 1;
    case 'serve':
      await compareServe(places);
      return 0;
    case 'cold':
      compareCold(places);
      return 0;
    case 'storm':
      return (await storm(places)) ? 0 : 1;
    case 'backfill':
      return (await measureBackfill(places, images)) ? 0 : 1;
    case 'soak':
      return (await soakServe(places, seconds)) ? 0 : 1;
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}
