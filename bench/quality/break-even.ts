/** From how many views of an upload further renditions pay: they cost once, and save bytes in each view. */
import type { CommonFormat } from '../../functions/src/domain/format.js';
import type { Check } from './results.js';

/** US dollars in us-central1, as docs/guides/cost.md has them; `processImage` has one CPU and 2 GiB. */
export const PRICES = {
  /** Instance time, with `processImage`'s one CPU and 2 GiB. */
  second: 0.000029,
  /** An object written to Cloud Storage. */
  write: 0.000005,
  storedGbMonth: 0.02,
  sentGb: 0.12,
};
/** How long an image is stored. */
export const MONTHS = 12;
/** Photos have 3:4 of the square of their longer edge. */
const PIXELS_PER_SQUARE = 0.75;
/** What is viewed. */
export const VIEWED_EDGE = 800;

export interface Cost {
  /** All sizes of one upload: CPU seconds, objects, bytes. */
  seconds: number;
  objects: number;
  bytes: number;
  /** US dollars, with storage for MONTHS. */
  upload: number;
  /** Bytes that a viewer of VIEWED_EDGE gets. */
  viewBytes: number;
  /** US dollars per view: the bytes alone, which all other costs of a view are the same beside. */
  view: number;
}

/**
 * @param formats that are made; the viewer gets the first
 * @param checks of one target and group
 */
export function costOfFormats(formats: readonly CommonFormat[], checks: readonly Check[]): Cost {
  const own = checks.filter(({ format }) => formats.includes(format));
  const pixels = (edge: number) => edge * edge * PIXELS_PER_SQUARE;
  const seconds = own.reduce((sum, { edge, cpu }) => sum + (pixels(edge) / 1e6) * (cpu / 1000), 0);
  const bytes = own.reduce((sum, { edge, bits }) => sum + (pixels(edge) * bits) / 8, 0);
  const viewed = own.find(({ format, edge }) => format === formats[0] && edge === VIEWED_EDGE);
  const viewBytes = (pixels(VIEWED_EDGE) * (viewed?.bits ?? 0)) / 8;
  return {
    ...{ seconds, bytes, viewBytes, objects: own.length },
    upload:
      seconds * PRICES.second +
      own.length * PRICES.write +
      (bytes / 1e9) * PRICES.storedGbMonth * MONTHS,
    view: (viewBytes / 1e9) * PRICES.sentGb,
  };
}

/** @returns views per upload from which `more` costs less than `less`; Infinity if it never does */
export function breakEven(less: Cost, more: Cost): number {
  const saved = less.view - more.view;
  return saved > 0 ? (more.upload - less.upload) / saved : Infinity;
}
