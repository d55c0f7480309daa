/**
 * Processes a thousand damaged files of every kind, many per process as in production. Each must become
 * renditions or fail with a known code, and none may end its process. FUZZ_SEED and FUZZ_ROUNDS select
 * other damage; FUZZ_REPORT prints the number of files per outcome.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { measureUpload } from '../../bench/processing/memory-watch.js';
import { parseConfig } from '../../functions/src/config/config.js';
import { randomRuns } from '../../functions/test/long-tests.js';
import { runWithConcurrency } from '../../functions/src/processing/concurrency.js';
import type {
  ProcessedImage,
  ProcessSettings,
} from '../../functions/src/processing/process-image.js';
import { open } from './bomb-fixture.js';
import { createBaseFiles } from './fuzz-bases.js';
import { damage } from '../../functions/test/processing/fuzz-damage.js';

const root = join(__dirname, '..', '..');
/** The default seed also produces the rare outcome `too-many-pixels`. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 3);
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? randomRuns(1000));
/** Per file. None takes a second on an idle machine; the machine may be shared. */
const MAX_SECONDS = 20;
/** As many processes as typical test machines have cores. */
const PROCESSES = 2;

const settings: ProcessSettings = {
  ...parseConfig({ BUCKET: 'bucket', VARIANTS: 'w40:40,thumb:24x24:cover', FORMATS: 'webp,jpeg' }),
  maxPixels: 4_000_000,
  tiff: true,
};

/** The outcomes that a damaged file may have. */
const KNOWN_OUTCOMES = [
  'ready',
  'empty-file',
  'not-an-image',
  'unsupported-format',
  'damaged-image',
  'too-many-pixels',
  'too-much-memory',
];

test(`${ROUNDS} damaged files have known outcomes and end no process`, async () => {
  const baseFiles = await createBaseFiles(root);
  const counts = new Map<string, number>();
  const problems: string[] = [];
  const runRounds = async (rounds: number[]) => {
    const processUpload = open({ seconds: MAX_SECONDS });
    for (const round of rounds) {
      const [name, base] = baseFiles[round % baseFiles.length] as (typeof baseFiles)[number];
      const bytes = damage(base, SEED, round);
      const pidBefore = processUpload.pid;
      const { outcome, detail, result } = await measureUpload(processUpload, bytes, settings);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      const report = (problem: string) =>
        problems.push(`seed ${SEED}, round ${round}, ${name}: ${problem}`);
      // A count beyond its limit, not a time.
      const hasTooMany = outcome === 'too-slow' && /, found \d+$/.test(detail);
      if (!KNOWN_OUTCOMES.includes(outcome) && !hasTooMany) report(`${outcome} ${detail}`);
      if (hasCrashed(processUpload.pid, pidBefore, detail)) report(`crashed: ${detail}`);
      if (result) await check(result).catch((error: unknown) => report(String(error)));
    }
    processUpload.close();
  };
  const allRounds = Array.from({ length: ROUNDS }, (_, round) => round);
  await runWithConcurrency(
    PROCESSES,
    Array.from(
      { length: PROCESSES },
      (_, index) => () => runRounds(allRounds.filter((round) => round % PROCESSES === index)),
    ),
  );
  expect(problems).toEqual([]);
  expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(ROUNDS);
  // Damage that is always fatal, or never noticed, would test little.
  if (ROUNDS >= 1000) {
    expect(counts.get('ready')).toBeGreaterThan(ROUNDS / 20);
    expect(counts.get('damaged-image')).toBeGreaterThan(ROUNDS / 20);
  }
  if (process.env['FUZZ_REPORT']) console.log(Object.fromEntries(counts));
}, 600_000);

/**
 * Whether the process crashed: the failure says so, or the upload was retried in another process. A
 * process that is replaced on purpose leaves no pid until the next upload.
 */
function hasCrashed(
  pid: number | undefined,
  pidBefore: number | undefined,
  detail: string,
): boolean {
  if (/found (SIG|exit)/.test(detail)) return true;
  return pidBefore !== undefined && pid !== undefined && pid !== pidBefore;
}

/** Expects every variant in every format, each an image of the stated size. */
async function check({ original, renditions }: ProcessedImage): Promise<void> {
  const { width, height } = original;
  if (!(width >= 1 && height >= 1 && width * height <= settings.maxPixels)) {
    throw new Error(`an original of ${width} x ${height}`);
  }
  const actual = renditions.flatMap(({ variants, format }) =>
    variants.map((variant) => `${variant}.${format}`),
  );
  const expected = settings.variants.flatMap(({ name }) =>
    settings.formats.map((format) => `${name}.${format}`),
  );
  if (actual.sort().join() !== expected.sort().join()) {
    throw new Error(`renditions ${actual.join()}`);
  }
  for (const { format, width, height, data } of renditions) {
    const metadata = await sharp(data).metadata();
    const { info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
    const found = `${metadata.format} ${info.width} x ${info.height}`;
    if (found !== `${format} ${width} x ${height}`) throw new Error(`a rendition ${found}`);
  }
}
