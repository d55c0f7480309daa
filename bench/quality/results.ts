/** What a run records, in bench/quality/results.json: the source of the table of settings and of the page. */
import type { CommonFormat } from '../../functions/src/domain/format.js';
import { median } from '../figures.js';
import { CHOSEN } from './encodings.js';
import { qualityFor, scoresAt, type Cost, type Point } from './curves.js';
import type { GraphicRow } from './graphics.js';
import type { Edge, Measurement } from './measure.js';

export const RESULTS_JSON = 'bench/quality/results.json';

/** Medians over photos. */
interface Figures {
  edge: Edge;
  /** The encoder's quality. */
  quality: number;
  /** Bits per pixel. */
  bits: number;
  /** CPU milliseconds per megapixel. */
  cpu: number;
  ssim: number;
  butteraugli?: number;
  /** SSIMULACRA2 of each photo. */
  scores: number[];
}

/** One encoder setting at one size, on all tuning photos. */
export interface Row extends Figures {
  encoding: string;
}

/** What the settings of QUALITY give, on one group of photos at one size; interpolated for the tuning photos. */
export interface Check extends Figures {
  group: Group;
  format: CommonFormat;
  target: number;
}

/** `tuning`: the table is derived from them. `others`: nothing is derived from them. */
export type Group = 'tuning' | 'others';

export interface QualityResults {
  date: string;
  machine: { node: string; sharp: string; cpu: string };
  photos: Record<Group, string[]>;
  /** What new installations have, SSIMULACRA2 points. */
  target: number;
  rows: Row[];
  checks: Check[];
  graphics: GraphicRow[];
}

/** Targets and edges of the table; between them, settings are interpolated. */
export const TARGETS = [60, 65, 70, 75, 80, 85, 90] as const;

export function summarize(measurements: readonly Measurement[]) {
  const of = (value: (m: Measurement) => number) => median(measurements.map(value));
  const distances = measurements.flatMap(({ butteraugli }) => butteraugli ?? []);
  return {
    bits: round(
      of(({ bytes, pixels }) => (bytes * 8) / pixels),
      4,
    ),
    cpu: round(
      of(({ cpuMs, pixels }) => (cpuMs * 1e6) / pixels),
      1,
    ),
    ssim: round(
      of(({ ssim }) => ssim),
      4,
    ),
    ...(distances.length > 0 && { butteraugli: round(median(distances), 3) }),
    scores: measurements.map(({ ssimulacra2 }) => round(ssimulacra2, 2)),
  };
}

export type QualityTable = Record<CommonFormat, Record<string, number[]>>;

/** The quality of each format, edge and target: format -> edge -> in the order of TARGETS. */
export function tableOf(rows: readonly Row[]): QualityTable {
  const formats = Object.entries(CHOSEN) as [CommonFormat, string][];
  return Object.fromEntries(
    formats.map(([format, encoding]) => {
      const own = rows.filter((row) => row.encoding === encoding);
      const edges = [...new Set(own.map(({ edge }) => edge))].sort((a, b) => a - b);
      const list = edges.map((edge) => {
        const curve: Point[] = own.filter((row) => row.edge === edge);
        return [edge, TARGETS.map((target) => qualityFor(curve, target))];
      });
      return [format, Object.fromEntries(list) as Record<string, number[]>];
    }),
  ) as QualityTable;
}

/** What an encoder setting gives at a quality between two that were measured, linear between them. */
export function rowAt(curve: readonly Row[], quality: number): Omit<Row, 'encoding' | 'edge'> {
  const at = (value: (row: Row) => number, digits: number) => {
    const points = curve.map((row) => ({ quality: row.quality, scores: [value(row)] }));
    return round(scoresAt(points, quality)[0] as number, digits);
  };
  return {
    quality,
    bits: at(({ bits }) => bits, 4),
    cpu: at(({ cpu }) => cpu, 1),
    ssim: at(({ ssim }) => ssim, 4),
    ...(curve.every(({ butteraugli }) => butteraugli !== undefined) && {
      butteraugli: at(({ butteraugli }) => butteraugli as number, 3),
    }),
    scores: scoresAt(curve, quality).map((score) => round(score, 2)),
  };
}

export function costOf({ bits, cpu, scores }: Row): Cost {
  return { bits, cpu, score: median(scores) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
