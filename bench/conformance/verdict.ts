/** Compares what Chromium shows for an original and for its renditions. */
import type { Case, Expectation } from './case.js';
import type { NotShown, Shown, ShownAnimation, Size } from './chromium.js';
import { differenceOf } from './difference.js';
import type { Processed } from './product.js';

export interface Verdict {
  kind: 'same' | 'converted' | 'refused' | 'wrong';
  /** How it was converted, the failure code, or what is wrong. */
  detail: string;
  /** Color differences of the lossless rendition, CIEDE2000. */
  mean?: number;
  worst?: number;
}

export interface Result extends Verdict {
  /** A format of the suite, or a file name extension of a corpus. */
  format: string;
  row: string;
  name: string;
}

interface Tolerance {
  mean: number;
  worst: number;
}

/** The largest color differences that are accepted. */
export const TOLERANCES = {
  /** Of renditions encoded without loss: what remains is rounding, and chroma upsampling of the decoders. */
  lossless: { mean: 1.3, worst: 6 },
  /** Decoders differ in how they enlarge the chroma planes of AVIF. */
  subsampled: { mean: 1.5, worst: 12 },
  /** Of renditions at the default quality, which blur the edges of small pictures. */
  shipped: { mean: 4, worst: 35 },
  /** Two tone mappings of the same highlights. */
  toneMapped: { mean: 8, worst: 30 },
} as const satisfies Record<string, Tolerance>;

/** Photos, whose fine detail decoders enlarge in different ways. */
const CORPUS: Tolerance = { mean: 2, worst: 12 };
const UNLIMITED: Tolerance = { mean: Infinity, worst: Infinity };
/** Of smaller pictures, the quality at the default settings says nothing. */
const MIN_SHIPPED_EDGE = 16;

/** Shares of a duration: a frame may be shown this much longer or shorter. */
const DURATION_TOLERANCE = 0.02;

export type Rendition = {
  format: string;
  quality: 'lossless' | 'default';
  shown: Shown | NotShown;
};

/** @param reference what Chromium shows for the original, or for its stand-in */
export function judge(
  reference: Shown | NotShown,
  processed: Processed,
  renditions: readonly Rendition[],
  measure: Measure = {},
): Verdict {
  const { expected } = measure;
  if (processed.kind === 'error') return wrong(`threw ${processed.message}`);
  if (processed.kind === 'failed') return judgeFailure(reference, processed, expected);
  if (expected && 'refused' in expected) {
    return wrong(`expected ${expected.refused}, found renditions`);
  }
  if ('error' in reference && isCorpus(expected)) {
    return { kind: 'converted', detail: 'Chromium shows nothing' };
  }
  if ('error' in reference) {
    return wrong(`Chromium shows nothing (${reference.error}), found renditions`);
  }
  const { original } = processed;
  if (original.width !== reference.width || original.height !== reference.height) {
    const found = `${original.width} x ${original.height}`;
    return wrong(`expected ${reference.width} x ${reference.height}, found ${found}`);
  }
  let figures: Tolerance = { mean: 0, worst: 0 };
  for (const rendition of renditions) {
    const { format, quality, shown } = rendition;
    if ('error' in shown) return wrong(`Chromium does not show the ${format}: ${shown.error}`);
    const difference = worstDifference(reference, shown, format);
    if (quality === 'lossless') {
      figures = {
        mean: Math.max(figures.mean, difference.mean),
        worst: Math.max(figures.worst, difference.worst),
      };
    }
    const edge = Math.min(reference.fit.width, reference.fit.height);
    if (quality === 'default' && edge < MIN_SHIPPED_EDGE) continue;
    const tolerance = toleranceOf(quality, measure);
    if (difference.mean > tolerance.mean || difference.worst > tolerance.worst) {
      const text = `${difference.mean.toFixed(1)} mean, ${difference.worst.toFixed(1)} worst`;
      return {
        ...wrong(`color difference ${text} in ${format}, ${quality} quality`),
        ...difference,
      };
    }
  }
  return { ...judgeAnimation(reference, renditions, expected), ...figures };
}

const wrong = (detail: string): Verdict => ({ kind: 'wrong', detail });

type Measure = Pick<Case, 'expected' | 'tolerance'>;

function toleranceOf(quality: Rendition['quality'], { expected, tolerance }: Measure): Tolerance {
  if (tolerance === 'any') return UNLIMITED;
  if (tolerance === 'encoder') return TOLERANCES.shipped;
  const isHdr = expected && 'converted' in expected && expected.converted === 'tone-mapped';
  if (isHdr || tolerance === 'hdr') return TOLERANCES.toneMapped;
  // What an encoder loses of noise and dots says nothing about processing.
  if (quality === 'default') return tolerance === 'corpus' ? UNLIMITED : TOLERANCES.shipped;
  if (tolerance === 'corpus') return CORPUS;
  return tolerance === 'subsampled' ? TOLERANCES.subsampled : TOLERANCES.lossless;
}

function judgeFailure(
  reference: Shown | NotShown,
  { code, detail }: Processed & { kind: 'failed' },
  expected?: Expectation,
): Verdict {
  if (expected && 'refused' in expected) {
    return expected.refused === code
      ? { kind: 'refused', detail: code }
      : wrong(`expected ${expected.refused}, found ${code}: ${detail}`);
  }
  if ('error' in reference) return { kind: 'refused', detail: code };
  const isDamaged = reference.problem !== undefined;
  if (isCorpus(expected) && (isDamaged || LIMITS.has(code))) {
    return { kind: 'refused', detail: code };
  }
  return wrong(`Chromium shows it, found ${code}: ${detail}`);
}

/** Codes that a file may have although it is intact. */
const LIMITS = new Set(['unsupported-format', 'too-many-bytes', 'too-many-pixels', 'too-slow']);

const isCorpus = (expected?: Expectation) =>
  expected !== undefined && 'converted' in expected && expected.converted === 'corpus';

/** JPEG has no alpha: it is compared on white only. */
function worstDifference(reference: Shown, shown: Shown, format: string): Tolerance {
  const size = reference.fit;
  const white = differenceOf(size, reference.white, shown.white);
  if (format === 'jpeg' || [reference, shown].every(isOpaque)) return white;
  const all = [white, differenceOf(size, reference.black, shown.black)];
  return {
    mean: Math.max(...all.map(({ mean }) => mean)),
    worst: Math.max(...all.map(({ worst }) => worst)),
  };
}

const isOpaque = ({ white, black }: Shown) => Buffer.compare(white, black) === 0;

function judgeAnimation(
  { animation: reference, fit }: Shown,
  renditions: readonly Rendition[],
  expected?: Expectation,
): Verdict {
  const conversion = expected && 'converted' in expected ? expected : undefined;
  const webp = renditions.find(
    ({ format, quality }) => format === 'webp' && quality === 'lossless',
  )?.shown;
  const found = webp && 'animation' in webp ? webp.animation : undefined;
  if (reference && !found && isCorpus(expected)) {
    return { kind: 'converted', detail: 'first frame' };
  }
  if (reference && !found && conversion?.converted !== 'first frame') {
    return wrong(`expected ${reference.frames} frames, found a still image`);
  }
  if (!reference && found) return wrong(`expected a still image, found ${found.frames} frames`);
  const problem = reference && found && animationProblem(reference, found, fit);
  if (problem !== undefined) return wrong(problem);
  if (conversion === undefined || isCorpus(expected)) return { kind: 'same', detail: '' };
  const detail = conversion.converted === 'other' ? conversion.why : conversion.converted;
  return { kind: 'converted', detail };
}

function animationProblem(
  reference: ShownAnimation,
  found: ShownAnimation,
  size: Size,
): string | undefined {
  if (!isSameLoop(reference.loop, found.loop)) {
    return `expected ${loopText(reference.loop)}, found ${loopText(found.loop)}`;
  }
  const totals = [reference, found].map(({ durations }) => durations.reduce((a, b) => a + b, 0));
  const [expectedTotal = 0, total = 0] = totals;
  if (!isClose(expectedTotal, total)) {
    return `expected ${expectedTotal} ms in total, found ${total}`;
  }
  const [expectedScreens, screens] = [screensOf(reference), screensOf(found)];
  // Of long animations, only the first frames are known.
  const isComplete = [reference, found].every(({ frames, pixels }) => frames === pixels.length);
  if (isComplete && expectedScreens.length !== screens.length) {
    return `expected ${expectedScreens.length} different pictures, found ${screens.length}`;
  }
  const count = Math.min(expectedScreens.length, screens.length) - (isComplete ? 0 : 1);
  for (let i = 0; i < count; i++) {
    const [a, b] = [expectedScreens[i] as Screen, screens[i] as Screen];
    if (!isClose(a.duration, b.duration)) {
      return `expected picture ${i} to last ${a.duration} ms, found ${b.duration}`;
    }
    const { mean, worst } = differenceOf(size, a.pixels, b.pixels);
    if (mean > TOLERANCES.lossless.mean || worst > TOLERANCES.lossless.worst) {
      return `color difference ${mean.toFixed(1)} mean, ${worst.toFixed(1)} worst in picture ${i}`;
    }
  }
  return undefined;
}

interface Screen {
  pixels: Uint8Array;
  duration: number;
}

/** Takes equal frames in a row together: encoders merge them, and split those that last too long. */
function screensOf({ pixels, durations }: ShownAnimation): Screen[] {
  const screens: Screen[] = [];
  for (const [i, frame] of pixels.entries()) {
    const last = screens.at(-1);
    const duration = durations[i] as number;
    if (last && Buffer.compare(last.pixels, frame) === 0) last.duration += duration;
    else screens.push({ pixels: frame, duration });
  }
  return screens;
}

const isClose = (a: number, b: number) => Math.abs(a - b) <= Math.max(1, DURATION_TOLERANCE * a);

/** More repetitions than anybody watches are as good as for ever. */
const isSameLoop = (a: number, b: number) => a === b || (isEndless(a) && isEndless(b));
const isEndless = (loop: number) => loop === 0 || loop >= 65_535;
const loopText = (loop: number) => (loop === 0 ? 'to loop for ever' : `to play ${loop} times`);
