/** From scores at a few qualities to the quality that reaches a target. */
import { median } from '../figures.js';

/** Scores of several photos at one quality, in the order of the photos. */
export interface Point {
  quality: number;
  scores: readonly number[];
}

/** The most points by which the worst photo may be below the target. */
export const MAX_SHORTFALL = 15;
/** The most points by which the median may differ from the target. */
export const TOLERANCE = 2;

/** The scores at any quality, linear between two points; constant outside them. */
export function scoresAt(curve: readonly Point[], quality: number): number[] {
  const upper = curve.findIndex((point) => point.quality >= quality);
  const after = curve[upper === -1 ? curve.length - 1 : upper] as Point;
  const before = curve[Math.max(0, upper - 1)] as Point;
  const span = after.quality - before.quality;
  if (upper <= 0 || span === 0) return [...after.scores];
  const share = (quality - before.quality) / span;
  return after.scores.map((score, photo) => {
    const low = before.scores[photo] as number;
    return low + share * (score - low);
  });
}

/**
 * Chooses the quality whose median is nearest to the target. A quality at which the worst photo is more than
 * MAX_SHORTFALL points below the target counts only if there is no other within TOLERANCE.
 * @param curve from the lowest to the highest quality
 * @returns a whole number within the qualities of the curve
 */
export function qualityFor(curve: readonly Point[], target: number): number {
  const [first, last] = [curve[0] as Point, curve.at(-1) as Point];
  const candidates = Array.from(
    { length: last.quality - first.quality + 1 },
    (_, index) => first.quality + index,
  ).map((quality) => {
    const scores = scoresAt(curve, quality);
    const isSafe = Math.min(...scores) >= target - MAX_SHORTFALL;
    return { quality, isSafe, distance: Math.abs(median(scores) - target) };
  });
  const nearest = (list: typeof candidates) =>
    list.reduce((best, candidate) => (candidate.distance < best.distance ? candidate : best));
  const safe = candidates.filter(({ isSafe, distance }) => isSafe && distance <= TOLERANCE);
  return nearest(safe.length > 0 ? safe : candidates).quality;
}

/** One encoder setting: its cost and its score. */
export interface Cost {
  /** Bits per pixel. */
  bits: number;
  /** CPU milliseconds per megapixel. */
  cpu: number;
  score: number;
}

/** Whether no other setting is at least as good in bytes, CPU time and score, and better in one of them. */
export function isOnFront(cost: Cost, all: readonly Cost[]): boolean {
  return !all.some(
    (other) =>
      other.bits <= cost.bits &&
      other.cpu <= cost.cpu &&
      other.score >= cost.score &&
      (other.bits < cost.bits || other.cpu < cost.cpu || other.score > cost.score),
  );
}
