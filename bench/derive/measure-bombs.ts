/** `npm run bench -- bombs`: how each bomb ends, and the most time and memory that it took. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type * as Bounded from '../../functions/src/derive/bounded.js';
import type * as Limits from '../../functions/src/derive/limits.js';
import type * as Product from '../../functions/src/lib.js';
import { table } from '../figures.js';
import type { Places } from '../places.js';
import type { Bomb } from './bomb.js';
import { BOMBS } from './bombs.js';
import { watch, type Watched } from './watch.js';

interface Row extends Omit<Watched, 'derived'> {
  name: string;
  isHonest: boolean;
  isExpected: boolean;
  bytes: number;
}

/** Prints a table and writes bombs.json. @returns whether each ended as it should */
export async function measureBombs({ root, out }: Places): Promise<boolean> {
  const load = createRequire(join(root, 'functions', 'package.json'));
  const { openBoundedDerive } = load('./lib/derive/bounded.js') as typeof Bounded;
  const { PROCESS_LIMITS } = load('./lib/derive/limits.js') as typeof Limits;
  const { parseConfig } = load('./lib/lib.js') as typeof Product;
  const config = parseConfig({ BUCKET: 'bench' });

  const measure = async ({ name, make, expected, bounds, isHonest = false }: Bomb) => {
    const bytes = await make(root);
    const derive = openBoundedDerive(PROCESS_LIMITS);
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
  mkdirSync(out, { recursive: true });
  const machine = {
    node: process.version,
    sharp: sharp.versions,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
  };
  const results = { machine, limits: PROCESS_LIMITS, bombs: rows };
  writeFileSync(join(out, 'bombs.json'), `${JSON.stringify(results, null, 2)}\n`);
  print(rows, PROCESS_LIMITS);
  return rows.every(({ isExpected }) => isExpected);
}

function print(rows: readonly Row[], { memory, seconds }: Bounded.ProcessLimits): void {
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
