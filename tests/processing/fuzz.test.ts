/**
 * A thousand damaged files of every kind, many to a process as in production: each ends as renditions
 * or as a failure of a known kind, and none takes the process with it. FUZZ_SEED and FUZZ_ROUNDS ask
 * for others; with FUZZ_REPORT the ends are counted out.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { watch } from '../../bench/processing/memory-watch.js';
import { parseConfig } from '../../functions/src/config/config.js';
import { openIsolatedProcessor } from '../../functions/src/processing/isolated-processor.js';
import type {
  ProcessedImage,
  ProcessSettings,
} from '../../functions/src/processing/process-image.js';
import { PROCESS_LIMITS } from '../../functions/src/processing/limits.js';
import { basesOf } from './fuzz-bases.js';
import { damaged } from './fuzz-damage.js';

const root = join(__dirname, '..', '..');
const script = join(root, 'functions', 'lib', 'processing', 'isolated-processor-child.js');
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 1000);
/** None takes a second when nothing else runs; the machine may be shared. */
const SECONDS = 20;

const plan: ProcessSettings = {
  ...parseConfig({ BUCKET: 'bucket', VARIANTS: 'w40:40,thumb:24x24:cover', FORMATS: 'webp,jpeg' }),
  maxPixels: 4_000_000,
  tiff: true,
};

/** What a damaged file may come to. */
const KNOWN = [
  'ready',
  'empty-file',
  'not-an-image',
  'unsupported-format',
  'damaged-image',
  'too-many-pixels',
  'too-much-memory',
];

test(`${ROUNDS} damaged files`, async () => {
  const bases = await basesOf(root);
  const ends = new Map<string, number>();
  const problems: string[] = [];
  const run = async (rounds: number[]) => {
    const derive = openIsolatedProcessor({ ...PROCESS_LIMITS, seconds: SECONDS }, script);
    for (const round of rounds) {
      const [name, base] = bases[round % bases.length] as (typeof bases)[number];
      const bytes = damaged(base, SEED, round);
      const before = derive.pid;
      const { outcome, detail, derived } = await watch(derive, bytes, plan);
      ends.set(outcome, (ends.get(outcome) ?? 0) + 1);
      const problem = (found: string) =>
        problems.push(`seed ${SEED}, round ${round}, ${name}: ${found}`);
      if (!KNOWN.includes(outcome)) problem(`${outcome} ${detail}`);
      if (isCrash(derive.pid, before, detail)) problem(`crashed: ${detail}`);
      if (derived) await check(derived).catch((error: unknown) => problem(String(error)));
    }
    derive.close();
  };
  const all = Array.from({ length: ROUNDS }, (_, round) => round);
  // Two processes at once, as the machines that run this have two cores.
  await Promise.all([0, 1].map((lane) => run(all.filter((round) => round % 2 === lane))));
  expect(problems).toEqual([]);
  expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(ROUNDS);
  // Damage that nothing survives, or that nothing notices, would prove little.
  if (ROUNDS >= 1000) {
    expect(ends.get('ready')).toBeGreaterThan(ROUNDS / 20);
    expect(ends.get('damaged-image')).toBeGreaterThan(ROUNDS / 20);
  }
  if (process.env['FUZZ_REPORT']) console.log(Object.fromEntries(ends));
}, 600_000);

/**
 * Whether the process ended by itself: it says so, or the upload was tried again in another, whose
 * number is there then. One that is renewed on purpose leaves none.
 */
function isCrash(pid: number | undefined, before: number | undefined, detail: string): boolean {
  if (/found (SIG|exit)/.test(detail)) return true;
  return before !== undefined && pid !== undefined && pid !== before;
}

/** Every variant in every format, each a picture of the size that it is said to have. */
async function check({ original, renditions }: ProcessedImage): Promise<void> {
  const { width, height } = original;
  if (!(width >= 1 && height >= 1 && width * height <= plan.maxPixels)) {
    throw new Error(`an original of ${width} x ${height}`);
  }
  const made = renditions.flatMap(({ variants, format }) => variants.map((v) => `${v}.${format}`));
  const wanted = plan.variants.flatMap(({ name }) => plan.formats.map((f) => `${name}.${f}`));
  if (made.sort().join() !== wanted.sort().join()) throw new Error(`renditions ${made.join()}`);
  for (const { format, width, height, data } of renditions) {
    const metadata = await sharp(data).metadata();
    const { info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
    const found = `${metadata.format} ${info.width} x ${info.height}`;
    if (found !== `${format} ${width} x ${height}`) throw new Error(`a rendition ${found}`);
  }
}
