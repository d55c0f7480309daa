/** `migrate verify`: whether every old image has a new one that is ready, and shows the same picture. */
import { reasonOf } from '../../errors.js';
import type { ImageRecord } from '../../domain/records.js';
import { HELD, stateOf, type Access, type ImageState } from './image-state.js';
import { forEachOf } from './pool.js';
import { REASONS, type OldImage, type Survey } from './survey.js';

export interface VerifyContext extends Access {
  /** The bytes of a rendition; undefined when it does not exist. */
  readRendition: (name: string) => Promise<Buffer | undefined>;
  /** SSIM of two files, 1 if they show the same; throws if one can't be decoded. */
  compare: (expected: Buffer, actual: Buffer) => Promise<number>;
  onProgress: (done: number, total: number) => void;
}

export interface VerifyReport {
  images: number;
  ready: number;
  /** Owners have uploaded other images over these. */
  replaced: number;
  /** What does not agree, and what was left out. */
  exceptions: { of: string; what: string }[];
  /** SSIM of the samples; the least one, and how many could be compared. */
  samples: { count: number; least: number };
}

/** Images at the same time. */
const CONCURRENCY = 20;
/** Below, two pictures count as different: other encoders and sizes of the same picture are above 0.95. */
const SAME_PICTURE = 0.8;

/** @param samples number of images whose pictures are compared */
export async function verify(
  { images, exceptions }: Survey,
  samples: number,
  context: VerifyContext,
): Promise<VerifyReport> {
  const report: VerifyReport = {
    images: images.length,
    ready: 0,
    replaced: 0,
    exceptions: exceptions.map(({ of, reason }) => ({ of, what: REASONS[reason] })),
    samples: { count: 0, least: 1 },
  };
  const step = Math.max(1, images.length / Math.max(1, samples));
  const sampled = new Set(
    Array.from({ length: Math.min(samples, images.length) }, (_, at) => Math.floor(at * step)),
  );
  let done = 0;
  await forEachOf(images.entries(), CONCURRENCY, async ([index, image]) => {
    const found = await stateOf(image, context);
    const what = problemOf(image, found);
    if (what !== undefined) report.exceptions.push({ of: image.object.name, what });
    else if ('record' in found) {
      report.ready += 1;
      if (found.isReplaced) report.replaced += 1;
      else if (sampled.has(index)) await compareSample(image, found.record, report, context);
    }
    done += 1;
    context.onProgress(done, images.length);
  });
  return report;
}

/** What keeps an old image from being replaced by the new one; undefined: nothing. */
export function problemOf({ object }: OldImage, found: ImageState): string | undefined {
  switch (found.state) {
    case 'absent':
      return 'was not copied, or its copy was deleted';
    case 'outdated':
      return 'was overwritten since it was copied: run "migrate run" again';
    case 'processing':
      return 'copied, not ready yet';
    case 'held':
      return HELD;
    case 'failed':
      return `failed: ${found.record.error?.code ?? 'unknown'}`;
    case 'ready': {
      const { copy, record, isReplaced } = found;
      if (isReplaced) return undefined;
      if (copy.bytes !== object.bytes || record.original.bytes !== object.bytes) {
        return `expected ${object.bytes} bytes, found ${copy.bytes} in the copy and ${record.original.bytes} in its record`;
      }
      if (copy.crc32c !== object.crc32c) return 'expected the same checksum, found another';
      return Object.keys(record.variants ?? {}).length === 0
        ? 'ready, but without variants'
        : undefined;
    }
  }
}

/** Compares a rendition with the largest resized file, or with the old original if there is none. */
async function compareSample(
  { object, resized }: OldImage,
  record: ImageRecord<number>,
  report: VerifyReport,
  { migration, readRendition, compare }: VerifyContext,
): Promise<void> {
  const name = renditionOf(record);
  if (name === undefined) return;
  const [expected, actual] = await Promise.all([
    migration.readObject(resized[0] ?? object),
    readRendition(name),
  ]);
  if (expected === undefined || actual === undefined) {
    const of = actual === undefined ? 'a rendition' : 'the old object';
    report.exceptions.push({ of: object.name, what: `${of} does not exist` });
    return;
  }
  try {
    const similarity = await compare(expected, actual);
    report.samples.count += 1;
    report.samples.least = Math.min(report.samples.least, similarity);
    if (similarity >= SAME_PICTURE) return;
    const what = `shows another picture: SSIM ${similarity.toFixed(2)}`;
    report.exceptions.push({ of: object.name, what });
  } catch (error) {
    report.exceptions.push({ of: object.name, what: `pictures not compared: ${reasonOf(error)}` });
  }
}

/** The smallest rendition that shows the whole image: enough to compare, and few bytes. */
function renditionOf({ variants = {} }: ImageRecord<number>): string | undefined {
  const whole = Object.values(variants)
    .filter(({ cropped, altered }) => cropped !== true && altered === undefined)
    .sort((a, b) => a.width - b.width);
  const [first] = whole.filter(({ width }) => width >= MIN_WIDTH).concat(whole.slice(-1));
  return Object.values(first?.formats ?? {})[0]?.object;
}

/** Smaller renditions show too little, pixels. */
const MIN_WIDTH = 100;
