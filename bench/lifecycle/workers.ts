/** Finds the processes of functions on this machine (Linux only). */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Returns the ids of the descendants of this process that run a function.
 *
 * @param target the function's name, as in FUNCTION_TARGET
 */
export function functionProcesses(target: string): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The program's name is in parentheses and may itself contain parentheses and spaces (proc(5)).
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    parents.set(Number(name), Number(parent));
  }
  const isDescendant = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === process.pid || isDescendant(parent));
  };
  return [...parents.keys()].filter((pid) => {
    if (!isDescendant(pid)) return false;
    const isRuntime = read(`/proc/${pid}/cmdline`).includes('functionsEmulatorRuntime');
    return isRuntime && read(`/proc/${pid}/environ`).includes(`FUNCTION_TARGET=${target}\0`);
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended.
    return '';
  }
}
