/** Compares the results of two originals that differ only in what a viewer cannot see. */
import { parseConfig } from '../../functions/src/config/config.js';
import type {
  ProcessedImage,
  ProcessSettings,
} from '../../functions/src/processing/process-image.js';

/** Variants at, below and far below the size of the files, and cropped. */
export const SETTINGS: ProcessSettings = parseConfig({
  BUCKET: 'bucket',
  VARIANTS: 'whole:300,half:60,small:20,square:30x30:cover',
  FORMATS: 'webp,jpeg,avif',
  TIFF: 'true',
});

/** Expects the placeholders and all renditions to be equal, byte for byte. */
export function expectEqual(actual: ProcessedImage, expected: ProcessedImage): void {
  expect(actual.placeholder).toEqual(expected.placeholder);
  expect(actual.renditions.map(summary)).toEqual(expected.renditions.map(summary));
}

const summary = ({ variants, format, data }: ProcessedImage['renditions'][number]) =>
  `${variants.join()} ${format} ${data.toString('base64')}`;
