/** A local stack for benchmarks: the clients of StackContext, the doctor, test images. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { mersenne } from 'pure-rand/generator/mersenne';
import sharp from 'sharp';
import { quantile } from 'simple-statistics';
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { startStack, type Stack, type StackOptions } from '../../tools/dev/stack/stack.js';

/** The output of `storage-public-variants doctor --json`. */
export interface DoctorReport {
  checked: Record<string, number>;
  findings: { kind: string; what: string; of: string }[];
}

export class BenchFixture extends StackContext {
  readonly #root: string;
  readonly #process: Stack;
  readonly #parameterFile: string;

  constructor(root: string, stack: Stack, parameterFile: string) {
    super(stack.info);
    this.#root = root;
    this.#process = stack;
    this.#parameterFile = parameterFile;
  }

  /** The file with the output of emulators and functions. */
  get logFile(): string {
    return this.#process.logFile;
  }

  /** Runs `storage-public-variants doctor --json` without a grace period for recent uploads. */
  async doctor(): Promise<DoctorReport> {
    const script = join(this.#root, 'functions', 'lib', 'cli', 'main.js');
    const { projectId, bucket } = this.stack;
    const target = ['--project', projectId, '--bucket', bucket, '--params', this.#parameterFile];
    const args = [script, 'doctor', ...target, '--grace', '0', '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let json = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) json += chunk;
    return JSON.parse(json) as DoctorReport;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#process.stop();
  }
}

/**
 * Starts a stack and connects to it.
 *
 * @param root the repository
 * @param parameters parameters of the functions that differ from the defaults
 * @param options other functions instead of this project's, or functions whose processes handle one request each
 */
export async function openBenchFixture(
  root: string,
  parameters: Record<string, string>,
  options: Pick<StackOptions, 'functions' | 'single'> = {},
): Promise<BenchFixture> {
  const stack = await startStack({
    root,
    form: 'kit',
    freePorts: true,
    parameters,
    ...options,
  });
  const parameterFile = join(root, '.local', `${stack.info.projectId}.env`);
  const lines = Object.entries(parameters).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(parameterFile, lines.join(''));
  return new BenchFixture(root, stack, parameterFile);
}

/** Returns the color of an image; consecutive numbers give very different colors. */
export function colorOf(number: number): { r: number; g: number; b: number } {
  return { r: (number * 101) % 256, g: (number * 57) % 256, b: (number * 23) % 256 };
}

/** Returns a single-color JPEG that is different for each number. */
export function createImage(number: number): Promise<Buffer> {
  const background = colorOf(number);
  return sharp({ create: { width: 640 + (number % 64), height: 480, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** Returns a generator of numbers from 0 to 1, reproducible by the seed. */
export function seededRandom(seed: number): () => number {
  const generator = mersenne(seed);
  return () => uniformFloat64(generator);
}

/**
 * Returns a percentile, rounded to whole numbers; 0 without values.
 *
 * @param share from 0 to 1
 */
export function percentile(values: number[], share: number): number {
  return values.length === 0 ? 0 : Math.round(quantile(values, share));
}
