/** The metadata of a file costs little time, whatever it says, and changes no rendition. */
import { parseConfig } from '../../functions/src/config/config.js';
import { ImageFailure } from '../../functions/src/errors.js';
import { processImage, type ProcessedImage } from '../../functions/src/processing/process-image.js';
import { measureCpu } from '../../functions/test/processing/cpu-time.js';
import {
  avifWith,
  gifWith,
  jpegWith,
  METADATA_FILES,
  pngWith,
  webpWith,
} from './metadata-files.js';

const settings = parseConfig({
  BUCKET: 'bucket',
  VARIANTS: 'w40:40',
  FORMATS: 'webp,jpeg',
  TIFF: 'true',
});
/** For one file, all threads; the same image without metadata takes about 10 ms. */
const MAX_CPU_SECONDS = 1;
const MAX_FILE_BYTES = 64 * 1024;

/** The renditions of the same images without metadata, by format. */
const plain: Record<string, Buffer[]> = {};
const dataOf = ({ renditions }: ProcessedImage) => renditions.map(({ data }) => data);
beforeAll(async () => {
  const files = {
    JPEG: await jpegWith(),
    PNG: await pngWith([]),
    WebP: await webpWith(0, []),
    GIF: gifWith([]),
    AVIF: await avifWith([]),
  };
  for (const [format, bytes] of Object.entries(files)) {
    plain[format] = dataOf(await processImage(bytes, settings));
  }
});

test.each(METADATA_FILES.map((file) => [file.name, file] as const))('%s', async (name, file) => {
  const bytes = await file.make();
  expect(bytes.length).toBeLessThanOrEqual(MAX_FILE_BYTES);
  const { result, seconds } = await measureCpu(() =>
    processImage(bytes, settings).catch((error: unknown) => error),
  );
  expect(seconds).toBeLessThan(MAX_CPU_SECONDS);
  const [format = ''] = name.split(':');
  if (file.isReady) expect(dataOf(result as ProcessedImage)).toEqual(plain[format]);
  // An ImageFailure, not a defect.
  else if (result instanceof Error) expect(result).toBeInstanceOf(ImageFailure);
});
