/**
 * `npm run bench -- curve`: the quality at which an encoder reaches the similarity of the peer's
 * rendition, and its CPU time and bytes there. The shipped settings were chosen from this table.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { listImages } from '../corpus.js';
import { median, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';
import { modifyImage } from './peer.js';
import { createComparison } from './similarity.js';
import { EDGES } from './sizes.js';

interface Setting {
  format: 'jpeg' | 'webp' | 'avif';
  description: string;
  encode: (image: Sharp, quality: number) => Sharp;
}

const SETTINGS: Setting[] = [
  {
    format: 'jpeg',
    description: 'baseline, standard Huffman tables',
    encode: (image, quality) => image.jpeg({ quality, optimiseCoding: false }),
  },
  { format: 'jpeg', description: 'baseline', encode: (image, quality) => image.jpeg({ quality }) },
  {
    format: 'jpeg',
    description: 'progressive',
    encode: (image, quality) => image.jpeg({ quality, progressive: true }),
  },
  ...[0, 1, 2, 3, 4].map((effort): Setting => ({
    format: 'webp',
    description: `effort ${effort}`,
    encode: (image, quality) => image.webp({ quality, effort }),
  })),
  ...[1, 2, 3, 4].map((effort): Setting => ({
    format: 'avif',
    description: `effort ${effort}`,
    encode: (image, quality) => image.avif({ quality, effort }),
  })),
];

/** One point of the curve: one image at one size. */
interface Point {
  quality: number;
  /** As a fraction of the peer's bytes. */
  bytes: number;
  cpuMsPerMegapixel: number;
}

/**
 * Prints a table and writes curve.json.
 * @param corpus a folder of images; uses its baseline JPEGs of 2 and 12 megapixels, or else all images
 */
export async function compareCurves(corpus: string, paths: BenchPaths): Promise<void> {
  const all = await listImages(corpus);
  const baseline = all.filter((name) => /^baseline-(2|12)mp[.]jpg$/.test(name));
  const points = SETTINGS.map((): Point[] => []);
  for (const name of baseline.length > 0 ? baseline : all) {
    const bytes = readFileSync(join(corpus, name));
    const compare = await createComparison(bytes);
    for (const edge of EDGES) {
      const box = { width: edge, height: edge, fit: 'inside', withoutEnlargement: true } as const;
      const pixels = await sharp(bytes)
        .autoOrient()
        .resize(box)
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      const peerRenditions = new Map<string, Buffer>();
      for (const [index, { format, encode }] of SETTINGS.entries()) {
        const reference =
          peerRenditions.get(format) ?? (await encodeWithPeer(join(corpus, name), edge, format));
        peerRenditions.set(format, reference);
        const similarity = await compare(reference);
        const point = await findLowest(async (quality) => {
          const image = sharp(pixels.data, { raw: pixels.info });
          const before = process.cpuUsage();
          const data = await encode(image, quality).toBuffer();
          const { user, system } = process.cpuUsage(before);
          if ((await compare(data)) < similarity) return undefined;
          const megapixels = (pixels.info.width * pixels.info.height) / 1e6;
          return {
            quality,
            bytes: data.length / reference.length,
            cpuMsPerMegapixel: (user + system) / 1e3 / megapixels,
          };
        });
        if (point) points[index]?.push(point);
      }
      process.stderr.write(`- ${name} at ${edge} px\n`);
    }
  }
  const rows = SETTINGS.map(({ format, description }, index) => {
    const valuesOf = (figure: keyof Point) => (points[index] ?? []).map((point) => point[figure]);
    return {
      format,
      words: description,
      points: points[index],
      quality: median(valuesOf('quality')),
      highestQuality: Math.max(...valuesOf('quality')),
      bytes: median(valuesOf('bytes')),
      cpuMsPerMegapixel: median(valuesOf('cpuMsPerMegapixel')),
    };
  });
  writeResults(paths, 'curve', { settings: rows });
  process.stdout.write(
    `at the peer's SSIM; bytes: as a fraction of the peer's\n${table(
      ['format', 'setting', 'quality', 'highest', 'bytes', 'CPU ms/MP'],
      rows.map((row) => [
        row.format,
        row.words,
        row.quality.toFixed(0),
        row.highestQuality.toFixed(0),
        row.bytes.toFixed(3),
        row.cpuMsPerMegapixel.toFixed(0),
      ]),
    )}`,
  );
}

/** Returns the peer's rendition. */
async function encodeWithPeer(
  file: string,
  edge: number,
  format: Setting['format'],
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'curve-'));
  try {
    return readFileSync(await modifyImage(sharp, file, folder, edge, format));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Finds the lowest quality with a point, by bisection. */
async function findLowest(measure: (quality: number) => Promise<Point | undefined>) {
  let low = 20;
  let high = 95;
  let best: Point | undefined;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const point = await measure(middle);
    if (point) {
      best = point;
      high = middle - 1;
    } else low = middle + 1;
  }
  return best;
}
