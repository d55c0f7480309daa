/** `npm run bench -- derive`: this project's pipeline against the peer's, picture by picture. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { picturesIn } from '../corpus.js';
import { median, medians, table } from '../figures.js';
import type { Places } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import type { Measured, Pipeline } from './child.js';
import { compareWith } from './similarity.js';

type Side = Measured['figures'] & {
  /** All renditions together. */
  bytes: number;
  /** Mean over the renditions. */
  ssim: number;
};

type Ratio = Record<'cpu' | 'wall' | 'rss' | 'bytes', number>;

interface Row {
  name: string;
  megapixels: number;
  /** At the peer's encoder settings. */
  ours: Side;
  peer: Side;
  /** Peer's by ours: how many times less ours takes. */
  ratio: Ratio;
  /** Ours as a multiple of one decode and each encode alone. */
  floor: number;
  /** Ours at the shipped settings, and the same figures of it. */
  shipped: Side;
  shippedRatio: Ratio;
  shippedFloor: number;
}

/** Medians over all pictures. */
type Overall = Pick<Row, 'ratio' | 'floor' | 'shippedRatio' | 'shippedFloor'> & {
  ssim: Record<'ours' | 'peer' | 'shipped', number>;
};

const SIDES = ['same', 'peer', 'shipped'] as const;
/** In turn, so that a machine that slows down does so for all. */
const PIPELINES: Pipeline[] = [...SIDES, 'floor', 'shippedFloor'];

/**
 * Prints a table and writes derive.json.
 * @param corpus a folder of pictures
 * @param runs how often each pipeline runs on each, each time in a fresh process
 */
export async function compareDerive(corpus: string, runs: number, places: Places): Promise<void> {
  const rows: Row[] = [];
  for (const name of await picturesIn(corpus)) {
    rows.push(await compareOne(name, join(corpus, name), runs, places.root));
    process.stderr.write(`- ${name}\n`);
  }
  const overall: Overall = {
    ratio: medians(rows.map(({ ratio }) => ratio)),
    floor: median(rows.map(({ floor }) => floor)),
    shippedRatio: medians(rows.map(({ shippedRatio }) => shippedRatio)),
    shippedFloor: median(rows.map(({ shippedFloor }) => shippedFloor)),
    ssim: medians(
      rows.map(({ ours, peer, shipped }) => ({
        ours: ours.ssim,
        peer: peer.ssim,
        shipped: shipped.ssim,
      })),
    ),
  };
  writeResults(places, 'derive', { runs, images: rows, median: overall });
  print(rows, overall);
}

async function compareOne(name: string, file: string, runs: number, root: string): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const measured = Object.fromEntries(
      PIPELINES.map((pipeline) => [pipeline, []]),
    ) as unknown as Record<Pipeline, Measured[]>;
    for (let run = 0; run < runs; run++) {
      for (const pipeline of PIPELINES) {
        measured[pipeline].push(await runChild(pipeline, file, folder, root));
      }
    }
    const figures = (pipeline: Pipeline) => medians(measured[pipeline].map((m) => m.figures));
    const compare = await compareWith(readFileSync(file));
    const sides = {} as Record<(typeof SIDES)[number], Side>;
    for (const side of SIDES) {
      const files = (measured[side][0] as Measured).files.map((path) => readFileSync(path));
      const scores: number[] = [];
      for (const rendition of files) scores.push(await compare(rendition));
      sides[side] = {
        ...figures(side),
        bytes: files.reduce((sum, { length }) => sum + length, 0),
        ssim: scores.reduce((sum, score) => sum + score, 0) / scores.length,
      };
    }
    const { width, height, pages = 1 } = await sharp(file).metadata();
    const { same, peer, shipped } = sides;
    return {
      name,
      megapixels: (width * height * pages) / 1e6,
      ours: same,
      peer,
      ratio: ratioOf(peer, same),
      floor: same.cpuSeconds / figures('floor').cpuSeconds,
      shipped,
      shippedRatio: ratioOf(peer, shipped),
      shippedFloor: shipped.cpuSeconds / figures('shippedFloor').cpuSeconds,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runChild(
  pipeline: Pipeline,
  file: string,
  folder: string,
  root: string,
): Promise<Measured> {
  const child = join(__dirname, 'child.js');
  const run = promisify(execFile);
  // Ours as the product starts it; the peer, and the floor, as Node is by default.
  const isOurs = pipeline === 'same' || pipeline === 'shipped';
  const { PROCESS_FLAGS, PROCESS_ENVIRONMENT } = openProduct(root).isolated();
  const { stdout } = await run(
    process.execPath,
    [...(isOurs ? PROCESS_FLAGS : []), child, pipeline, file, folder, root],
    { env: { ...process.env, ...(isOurs && PROCESS_ENVIRONMENT) } },
  );
  return JSON.parse(stdout) as Measured;
}

function ratioOf(peer: Side, ours: Side): Ratio {
  return {
    cpu: peer.cpuSeconds / ours.cpuSeconds,
    wall: peer.wallSeconds / ours.wallSeconds,
    rss: peer.rssBytes / ours.rssBytes,
    bytes: peer.bytes / ours.bytes,
  };
}

const seconds = (value: number) => value.toFixed(2);
const times = (value: number) => `${value.toFixed(2)}x`;
const megabytes = (value: number) => (value / 1e6).toFixed(0);
const ssim = (value: number) => value.toFixed(4);

/** What stands above a column, in a picture's row of it, and in the last row: of all pictures. */
const COLUMNS: [head: string, of: (row: Row) => string, all?: (overall: Overall) => string][] = [
  ['picture', ({ name }) => name, () => 'median'],
  ['MP', ({ megapixels }) => megapixels.toFixed(1)],
  ['peer s', ({ peer }) => seconds(peer.cpuSeconds)],
  ['ours s', ({ ours }) => seconds(ours.cpuSeconds)],
  ['cpu', ({ ratio }) => times(ratio.cpu), ({ ratio }) => times(ratio.cpu)],
  ['wall', ({ ratio }) => times(ratio.wall), ({ ratio }) => times(ratio.wall)],
  ['MB', ({ ours }) => megabytes(ours.rssBytes)],
  ['rss', ({ ratio }) => times(ratio.rss), ({ ratio }) => times(ratio.rss)],
  ['bytes', ({ ratio }) => times(ratio.bytes), ({ ratio }) => times(ratio.bytes)],
  ['floor', ({ floor }) => times(floor), ({ floor }) => times(floor)],
  ['SSIM', ({ ours }) => ssim(ours.ssim), (overall) => ssim(overall.ssim.ours)],
  ['peer', ({ peer }) => ssim(peer.ssim), (overall) => ssim(overall.ssim.peer)],
  ['| shipped s', ({ shipped }) => seconds(shipped.cpuSeconds)],
  ['cpu', (row) => times(row.shippedRatio.cpu), (all) => times(all.shippedRatio.cpu)],
  ['wall', (row) => times(row.shippedRatio.wall), (all) => times(all.shippedRatio.wall)],
  ['bytes', (row) => times(row.shippedRatio.bytes), (all) => times(all.shippedRatio.bytes)],
  ['floor', (row) => times(row.shippedFloor), (all) => times(all.shippedFloor)],
  ['SSIM', ({ shipped }) => ssim(shipped.ssim), (overall) => ssim(overall.ssim.shipped)],
];

function print(rows: readonly Row[], overall: Overall): void {
  const lines = rows.map((row) => COLUMNS.map(([, of]) => of(row)));
  const last = COLUMNS.map(([, , all]) => all?.(overall) ?? '');
  const all = table(
    COLUMNS.map(([head]) => head),
    [...lines, last],
  );
  process.stdout.write(
    `seconds are CPU; Nx: the peer's by ours; floor: ours by one decode and each encode alone\n${all}`,
  );
}
