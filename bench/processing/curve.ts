/**
 * `npm run bench -- curve`: at which quality an encoder comes to the peer's likeness, what it takes
 * then, and how many bytes it gives. The shipped settings were chosen from this table.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { picturesIn } from '../corpus.js';
import { median, table } from '../figures.js';
import type { Places } from '../paths.js';
import { writeResults } from '../results.js';
import { modifyImage } from './peer.js';
import { compareWith } from './similarity.js';
import { EDGES } from './sizes.js';

interface Setting {
  format: 'jpeg' | 'webp' | 'avif';
  words: string;
  encode: (image: Sharp, quality: number) => Sharp;
}

const SETTINGS: Setting[] = [
  {
    format: 'jpeg',
    words: 'baseline, standard Huffman tables',
    encode: (image, quality) => image.jpeg({ quality, optimiseCoding: false }),
  },
  { format: 'jpeg', words: 'baseline', encode: (image, quality) => image.jpeg({ quality }) },
  {
    format: 'jpeg',
    words: 'progressive',
    encode: (image, quality) => image.jpeg({ quality, progressive: true }),
  },
  ...[0, 1, 2, 3, 4].map((effort): Setting => ({
    format: 'webp',
    words: `effort ${effort}`,
    encode: (image, quality) => image.webp({ quality, effort }),
  })),
  ...[1, 2, 3, 4].map((effort): Setting => ({
    format: 'avif',
    words: `effort ${effort}`,
    encode: (image, quality) => image.avif({ quality, effort }),
  })),
];

/** One point of the curve: one picture at one size. */
interface Point {
  quality: number;
  /** By the peer's bytes. */
  bytes: number;
  cpuMsPerMegapixel: number;
}

/** Prints a table and writes curve.json. @param corpus a folder; its baseline JPEGs are used, or all */
export async function compareCurves(corpus: string, places: Places): Promise<void> {
  const all = await picturesIn(corpus);
  const named = all.filter((name) => /^baseline-(2|12)mp[.]jpg$/.test(name));
  const points = SETTINGS.map((): Point[] => []);
  for (const name of named.length > 0 ? named : all) {
    const bytes = readFileSync(join(corpus, name));
    const compare = await compareWith(bytes);
    for (const edge of EDGES) {
      const box = { width: edge, height: edge, fit: 'inside', withoutEnlargement: true } as const;
      const pixels = await sharp(bytes)
        .autoOrient()
        .resize(box)
        .toColourspace('srgb')
        .raw()
        .toBuffer({ resolveWithObject: true });
      const peers = new Map<string, Buffer>();
      for (const [index, { format, encode }] of SETTINGS.entries()) {
        const wanted = peers.get(format) ?? (await peer(join(corpus, name), edge, format));
        peers.set(format, wanted);
        const likeness = await compare(wanted);
        const point = await lowest(async (quality) => {
          const image = sharp(pixels.data, { raw: pixels.info });
          const before = process.cpuUsage();
          const data = await encode(image, quality).toBuffer();
          const { user, system } = process.cpuUsage(before);
          if ((await compare(data)) < likeness) return undefined;
          const megapixels = (pixels.info.width * pixels.info.height) / 1e6;
          return {
            quality,
            bytes: data.length / wanted.length,
            cpuMsPerMegapixel: (user + system) / 1e3 / megapixels,
          };
        });
        if (point) points[index]?.push(point);
      }
      process.stderr.write(`- ${name} at ${edge}\n`);
    }
  }
  const rows = SETTINGS.map(({ format, words }, index) => {
    const of = (figure: keyof Point) => (points[index] ?? []).map((point) => point[figure]);
    return {
      format,
      words,
      points: points[index],
      quality: median(of('quality')),
      highestQuality: Math.max(...of('quality')),
      bytes: median(of('bytes')),
      cpuMsPerMegapixel: median(of('cpuMsPerMegapixel')),
    };
  });
  writeResults(places, 'curve', { settings: rows });
  process.stdout.write(
    `at the peer's SSIM; bytes: by the peer's\n${table(
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

/** The peer's rendition. */
async function peer(file: string, edge: number, format: Setting['format']): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'curve-'));
  try {
    return readFileSync(await modifyImage(sharp, file, folder, edge, format));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bisection: the lowest quality for which there is a point. */
async function lowest(at: (quality: number) => Promise<Point | undefined>) {
  let low = 20;
  let high = 95;
  let best: Point | undefined;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const point = await at(middle);
    if (point) {
      best = point;
      high = middle - 1;
    } else low = middle + 1;
  }
  return best;
}
