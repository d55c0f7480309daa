/** From QUALITY, a target in SSIMULACRA2 points, to an encoder's quality. docs/reference/quality.md has the figures. */
import type { CommonFormat } from '../domain/format.js';
import type { Size } from '../domain/variant.js';
import { EDGES, QUALITIES, TARGETS } from './quality-table.js';

/**
 * @param target SSIMULACRA2 points
 * @param size of the rendition, pixels
 * @returns a whole number from 1 to 100; targets and sizes beyond the table have the value at its border
 */
export function encoderQuality(format: CommonFormat, target: number, size: Size): number {
  return qualityIn(QUALITIES[format], target, size);
}

/** @param qualities one row for each of EDGES, one column for each of TARGETS */
export function qualityIn(
  qualities: readonly (readonly number[])[],
  target: number,
  { width, height }: Size,
): number {
  const rows = qualities.map((row) => interpolate(TARGETS, row, target));
  // Sizes double from row to row.
  const edges = EDGES.map((edge) => Math.log2(edge));
  return Math.round(interpolate(edges, rows, Math.log2(Math.max(width, height))));
}

/** Linear between two places; constant outside them. @param places increasing */
function interpolate(places: readonly number[], values: readonly number[], at: number): number {
  const upper = places.findIndex((place) => place >= at);
  const index = upper === -1 ? places.length - 1 : upper;
  const before = Math.max(0, index - 1);
  const [from, to] = [places[before] as number, places[index] as number];
  const share = to === from ? 1 : Math.min(1, (at - from) / (to - from));
  const low = values[before] as number;
  return low + share * ((values[index] as number) - low);
}
