/**
 * SSIMULACRA2, version 2.1: the visible difference of two images as a score. 100 means none, 90 is not visible beside
 * the original, 70 is high quality, 50 medium, 30 low; very different images have negative scores.
 * Compares the images at six scales in the color space XYB, by structure (SSIM) and by edges that were added or lost.
 * The metric, its weights and its final polynomial are those of Jon Sneyers (Cloudinary).
 * @see https://github.com/cloudinary/ssimulacra2
 */
import type { Size } from '../../functions/src/domain/variant.js';
import { createBlur } from './blur.js';
import { toLinear, toXyb, type Planes } from './xyb.js';

/** RGB, 8 bits per channel, rows from top to bottom. */
export interface Rgb extends Size {
  data: Uint8Array;
}

/** Pixels: of a smaller image there is no scale to compare at. */
export const MIN_EDGE = 8;
const SCALES = 6;
/** The constant of SSIM that keeps its quotient stable. */
const C2 = 0.0009;

/**
 * Scores a distorted image against its original.
 * @returns at most 100
 * @throws Error when the sizes differ or an edge is shorter than MIN_EDGE
 */
export function ssimulacra2(original: Rgb, distorted: Rgb): number {
  checkSizes(original, distorted);
  let { width, height } = original;
  let linear = [toLinear(original.data), toLinear(distorted.data)] as [Planes, Planes];
  const scales: number[][][] = [];
  for (let scale = 0; scale < SCALES && Math.min(width, height) >= MIN_EDGE; scale++) {
    if (scale > 0) {
      linear = linear.map((planes) => halve(planes, width, height)) as [Planes, Planes];
      [width, height] = [Math.ceil(width / 2), Math.ceil(height / 2)];
    }
    const [first, second] = linear.map(toXyb) as [Planes, Planes];
    scales.push(
      first.map((plane, channel) => errorsOf(plane, second[channel] as Float32Array, width)),
    );
  }
  return scoreOf(scales);
}

function checkSizes(a: Rgb, b: Rgb): void {
  const isEqual = a.width === b.width && a.height === b.height;
  const isComplete = [a, b].every(({ data, width, height }) => data.length === width * height * 3);
  if (isEqual && isComplete && Math.min(a.width, a.height) >= MIN_EDGE) return;
  throw new Error(
    `expected two RGB images of one size from ${MIN_EDGE} pixels, found ${a.width} x ${a.height} and ` +
      `${b.width} x ${b.height}`,
  );
}

/** Averages squares of four pixels in linear light; an odd edge is repeated. */
function halve(planes: Planes, width: number, height: number): Planes {
  const [halfWidth, halfHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  return planes.map((plane) => {
    const half = new Float32Array(halfWidth * halfHeight);
    for (let y = 0; y < halfHeight; y++) {
      const top = 2 * y * width;
      const bottom = Math.min(2 * y + 1, height - 1) * width;
      for (let x = 0; x < halfWidth; x++) {
        const right = Math.min(2 * x + 1, width - 1);
        const sum =
          at(plane, top + 2 * x) +
          at(plane, top + right) +
          at(plane, bottom + 2 * x) +
          at(plane, bottom + right);
        half[y * halfWidth + x] = sum / 4;
      }
    }
    return half;
  }) as Planes;
}

const at = (plane: Float32Array, index: number) => plane[index] as number;

/**
 * The errors of one channel at one scale, as means and as 4-norms: of the structure, of added edges, of lost edges.
 * @returns in the order of WEIGHTS
 */
function errorsOf(a: Float32Array, b: Float32Array, width: number): number[] {
  const { length } = a;
  const blur = createBlur(width, length / width);
  const [meanA, meanB] = [blur(a), blur(b)];
  const [squareA, squareB, both] = [blur(product(a, a)), blur(product(b, b)), blur(product(a, b))];
  const sums = [0, 0, 0, 0, 0, 0] as [number, number, number, number, number, number];
  for (let i = 0; i < length; i++) {
    const [mA, mB] = [at(meanA, i), at(meanB, i)];
    const luminance = 1 - (mA - mB) * (mA - mB);
    const structure =
      (2 * (at(both, i) - mA * mB) + C2) /
      (at(squareA, i) - mA * mA + at(squareB, i) - mB * mB + C2);
    const dissimilarity = Math.max(0, 1 - luminance * structure);
    const edge = (1 + Math.abs(at(b, i) - mB)) / (1 + Math.abs(at(a, i) - mA)) - 1;
    const [added, lost] = [Math.max(0, edge), Math.max(0, -edge)];
    sums[0] += dissimilarity;
    sums[1] += added;
    sums[2] += lost;
    sums[3] += fourthPower(dissimilarity);
    sums[4] += fourthPower(added);
    sums[5] += fourthPower(lost);
  }
  return sums.map((sum, index) => (index < 3 ? sum / length : (sum / length) ** 0.25));
}

function product(a: Float32Array, b: Float32Array): Float32Array {
  const result = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = at(a, i) * at(b, i);
  return result;
}

/** Much faster than `**`. */
function fourthPower(value: number): number {
  const square = value * value;
  return square * square;
}

function scoreOf(scales: readonly (readonly number[][])[]): number {
  const weights = WEIGHTS.flat(2);
  // Channel by channel; with fewer scales, the weights of the next channel begin earlier, as in the reference.
  const errors = [0, 1, 2].flatMap((channel) => scales.flatMap((scale) => scale[channel] ?? []));
  const sum = errors.reduce((total, error, index) => total + error * (weights[index] as number), 0);
  const s = sum * 0.9562382616834844;
  const distance =
    6.248496625763138e-5 * s ** 3 - 0.020884521182843837 * s ** 2 + 2.326765642916932 * s;
  return distance > 0 ? 100 - 10 * distance ** 0.6276336467831387 : 100;
}

/**
 * By channel (X, Y, B), by scale from the largest; means of structure, added and lost edges, then their 4-norms.
 * Many were rounded to zero when the metric was fitted to people's judgments.
 */
const WEIGHTS: readonly (readonly (readonly number[])[])[] = [
  [
    [0.0, 0.0007376606707406586, 0.0, 0.0, 0.0007793481682867309, 0.0],
    [
      0.0, 0.0004371155730107379, 0.0, 1.1041726426657346, 0.00066284834129271,
      0.00015231632783718752,
    ],
    [0.0, 0.0016406437456599754, 0.0, 1.8422455520539298, 11.441172603757666, 0.0],
    [0.0007989109436015163, 0.000176816438078653, 0.0, 1.8787594979546387, 10.94906990605142, 0.0],
    [
      0.0007289346991508072, 0.9677937080626833, 0.0, 0.00014003424285435884, 0.9981766977854967,
      0.00031949755934435053,
    ],
    [0.0004550992113792063, 0.0, 0.0, 0.0013648766163243398, 0.0, 0.0],
  ],
  [
    [0.0, 0.0, 0.0, 7.466890328078848, 0.0, 17.445833984131262],
    [0.0006235601634041466, 0.0, 0.0, 6.683678146179332, 0.00037724407979611296, 1.027889937768264],
    [225.20515300849274, 0.0, 0.0, 19.213238186143016, 0.0011401524586618361, 0.001237755635509985],
    [176.39317598450694, 0.0, 0.0, 24.43300999870476, 0.28520802612117757, 0.0004485436923833408],
    [0.0, 0.0, 0.0, 34.77906344483772, 44.835625328877896, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
  ],
  [
    [0.0, 0.0008680556573291698, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0005313191874358747, 0.0, 0.00016533814161379112, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0004179171803251336, 0.0017290828234722833, 0.0],
    [0.0020827005846636437, 0.0, 0.0, 8.826982764996862, 23.19243343998926, 0.0],
    [
      95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0.0012286405048278493,
      171.2667255897307, 0.9807858872435379,
    ],
    [0.0, 0.0, 0.0, 0.0005130064588990679, 0.0, 0.00010854057858411537],
  ],
];
