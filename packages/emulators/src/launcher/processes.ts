/** The processes of this machine that descend from a process. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Process ids: a process and its parent. */
type Pair = readonly [pid: number, parent: number];

/** @returns ids of all running descendants of a process, without itself */
export function descendantsOf(pid: number): number[] {
  const pairs = readFromProc() ?? readFromPs();
  const found = [pid];
  // A parent that has ended is not listed, so its descendants must be found before it ends.
  for (const ancestor of found) {
    found.push(...pairs.filter(([, parent]) => parent === ancestor).map(([child]) => child));
  }
  return found.slice(1);
}

/** Sends a signal to each process that still runs. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** Whether a process of this id runs, of whatever user. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Linux; `ps` is not part of every image. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readFromProc(): Pair[] | undefined {
  try {
    readFileSync('/proc/self/stat');
  } catch {
    return undefined;
  }
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The name of the program, in parentheses, may itself have spaces and parentheses.
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [[Number(name), Number(parent)] as const];
    } catch {
      return [];
    }
  });
}

/** macOS. */
function readFromPs(): Pair[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent] = line.trim().split(/\s+/).map(Number);
      return [pid ?? NaN, parent ?? NaN];
    });
}
