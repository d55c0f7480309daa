/** `npm run bench -- derive`: compares this project's pipeline to the peer's, image by image. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { listImages } from '../corpus.js';
import { means, median, medians, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import type { Measured, Pipeline } from './child.js';
import { createComparison, createJudge } from './similarity.js';

type Side = Measured['figures'] & {
  /** Total of all renditions. */
  bytes: number;
  /** Mean over the renditions. */
  ssim: number;
};

/** What viewers get: judged by SSIMULACRA2 too, as a mean over the renditions. */
type JudgedSide = Side & { ssimulacra2: number };

type Ratio = Record<'cpu' | 'wall' | 'rss' | 'bytes', number>;

interface Row {
  name: string;
  megapixels: number;
  /** At the peer's encoder settings. */
  ours: Side;
  peer: JudgedSide;
  /** The peer's value divided by ours; above 1, ours is better. */
  ratio: Ratio;
  /** Our CPU time divided by that of one decode and the encodes alone. */
  floor: number;
  /** The same values at the shipped settings. */
  shipped: JudgedSide;
  shippedRatio: Ratio;
  shippedFloor: number;
  /** The same with FORMATS=auto: every size in the one format that viewers get. */
  auto: JudgedSide;
  autoRatio: Ratio;
}

/** Medians over all images. */
type Overall = Pick<Row, 'ratio' | 'floor' | 'shippedRatio' | 'shippedFloor' | 'autoRatio'> & {
  ssim: Record<'ours' | 'peer' | 'shipped', number>;
  ssimulacra2: Record<'peer' | 'shipped' | 'auto', number>;
};

const SIDES = ['same', 'peer', 'shipped', 'auto'] as const;
/** Run in turn, so that a slower machine affects all pipelines. */
const PIPELINES: Pipeline[] = [...SIDES, 'floor', 'shippedFloor'];

/**
 * Prints a table and writes derive.json.
 * @param corpus a folder of images
 * @param runs runs of each pipeline per image, each in a new process
 */
export async function comparePipelines(
  corpus: string,
  runs: number,
  paths: BenchPaths,
): Promise<void> {
  const rows: Row[] = [];
  for (const name of await listImages(corpus)) {
    rows.push(await compareImage(name, join(corpus, name), runs, paths.root));
    process.stderr.write(`- ${name}\n`);
  }
  const overall: Overall = {
    ratio: medians(rows.map(({ ratio }) => ratio)),
    floor: median(rows.map(({ floor }) => floor)),
    shippedRatio: medians(rows.map(({ shippedRatio }) => shippedRatio)),
    shippedFloor: median(rows.map(({ shippedFloor }) => shippedFloor)),
    autoRatio: medians(rows.map(({ autoRatio }) => autoRatio)),
    ssim: medians(
      rows.map(({ ours, peer, shipped }) => ({
        ours: ours.ssim,
        peer: peer.ssim,
        shipped: shipped.ssim,
      })),
    ),
    ssimulacra2: medians(
      rows.map(({ peer, shipped, auto }) => ({
        peer: peer.ssimulacra2,
        shipped: shipped.ssimulacra2,
        auto: auto.ssimulacra2,
      })),
    ),
  };
  writeResults(paths, 'derive', { runs, images: rows, median: overall });
  print(rows, overall);
}

async function compareImage(name: string, file: string, runs: number, root: string): Promise<Row> {
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
    const original = readFileSync(file);
    const compare = await createComparison(original);
    const judge = await createJudge(original);
    const sideOf = async <K extends string>(
      side: (typeof SIDES)[number],
      score: (rendition: Buffer) => Promise<Record<K, number>>,
    ) => {
      const files = (measured[side][0] as Measured).files.map((path) => readFileSync(path));
      const scores: Record<K, number>[] = [];
      for (const rendition of files) scores.push(await score(rendition));
      const bytes = files.reduce((sum, { length }) => sum + length, 0);
      return { ...figures(side), bytes, ...means(scores) };
    };
    // SSIMULACRA2 takes seconds per megapixel.
    const same = await sideOf('same', async (rendition) => ({ ssim: await compare(rendition) }));
    const peer = await sideOf('peer', judge);
    const shipped = await sideOf('shipped', judge);
    const auto = await sideOf('auto', judge);
    const { width, height, pages = 1 } = await sharp(file).metadata();
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
      auto,
      autoRatio: ratioOf(peer, auto),
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
  // Ours with the Node options of the product; the peer and the floor with Node's defaults.
  const isOurs = pipeline === 'same' || pipeline === 'shipped' || pipeline === 'auto';
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
const points = (value: number) => value.toFixed(1);

/** Column heads, the cells of an image, and the cells of the last row, which is about all images. */
const COLUMNS: [
  head: string,
  cell: (row: Row) => string,
  overallCell?: (overall: Overall) => string,
][] = [
  ['image', ({ name }) => name, () => 'median'],
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
  ['peer SSIM', ({ peer }) => ssim(peer.ssim), (overall) => ssim(overall.ssim.peer)],
  ['peer S2', ({ peer }) => points(peer.ssimulacra2), (all) => points(all.ssimulacra2.peer)],
  ['shipped s', ({ shipped }) => seconds(shipped.cpuSeconds)],
  ['shipped cpu', (row) => times(row.shippedRatio.cpu), (all) => times(all.shippedRatio.cpu)],
  ['shipped wall', (row) => times(row.shippedRatio.wall), (all) => times(all.shippedRatio.wall)],
  ['shipped bytes', (row) => times(row.shippedRatio.bytes), (all) => times(all.shippedRatio.bytes)],
  ['shipped floor', (row) => times(row.shippedFloor), (all) => times(all.shippedFloor)],
  ['shipped SSIM', ({ shipped }) => ssim(shipped.ssim), (overall) => ssim(overall.ssim.shipped)],
  [
    'shipped S2',
    ({ shipped }) => points(shipped.ssimulacra2),
    (all) => points(all.ssimulacra2.shipped),
  ],
  ['auto cpu', (row) => times(row.autoRatio.cpu), (all) => times(all.autoRatio.cpu)],
  ['auto bytes', (row) => times(row.autoRatio.bytes), (all) => times(all.autoRatio.bytes)],
  ['auto S2', ({ auto }) => points(auto.ssimulacra2), (all) => points(all.ssimulacra2.auto)],
];

function print(rows: readonly Row[], overall: Overall): void {
  const lines = rows.map((row) => COLUMNS.map(([, cell]) => cell(row)));
  const lastLine = COLUMNS.map(([, , overallCell]) => overallCell?.(overall) ?? '');
  const all = table(
    COLUMNS.map(([head]) => head),
    [...lines, lastLine],
  );
  process.stdout.write(
    `s: CPU seconds; Nx: the peer's value divided by ours; floor: ours divided by one decode and the encodes alone; S2: SSIMULACRA2\n${all}`,
  );
}
