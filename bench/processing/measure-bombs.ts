/** `npm run bench -- bombs`: the outcome of each malicious file, and its peak time and memory. */
import type { ProcessLimits } from '../../functions/src/processing/isolated-processor.js';
import { table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import type { Bomb } from './bomb.js';
import { BOMBS } from './bombs.js';
import { measureUpload, type UploadMeasurement } from './memory-watch.js';

interface Row extends Omit<UploadMeasurement, 'result'> {
  name: string;
  isHonest: boolean;
  isExpected: boolean;
  bytes: number;
}

/** Prints a table and writes bombs.json. @returns whether every outcome is an expected one */
export async function measureBombs(paths: BenchPaths): Promise<boolean> {
  const { root } = paths;
  const product = openProduct(root);
  const { openIsolatedProcessor } = product.isolated();
  const { PROCESS_LIMITS } = product.limits();
  const config = product.api().parseConfig({ BUCKET: 'bench' });

  const measure = async (bomb: Bomb) => {
    const { name, make, expected, limits, isHonest = false, maxSeconds = Infinity } = bomb;
    const bytes = await make(root);
    const processUpload = openIsolatedProcessor(PROCESS_LIMITS);
    const measurement = await measureUpload(processUpload, bytes, { ...config, ...limits });
    processUpload.close();
    // The results file has no renditions.
    delete measurement.result;
    const { outcome, seconds } = measurement;
    const isExpected = outcome !== 'crashed' && expected.includes(outcome) && seconds <= maxSeconds;
    return { name, isHonest, isExpected, bytes: bytes.length, ...measurement };
  };
  const rows: Row[] = [];
  for (const bomb of BOMBS) {
    process.stderr.write(`- ${bomb.name}\n`);
    rows.push(await measure(bomb));
  }
  writeResults(paths, 'bombs', { limits: PROCESS_LIMITS, bombs: rows });
  print(rows, PROCESS_LIMITS);
  return rows.every(({ isExpected }) => isExpected);
}

function print(rows: readonly Row[], { memory, seconds }: ProcessLimits): void {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const head = ['file', 'bytes', 'outcome', 'seconds', 'peak MiB', 'data MiB', 'note'];
  const lines = rows.map((row) => [
    row.name,
    String(row.bytes),
    row.outcome,
    row.seconds.toFixed(2),
    mebibytes(row.peakBytes),
    mebibytes(row.dataBytes),
    [row.isHonest ? 'valid' : '', row.isExpected ? '' : 'UNEXPECTED'].join(' ').trim(),
  ]);
  process.stdout.write(
    `one process per file, limited to ${mebibytes(memory)} MiB of data memory and ${seconds} s; ` +
      'valid: an image within every limit, which must become ready\n' +
      table(head, lines),
  );
}
