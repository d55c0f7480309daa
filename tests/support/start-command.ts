/** Runs `npm start` in tests, in the form of the stack that they run on. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Report } from '../../tools/dev/start/once.js';
import { eventually } from './eventually.js';
import { statusOf } from './http.js';
import { ROOT, testStack } from './stack.js';

const { form, official } = testStack();
/** Options of the command. */
export const KIND = ['--as', form, ...(official ? ['--official'] : [])];
const START = join(ROOT, 'tools', 'start.mjs');

/** Commands that are still running, to be killed when a test fails; each stops its stack when it ends. */
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

function run(args: string[]) {
  const child = spawn(process.execPath, [START, ...args], { cwd: ROOT });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Runs the command until it ends. */
export async function start(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = run(args);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

/** @returns the lines that `--once` prints */
export function reportsOf(stdout: string): Report[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);
}

/** Starts the command and waits for the last line of its output. */
export async function startAndWait() {
  const child = run(['--free-ports', ...KIND]);
  let stdout = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
      if (/\(answers \d+\)/.test(stdout)) resolve();
    });
    child.once('exit', () => reject(new Error(`npm start has ended: ${stdout}`)));
  });
  const demo = /Demo page +(\S+)/.exec(stdout)?.[1] ?? '';
  return { child, stdout, demo };
}

/** Waits until nothing answers at a URL. */
export const waitUntilStopped = (url: string) =>
  eventually(
    () => statusOf(url).catch(() => 'stopped'),
    (status) => expect(status).toBe('stopped'),
  );
