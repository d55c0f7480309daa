/** Writes results to files, with a description of the machine. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { BenchPaths } from './paths.js';

/** Writes `out/NAME.json`. */
export function writeResults({ out }: BenchPaths, name: string, results: object): void {
  const [cpu, ...others] = cpus();
  const machine = {
    node: process.version,
    sharp: sharp.versions,
    cpu: cpu?.model,
    cores: 1 + others.length,
  };
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify({ machine, ...results }, null, 2)}\n`);
}
