/** The processes of functions on this machine (Linux only): found, and killed. */
import { readdirSync, readFileSync } from 'node:fs';

/** Processes below this one that run a function. @returns their numbers */
export function functionProcesses(target: string): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The name of the program is in brackets and may hold anything.
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    parents.set(Number(name), Number(parent));
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === process.pid || isBelow(parent));
  };
  return [...parents.keys()].filter((pid) => {
    if (!isBelow(pid)) return false;
    const isRuntime = read(`/proc/${pid}/cmdline`).includes('functionsEmulatorRuntime');
    return isRuntime && read(`/proc/${pid}/environ`).includes(`FUNCTION_TARGET=${target}\0`);
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended while it was looked at.
    return '';
  }
}
