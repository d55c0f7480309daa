/** Encodes photos and judges the results. What is measured is kept in a file, so that a run can be continued. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Encoders } from '../../functions/src/processing/encode.js';
import { openProduct } from '../product.js';
import { createPairs, similarity, toRgb } from '../processing/similarity.js';
import { butteraugli } from './butteraugli.js';
import { ssimulacra2 } from './ssimulacra2.js';

/** Pixels of the longer edge. */
export const EDGES = [200, 400, 800, 1600] as const;
export type Edge = (typeof EDGES)[number];

export interface EncodeCost {
  bytes: number;
  pixels: number;
  /** User and system time of the encoder, milliseconds. */
  cpuMs: number;
}

export interface Judgment {
  /** Against the original, resized once from all its pixels. */
  ssimulacra2: number;
  ssim: number;
  /** Absent where the program is not installed. */
  butteraugli?: number;
}

export type Measurement = EncodeCost & Judgment;

/** A photo at one size: the pixels that the product encodes, and what they should look like. */
export interface Sample {
  /** Identifies the photo and its pixels in the file of measurements. */
  key: string;
  pixels: Sharp;
  /** Number of pixels. */
  size: number;
  judge(encoded: Buffer): Promise<Judgment>;
}

/** How often an image is encoded: other processes on the machine only add to the time, so the least one counts. */
const ENCODES = 3;

/** @returns a function that opens a photo at a size, as the pipeline of the product decodes and resizes it */
export async function openPhoto(file: string, root: string) {
  const bytes = readFileSync(file);
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const renditions = await openProduct(root)
    .processing()
    .processImage(bytes, settingsFor(root), RAW_PIXELS);
  const pairWith = await createPairs(bytes);
  return (edge: Edge): Sample => {
    const rendition = renditions.renditions.find(({ variants }) => variants.includes(`w${edge}`));
    const { data, width, height } = rendition as (typeof renditions.renditions)[0];
    const channels = (data.length / width / height) as 3 | 4;
    const digest = createHash('sha256').update(data).digest('hex').slice(0, 8);
    return {
      key: `${name}-${digest}`,
      pixels: sharp(data, { raw: { width, height, channels } }),
      size: width * height,
      async judge(encoded) {
        const { expected, actual } = await pairWith(encoded);
        const pair = [toRgb(expected), toRgb(actual)] as const;
        const distance = await butteraugli(...pair);
        return {
          ssimulacra2: ssimulacra2(...pair),
          ssim: similarity(expected, actual),
          ...(distance !== undefined && { butteraugli: distance }),
        };
      },
    };
  };
}

/** Instead of encoded files, renditions are the pixels that the encoders get. */
const RAW_PIXELS: Encoders = {
  jpeg: (image) => image.raw(),
  webp: (image) => image.raw(),
  avif: (image) => image.raw(),
};

/** One variant for each of EDGES. */
function settingsFor(root: string) {
  const VARIANTS = EDGES.map((edge) => `w${edge}:${edge}x${edge}`).join();
  return openProduct(root).api().parseConfig({ BUCKET: 'bench', VARIANTS, FORMATS: 'jpeg' });
}

/** Encodes a sample; each returns what the file holds of an earlier run. */
export interface Measurements {
  cost: Measure<EncodeCost>;
  judge: Measure<Judgment>;
}

export type Measure<T> = (
  sample: Sample,
  encoding: string,
  encode: (image: Sharp) => Sharp,
) => Promise<T>;

/** Costs and judgments are apart, so that all costs can be measured before the judges occupy the machine. */
export function openMeasurements(root: string): Measurements {
  const file = join(root, '.local', 'bench-quality', 'measurements.jsonl');
  mkdirSync(dirname(file), { recursive: true });
  const known = new Map<string, unknown>();
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    if (line === '') continue;
    const [key, value] = JSON.parse(line) as [string, unknown];
    known.set(key, value);
  }
  const remember = async <T>(
    kind: keyof Measurements,
    { key: sample }: Sample,
    encoding: string,
    make: () => Promise<T>,
  ): Promise<T> => {
    const key = `${kind} ${sample} ${encoding} ${sharp.versions.sharp ?? ''}`;
    if (known.has(key)) return known.get(key) as T;
    const value = await make();
    known.set(key, value);
    appendFileSync(file, `${JSON.stringify([key, value])}\n`);
    return value;
  };
  return {
    cost: (sample, encoding, encode) =>
      remember('cost', sample, encoding, async () => {
        let cpuMs = Infinity;
        let bytes = 0;
        for (let run = 0; run < ENCODES; run++) {
          const start = process.cpuUsage();
          bytes = (await encode(sample.pixels.clone()).toBuffer()).length;
          const { user, system } = process.cpuUsage(start);
          cpuMs = Math.min(cpuMs, (user + system) / 1000);
        }
        return { bytes, pixels: sample.size, cpuMs };
      }),
    judge: (sample, encoding, encode) =>
      remember('judge', sample, encoding, async () =>
        sample.judge(await encode(sample.pixels.clone()).toBuffer()),
      ),
  };
}
