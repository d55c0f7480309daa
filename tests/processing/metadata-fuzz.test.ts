/**
 * Damaged metadata of every format costs little time. Each file is nearly all metadata, so most damage is in it.
 * FUZZ_SEED and FUZZ_ROUNDS select other damage. heif/bounds.test.ts does this for the boxes of HEIC.
 */
import { parseConfig } from '../../functions/src/config/config.js';
import { ImageFailure } from '../../functions/src/errors.js';
import { processImage } from '../../functions/src/processing/process-image.js';
import { randomRuns } from '../../functions/test/long-tests.js';
import { measureCpu } from '../../functions/test/processing/cpu-time.js';
import { damage } from '../../functions/test/processing/fuzz-damage.js';
import { METADATA_FILES } from './metadata-files.js';

const settings = parseConfig({
  BUCKET: 'bucket',
  VARIANTS: 'w40:40',
  FORMATS: 'jpeg',
  TIFF: 'true',
});
const SEED = Number(process.env['FUZZ_SEED'] ?? 5);
/** Per file. */
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? randomRuns(40));
/** Of one file, all threads. On an idle machine, the slowest takes 30 ms. */
const MAX_CPU_SECONDS = 1;

test.each(METADATA_FILES.map((file) => [file.name, file] as const))(
  'damaged %s',
  async (_name, file) => {
    const bytes = await file.make();
    let slowest = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const damaged = damage(bytes, SEED, round);
      const { result: error, seconds } = await measureCpu(() =>
        processImage(damaged, settings).then(
          () => undefined,
          (reason: unknown) => reason,
        ),
      );
      slowest = Math.max(slowest, seconds);
      // A failure code, not a defect.
      if (error !== undefined) expect(error).toBeInstanceOf(ImageFailure);
      if (slowest > MAX_CPU_SECONDS) {
        throw new Error(`expected ${MAX_CPU_SECONDS} s, found ${slowest}; round ${round}`);
      }
    }
    expect(slowest).toBeGreaterThan(0);
  },
);
