/** `npm run bench -- quality`: what each encoder setting costs, and how its renditions look to two or three judges. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import type { CommonFormat } from '../../functions/src/domain/format.js';
import { listImages } from '../corpus.js';
import { median, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { isOnFront, type Cost } from './curves.js';
import { CHOSEN, ENCODINGS, type Encoding } from './encodings.js';
import { openProduct } from '../product.js';
import { measureGraphics } from './graphics.js';
import { graphicsTable } from './quality-page.js';
import {
  EDGES,
  openMeasurements,
  openPhoto,
  type Edge,
  type Judgment,
  type Measure,
  type Sample,
} from './measure.js';
import {
  costOf,
  rowAt,
  RESULTS_JSON,
  summarize,
  tableOf,
  type Check,
  type Group,
  type QualityResults,
  type Row,
} from './results.js';
import { writePages } from './page.js';

export interface QualityOptions {
  /** Folder of the photos that the table is derived from; absent: the photo of the repository. */
  corpus?: string | undefined;
  /** Folders of photos that nothing is derived from. */
  others?: string[] | undefined;
  /** Whether to write results.json, the table of settings and the page. */
  write?: boolean | undefined;
}

/** The sizes at which other photos are judged. */
const CHECKED_EDGES: readonly Edge[] = [200, 400, 800];

/** Judging a large image takes seconds: from this size on, only what the table needs, and what it is compared with. */
const LARGE_EDGE = 800;

type Setting = [edge: Edge, encoding: string, quality: number];

interface Photo {
  name: string;
  open: (edge: Edge) => Promise<Sample>;
}

export async function measureQuality(options: QualityOptions, paths: BenchPaths): Promise<void> {
  const target = Number(openProduct(paths.root).api().INITIAL_VALUES.QUALITY);
  const files = await listPhotos(options, paths);
  const { qualityIn } = openProduct(paths.root).quality();
  const measure = openMeasurements(paths.root);
  const open = (group: Group) =>
    files[group].map((file): Photo => {
      let samples: ReturnType<typeof openPhoto> | undefined;
      const cache = new Map<Edge, Promise<Sample>>();
      return {
        name: basename(file),
        open: (edge) => {
          const sample =
            cache.get(edge) ??
            (samples ??= openPhoto(file, paths.root)).then((openEdge) => openEdge(edge));
          cache.set(edge, sample);
          return sample;
        },
      };
    });
  const photos = { tuning: open('tuning'), others: open('others') };

  const each = async <T>(
    measureOne: Measure<T>,
    list: readonly Photo[],
    [edge, name, quality]: Setting,
  ): Promise<T[]> => {
    const results: T[] = [];
    for (const photo of list) {
      const { encode } = ENCODINGS[name] as Encoding;
      const sample = await photo.open(edge);
      results.push(
        await measureOne(sample, `${name} ${quality}`, (image) => encode(image, quality)),
      );
    }
    return results;
  };
  const measureAll = async (list: readonly Photo[], ...setting: Setting) => {
    const costs = await each(measure.cost, list, setting);
    const judgments = await each(measure.judge, list, setting);
    return summarize(costs.map((cost, index) => ({ ...cost, ...(judgments[index] as Judgment) })));
  };
  for (const edge of EDGES) {
    for (const [encoding, { qualities }] of encodingsAt(edge)) {
      for (const quality of qualities) {
        await each(measure.cost, photos.tuning, [edge, encoding, quality]);
      }
    }
  }
  process.stderr.write('- CPU time of the encoders\n');

  const rows: Row[] = [];
  for (const edge of EDGES) {
    for (const [encoding, { qualities }] of encodingsAt(edge)) {
      for (const quality of qualities) {
        const summary = await measureAll(photos.tuning, edge, encoding, quality);
        rows.push({ encoding, edge, quality, ...summary });
      }
      process.stderr.write(`- ${edge} px, ${encoding}\n`);
    }
  }
  const qualities = tableOf(rows);
  const checks: Check[] = [];
  for (const [format, encoding] of Object.entries(CHOSEN) as [CommonFormat, string][]) {
    for (const edge of EDGES) {
      const quality = qualityIn(Object.values(qualities[format]), target, {
        width: edge,
        height: edge,
      });
      const own = rows.filter((row) => row.encoding === encoding && row.edge === edge);
      const common = { format, edge, target, quality };
      checks.push({ group: 'tuning', ...common, ...rowAt(own, quality) });
      if (photos.others.length === 0 || !CHECKED_EDGES.includes(edge)) continue;
      const measured = await measureAll(photos.others, edge, encoding, quality);
      checks.push({ group: 'others', ...common, ...measured });
    }
    process.stderr.write(`- ${format} at ${target} points\n`);
  }
  const results: QualityResults = {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      node: process.version,
      sharp: sharp.versions.sharp ?? '',
      cpu: cpus()[0]?.model ?? '',
    },
    photos: {
      tuning: photos.tuning.map(({ name }) => name),
      others: photos.others.map(({ name }) => name),
    },
    target,
    rows,
    checks,
    graphics: await measureGraphics(paths.root, target),
  };
  print(results);
  if (options.write) {
    writeFileSync(join(paths.root, RESULTS_JSON), `${JSON.stringify(results)}\n`);
    writePages(paths.root, results);
  }
}

async function listPhotos({ corpus, others = [] }: QualityOptions, { root }: BenchPaths) {
  const listFolder = async (folder: string) =>
    (await listImages(folder)).map((name) => join(folder, name));
  const lists = await Promise.all(others.map(listFolder));
  return {
    tuning: await listFolder(corpus ?? join(root, 'tests', 'fixtures', 'photos')),
    others: lists.flat(),
  };
}

function encodingsAt(edge: Edge): [string, Encoding][] {
  const isNeeded = (name: string, { format }: Encoding) =>
    edge < LARGE_EDGE || CHOSEN[format] === name || (edge === LARGE_EDGE && name === 'webp-4');
  return Object.entries(ENCODINGS).filter(([name, encoding]) => isNeeded(name, encoding));
}

function print({ rows, checks, graphics, photos }: QualityResults): void {
  const { tuning, others } = photos;
  process.stdout.write(`${tuning.length} photos: ${tuning.join(', ')}\n`);
  for (const edge of EDGES) {
    const own = rows.filter((row) => row.edge === edge);
    const costs = own.map(costOf);
    const lines = own.map((row, index) => [
      row.encoding,
      ...cellsOf(row),
      isOnFront(costs[index] as Cost, costs) ? 'yes' : '',
    ]);
    process.stdout.write(`\n${edge} px\n${table(['encoder', ...HEADS, 'front'], lines)}`);
  }
  process.stdout.write(
    `\nthe settings of QUALITY; others: ${others.join(', ')}\n${table(
      ['photos', 'format', 'edge', 'target', ...HEADS, 'below target - 15'],
      checks.map((check) => [
        check.group,
        check.format,
        String(check.edge),
        String(check.target),
        ...cellsOf(check),
        String(check.scores.filter((score) => score < check.target - 15).length),
      ]),
    )}`,
  );
  process.stdout.write(`\n${graphicsTable(graphics)}`);
}

const HEADS = ['quality', 'bits/pixel', 'CPU ms/MP', 'SSIMULACRA2', 'worst', 'SSIM', 'butteraugli'];

function cellsOf({ quality, bits, cpu, scores, ssim, butteraugli }: Row | Check): string[] {
  return [
    String(quality),
    bits.toFixed(3),
    cpu.toFixed(0),
    median(scores).toFixed(1),
    Math.min(...scores).toFixed(1),
    ssim.toFixed(4),
    butteraugli?.toFixed(2) ?? '',
  ];
}
