/** Compares a processed image with an entry of tests/fixtures/cases/expected.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { thumbHashToAverageRGBA, thumbHashToRGBA } from 'thumbhash';
import type { ProcessedImage, Rendition } from '../../functions/src/processing/process-image.js';

const folder = join(__dirname, '..', 'fixtures', 'cases');

type Color = [red: number, green: number, blue: number];

/** One entry of `cases`; `about` in the file explains the fields. */
export interface ExpectedCase {
  name: string;
  kind: string;
  file: string;
  contentType: string | null;
  state: 'ready' | 'failed';
  error?: string[];
  size?: [width: number, height: number];
  variants?: Record<string, [width: number, height: number]>;
  colors?: { variant: string; tolerance: number; points: [x: number, y: number, color: Color][] }[];
  animation?: { loop: number[]; shows: [color: Color, milliseconds: number][]; within: number };
  placeholder?: { average: Color; within: number; even?: number };
}

export const { cases: CASES } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  cases: ExpectedCase[];
};

export const readCaseFile = ({ file }: ExpectedCase) => readFileSync(join(folder, file));

/** An image, or its failure code. */
export type CaseResult = ProcessedImage | { code: string };

/** Awaits `processImage`. @throws any error without a failure code */
export const toCaseResult = (processing: Promise<ProcessedImage>): Promise<CaseResult> =>
  processing.catch((error: unknown) => {
    // Not by class: the compiled product and the sources have separate classes.
    if (error instanceof Error && 'code' in error && error.name === 'ImageFailure') {
      return { code: String(error.code) };
    }
    throw error;
  });

/** @returns a sentence per difference; none when the result is as expected */
export async function describeDifferences(
  image: CaseResult,
  expected: ExpectedCase,
): Promise<string[]> {
  const found = 'code' in image ? image.code : 'ready';
  const states = expected.error ?? [expected.state];
  if (!states.includes(found)) return [`expected ${states.join(' or ')}, found ${found}`];
  if ('code' in image) return [];
  return [
    ...compareSizes(image, expected),
    ...(await compareColors(image, expected)),
    ...(expected.animation ? await compareAnimation(image, expected.animation) : []),
    ...(expected.placeholder ? comparePlaceholder(image, expected.placeholder) : []),
  ];
}

function compareSizes(image: ProcessedImage, { size, variants = {} }: ExpectedCase): string[] {
  const { width, height } = image.original;
  const differences: string[] = [];
  if (size && size.join() !== `${width},${height}`) {
    differences.push(`expected ${size.join(' x ')}, found ${width} x ${height}`);
  }
  for (const [name, expected] of Object.entries(variants)) {
    const renditions = renditionsOf(image, name);
    if (renditions.length === 0) differences.push(`no renditions of ${name}`);
    for (const rendition of renditions) {
      const found = [rendition.width, rendition.height].join(' x ');
      if (found !== expected.join(' x ')) {
        differences.push(`${name}: expected ${expected.join(' x ')}, found ${found}`);
      }
    }
  }
  return differences;
}

const renditionsOf = ({ renditions }: ProcessedImage, variant: string): Rendition[] =>
  renditions.filter(({ variants }) => variants.includes(variant));

async function compareColors(image: ProcessedImage, { colors = [] }: ExpectedCase) {
  const differences: string[] = [];
  for (const { variant, tolerance, points } of colors) {
    const renditions = renditionsOf(image, variant);
    if (renditions.length === 0) differences.push(`no renditions of ${variant}`);
    for (const { data, format } of renditions) {
      const pixels = await flatten(data);
      for (const [x, y, color] of points) {
        const found = pixels.colorAt(x, y);
        if (distance(found, color) <= tolerance) continue;
        const place = `${variant} ${format} at ${x}, ${y}`;
        differences.push(
          `${place}: expected ${color.join()}, found ${found.map(Math.round).join()}`,
        );
      }
    }
  }
  return differences;
}

/** Decodes a rendition, or one page of it, on a white background. */
async function flatten(data: Buffer, page = 0) {
  const { data: raw, info } = await sharp(data, { page })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  /** The mean of 3 x 3 pixels, clipped to the image. */
  const colorAt = (x: number, y: number): Color => {
    const sums = [0, 0, 0];
    const clip = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
    for (let i = 0; i < 9; i++) {
      const column = clip(Math.floor(x * width) + (i % 3) - 1, width);
      const row = clip(Math.floor(y * height) + Math.floor(i / 3) - 1, height);
      const start = (row * width + column) * channels;
      sums.forEach((sum, c) => (sums[c] = sum + (raw[start + c] as number)));
    }
    return sums.map((sum) => sum / 9) as Color;
  };
  return { colorAt };
}

/** The largest difference of a channel. */
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.slice(0, 3).map((level, c) => Math.abs(level - (b[c] as number))));

/** Frames whose centers differ by at most this many levels show the same picture. */
const SAME_PICTURE = 4;
/** Lossy compression. */
const FRAME_TOLERANCE = 14;

async function compareAnimation(
  { renditions }: ProcessedImage,
  { loop, shows, within }: NonNullable<ExpectedCase['animation']>,
): Promise<string[]> {
  const [widest] = renditions
    .filter(({ format }) => format === 'webp')
    .sort((a, b) => b.width - a.width);
  if (!widest) return ['no WebP'];
  const metadata = await sharp(widest.data, { pages: -1 }).metadata();
  const { pages = 1, delay = [] } = metadata;
  const found: [Color, number][] = [];
  for (let page = 0; page < pages; page++) {
    const color = (await flatten(widest.data, page)).colorAt(0.5, 0.5);
    const last = found.at(-1);
    if (last && distance(last[0], color) <= SAME_PICTURE) last[1] += delay[page] ?? 0;
    else found.push([color, delay[page] ?? 0]);
  }
  const isSame =
    found.length === shows.length &&
    shows.every(([color, milliseconds], i) => {
      const [foundColor, foundTime] = found[i] as [Color, number];
      const isOnTime = Math.abs(foundTime - milliseconds) <= within * milliseconds;
      return isOnTime && distance(foundColor, color) <= FRAME_TOLERANCE;
    });
  const differences: string[] = [];
  if (!isSame)
    differences.push(`expected ${JSON.stringify(shows)}, found ${JSON.stringify(found)}`);
  if (!loop.includes(metadata.loop ?? -1)) {
    differences.push(`expected loop ${loop.join(' or ')}, found ${metadata.loop}`);
  }
  return differences;
}

function comparePlaceholder(
  { placeholder }: ProcessedImage,
  { average, within, even }: NonNullable<ExpectedCase['placeholder']>,
): string[] {
  const hash = Buffer.from(placeholder.thumbhash, 'base64');
  const { r, g, b } = thumbHashToAverageRGBA(hash);
  const found = [r, g, b].map((level) => Math.round(level * 255));
  const differences: string[] = [];
  if (distance(found, average) > within) {
    differences.push(`placeholder: expected ${average.join()}, found ${found.join()}`);
  }
  const { rgba } = thumbHashToRGBA(hash);
  let worst = 0;
  for (let i = 0; i < rgba.length; i += 4) {
    worst = Math.max(worst, distance([...rgba.subarray(i, i + 3)], average));
  }
  if (even !== undefined && worst > even) {
    differences.push(
      `placeholder: expected at most ${even} from ${average.join()}, found ${worst}`,
    );
  }
  return differences;
}
