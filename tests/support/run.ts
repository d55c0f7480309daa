/** Runs a program to its end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Finished {
  code: number | null;
  out: string;
  err: string;
}

interface RunOptions {
  cwd?: string;
  /** The whole environment; that of this process by default. */
  env?: NodeJS.ProcessEnv;
  /** Expected exit code; 0 by default. */
  expect?: number | 'any';
}

/** @throws Error with the output, if the program ends with another exit code */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env, expect = 0 }: RunOptions = {},
): Promise<Finished> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === expect || expect === 'any') return { code, ...output };
  const command = [program, ...args].join(' ');
  throw new Error(
    `${command}: expected exit code ${expect}, found ${code}\n${output.out}${output.err}`,
  );
}
