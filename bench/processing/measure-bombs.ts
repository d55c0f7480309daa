/** `npm run bench -- bombs`: how each bomb ends, and the most time and memory that it took. */
import type { ProcessLimits } from '../../functions/src/processing/isolated-processor.js';
import { table } from '../figures.js';
import type { Places } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import type { Bomb } from './bomb.js';
import { BOMBS } from './bombs.js';
import { watch, type Watched } from './memory-watch.js';

interface Row extends Omit<Watched, 'derived'> {
  name: string;
  isHonest: boolean;
  isExpected: boolean;
  bytes: number;
}

/** Prints a table and writes bombs.json. @returns whether each ended as it should */
export async function measureBombs(places: Places): Promise<boolean> {
  const { root } = places;
  const product = openProduct(root);
  const { openIsolatedProcessor } = product.isolated();
  const { PROCESS_LIMITS } = product.limits();
  const config = product.api().parseConfig({ BUCKET: 'bench' });

  const measure = async ({ name, make, expected, bounds, isHonest = false }: Bomb) => {
    const bytes = await make(root);
    const derive = openIsolatedProcessor(PROCESS_LIMITS);
    const watched = await watch(derive, bytes, { ...config, ...bounds });
    derive.close();
    // The renditions are nobody's business here.
    delete watched.derived;
    const isExpected = watched.outcome !== 'crashed' && expected.includes(watched.outcome);
    return { name, isHonest, isExpected, bytes: bytes.length, ...watched };
  };
  const rows: Row[] = [];
  for (const bomb of BOMBS) {
    process.stderr.write(`- ${bomb.name}\n`);
    rows.push(await measure(bomb));
  }
  writeResults(places, 'bombs', { limits: PROCESS_LIMITS, bombs: rows });
  print(rows, PROCESS_LIMITS);
  return rows.every(({ isExpected }) => isExpected);
}

function print(rows: readonly Row[], { memory, seconds }: ProcessLimits): void {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const head = ['bomb', 'bytes', 'outcome', 'seconds', 'peak MiB', 'data MiB', ''];
  const lines = rows.map((row) => [
    row.name,
    String(row.bytes),
    row.outcome,
    row.seconds.toFixed(2),
    mebibytes(row.peakBytes),
    mebibytes(row.dataBytes),
    [row.isHonest ? 'honest' : '', row.isExpected ? '' : 'UNEXPECTED'].join(' ').trim(),
  ]);
  process.stdout.write(
    `each in a process of its own, ${mebibytes(memory)} MiB of data and ${seconds} s; ` +
      'honest: a picture at the limits that an owner may upload\n' +
      table(head, lines),
  );
}
