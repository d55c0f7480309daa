/** The encoders that the benchmark compares, each at several qualities. */
import type { Sharp } from 'sharp';
import type { CommonFormat } from '../../functions/src/domain/format.js';

export interface Encoding {
  format: CommonFormat;
  /** How it differs from the others of its format. */
  description: string;
  /** From the lowest to the highest. */
  qualities: readonly number[];
  encode: (image: Sharp, quality: number) => Sharp;
}

/** The last ones are what targets of 85 and more need. */
const QUALITIES = [40, 55, 70, 80, 90, 95, 98, 100];

const webp = (effort: number): Encoding => ({
  format: 'webp',
  description: `effort ${effort}`,
  qualities: QUALITIES,
  encode: (image, quality) => image.webp({ quality, effort }),
});

const jpeg = (
  description: string,
  options: { quantisationTable?: number; optimiseCoding?: boolean; trellisQuantisation?: boolean },
): Encoding => ({
  format: 'jpeg',
  description,
  qualities: QUALITIES,
  encode: (image, quality) => image.jpeg({ quality, ...options }),
});

/** By the name under which results are recorded. */
export const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'jpeg-0': jpeg('quantization table 0, standard Huffman tables', { optimiseCoding: false }),
  'jpeg-3': jpeg('quantization table 3, optimized Huffman tables', { quantisationTable: 3 }),
  'jpeg-3-trellis': jpeg('quantization table 3, trellis quantization', {
    quantisationTable: 3,
    trellisQuantisation: true,
  }),
  'webp-0': webp(0),
  'webp-1': webp(1),
  'webp-2': webp(2),
  'webp-4': webp(4),
  'avif-3': {
    format: 'avif',
    description: 'effort 3',
    qualities: [42, 54, 66, 78, 90],
    encode: (image, quality) => image.avif({ quality, effort: 3 }),
  },
};

export type EncodingName = keyof typeof ENCODINGS;

/** The encoding of each format that QUALITY uses: docs/reference/quality.md has the reasons. */
export const CHOSEN: Readonly<Record<CommonFormat, string>> = {
  jpeg: 'jpeg-3',
  webp: 'webp-1',
  avif: 'avif-3',
};
