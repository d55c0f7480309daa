/** Butteraugli, by the program of libjxl (Debian: libjxl-devtools), where it is installed. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Rgb } from './ssimulacra2.js';

/** False after the first call has not found the program. */
let isInstalled = true;

/** @returns the 3-norm of the differences, 0 for none, about 1 for just visible; undefined without the program */
export async function butteraugli(original: Rgb, distorted: Rgb): Promise<number | undefined> {
  if (!isInstalled) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'butteraugli-'));
  try {
    const files = Object.entries({ original, distorted }).map(([name, { data, width, height }]) => {
      const file = join(folder, `${name}.ppm`);
      writeFileSync(file, Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), data]));
      return file;
    });
    const { stdout } = await promisify(execFile)('butteraugli_main', files);
    const [, norm] = /3-norm:\s*([0-9.]+)/.exec(stdout) ?? [];
    if (norm === undefined) throw new Error(`expected a line "3-norm:", found ${stdout}`);
    return Number(norm);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    isInstalled = false;
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
