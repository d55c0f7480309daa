/** Finds the processes of functions on this machine, and their memory (Linux only). */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Returns the ids of the descendants of a process that run a function.
 *
 * @param target the function's name, as in FUNCTION_TARGET
 * @param ancestor the process that started the stack
 */
export function functionProcesses(target: string, ancestor = process.pid): number[] {
  const parents = readParents();
  const isDescendant = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || isDescendant(parent));
  };
  return [...parents.keys()].filter((pid) => {
    if (!isDescendant(pid)) return false;
    const isRuntime = read(`/proc/${pid}/cmdline`).includes('functionsEmulatorRuntime');
    return isRuntime && read(`/proc/${pid}/environ`).includes(`FUNCTION_TARGET=${target}\0`);
  });
}

/** Bytes per page in /proc/PID/statm, on x86-64, and on arm64 with 4 KiB pages. */
const PAGE_BYTES = 4096;

/** @returns resident memory of a process without its descendants, bytes; 0 when it has ended */
export function ownResidentBytes(pid: number): number {
  return Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE_BYTES;
}

/** @returns the most resident memory that a process ever had, bytes; 0 when it has ended */
export function peakResidentBytes(pid: number): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** @returns resident memory of a process and its descendants, bytes; 0 when it has ended */
export function residentBytes(pid: number): number {
  const parents = readParents();
  const sumOf = (id: number): number => {
    const children = [...parents].filter(([, parent]) => parent === id);
    return children.reduce((sum, [child]) => sum + sumOf(child), ownResidentBytes(id));
  };
  return sumOf(pid);
}

/** @returns the parent of each process, by process id */
function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The program's name is in parentheses and may itself contain parentheses and spaces (proc(5)).
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    parents.set(Number(name), Number(parent));
  }
  return parents;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended.
    return '';
  }
}
