/** Compares the results of two originals. */
import type { ProcessedImage } from '../../functions/src/processing/process-image.js';

/** Expects the placeholders and all renditions to be equal, byte for byte. */
export function expectEqual(actual: ProcessedImage, expected: ProcessedImage): void {
  expect(actual.placeholder).toEqual(expected.placeholder);
  expect(actual.renditions.map(summary)).toEqual(expected.renditions.map(summary));
}

const summary = ({ variants, format, data }: ProcessedImage['renditions'][number]) =>
  `${variants.join()} ${format} ${data.toString('base64')}`;
