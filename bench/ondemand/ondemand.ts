/** `npm run bench -- ondemand`: widths that are made of a rendition, compared with the same made of the original. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommonFormat } from '../../functions/src/domain/format.js';
import { listImages } from '../corpus.js';
import { median, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { createJudge } from '../processing/similarity.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { openIpx, type Ipx } from './ipx.js';

/** Runs of each resize; other processes only add to the time, so the least one counts. */
const RUNS = 3;
const FORMATS = ['jpeg', 'webp'] as const satisfies readonly CommonFormat[];

interface Row {
  photo: string;
  format: CommonFormat;
  width: number;
  /** Pixels of the width that it is made of. */
  source: number;
  /** Milliseconds of CPU: made as the function `resize` does; of the original; by sharp alone and by IPX, of the original. */
  cpu: Record<'made' | 'original' | 'sharp', number> & { ipx?: number };
  bytes: Record<'made' | 'original', number>;
  /** SSIMULACRA2, beside the original. */
  score: Record<'made' | 'original', number>;
}

/**
 * Prints a table and writes ondemand.json.
 * @param corpus a folder of photos that no setting is derived from
 * @param peer a folder with IPX; undefined: it is not measured
 */
export async function measureOnDemand(
  corpus: string,
  peer: string | undefined,
  paths: BenchPaths,
): Promise<void> {
  const ipx = peer === undefined ? undefined : openIpx(peer, corpus);
  const rows: Row[] = [];
  for (const name of await listImages(corpus)) {
    rows.push(...(await measurePhoto(name, readFileSync(join(corpus, name)), paths.root, ipx)));
    process.stderr.write(`- ${name}\n`);
  }
  writeResults(paths, 'ondemand', { ...(ipx && { ipx: ipx.version }), rows });
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.format} ${row.width}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const lines = [...groups].map(([key, list]) => {
    const of = (value: (row: Row) => number) => median(list.map(value));
    const losses = list.map(({ score }) => score.original - score.made);
    return [
      key,
      String(of(({ source }) => source)),
      of(({ cpu }) => cpu.made).toFixed(0),
      of(({ cpu }) => cpu.original).toFixed(0),
      of(({ cpu }) => cpu.sharp).toFixed(0),
      ...(ipx ? [of(({ cpu }) => cpu.ipx ?? NaN).toFixed(0)] : []),
      of(({ bytes }) => bytes.made / bytes.original).toFixed(2),
      of(({ score }) => score.made).toFixed(1),
      median(losses).toFixed(1),
      Math.max(...losses).toFixed(1),
    ];
  });
  process.stdout.write(
    `medians of ${new Set(rows.map(({ photo }) => photo)).size} photos; CPU in milliseconds; S2: SSIMULACRA2\n${table(
      [
        'width',
        'made of',
        'CPU',
        'of the original',
        'sharp, of the original',
        ...(ipx ? [`IPX ${ipx.version}, of the original`] : []),
        'bytes',
        'S2',
        'S2 lost',
        'at most',
      ],
      lines,
    )}`,
  );
}

async function measurePhoto(
  photo: string,
  original: Buffer,
  root: string,
  ipx: Ipx | undefined,
): Promise<Row[]> {
  const product = openProduct(root);
  const { processImage } = product.processing();
  const { parseConfig, INITIAL_VALUES } = product.api();
  const { onDemandQuality, sourceOfWidth, sourceRendition } = product.widths();
  const { VARIANTS, WIDTHS, QUALITY } = INITIAL_VALUES;
  const config = parseConfig({
    BUCKET: 'bench',
    FORMATS: FORMATS.join(),
    ...{ VARIANTS, WIDTHS, QUALITY },
  });
  const judge = await createJudge(original);
  const whole = config.variants.filter(({ fit }) => fit === 'inside');
  const { renditions } = await processImage(original, { ...config, variants: whole });
  const variants = renditions
    .map(({ width, height, format, data }) => ({
      ...{ width, height, data },
      [format]: { object: '', bytes: data.length, etag: '' },
    }))
    .sort((a, b) => a.width - b.width);
  const rows: Row[] = [];
  for (const width of config.widths ?? []) {
    const source = sourceOfWidth(variants, width);
    if (source === undefined) continue;
    // The same variant has one entry for each format: the one that sourceRendition would choose.
    const candidates = variants.filter((variant) => variant.width === source.width);
    const largest = candidates.reduce((a, b) => (a.data.length >= b.data.length ? a : b));
    if (sourceRendition(largest) === undefined) continue;
    for (const format of FORMATS) {
      const settings = {
        ...config,
        autoFormat: false,
        formats: [format],
        maxBytes: Infinity,
        variants: [{ name: 'made', width, fit: 'inside' as const }],
      };
      const { quality } = config;
      const made = await measure(() =>
        processImage(largest.data, {
          ...settings,
          ...(quality !== undefined && { quality: onDemandQuality(quality) }),
        }),
      );
      const direct = await measure(() => processImage(original, settings));
      const sharp = await measure(() => {
        const image = product.sharp()(original).autoOrient().resize({ width });
        return (format === 'jpeg' ? image.jpeg() : image.webp()).toBuffer();
      });
      const byIpx = ipx && (await measure(() => ipx.resize(photo, width, format)));
      const dataOf = ({ result }: typeof made) => result.renditions[0]?.data as Buffer;
      rows.push({
        ...{ photo, format, width, source: source.width },
        cpu: {
          ...{ made: made.cpu, original: direct.cpu, sharp: sharp.cpu },
          ...(byIpx && { ipx: byIpx.cpu }),
        },
        bytes: { made: dataOf(made).length, original: dataOf(direct).length },
        score: {
          made: (await judge(dataOf(made))).ssimulacra2,
          original: (await judge(dataOf(direct))).ssimulacra2,
        },
      });
    }
  }
  return rows;
}

async function measure<T>(work: () => Promise<T>): Promise<{ result: T; cpu: number }> {
  let cpu = Infinity;
  let result: T | undefined;
  for (let run = 0; run < RUNS; run++) {
    const start = process.cpuUsage();
    result = await work();
    const { user, system } = process.cpuUsage(start);
    cpu = Math.min(cpu, (user + system) / 1000);
  }
  return { result: result as T, cpu };
}
