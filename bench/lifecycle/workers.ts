/** Finds the processes of functions on this machine, and their memory (Linux only). */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Returns the ids of the descendants of a process that run a function.
 *
 * @param target the function's name, as in FUNCTION_TARGET; undefined: any function
 * @param ancestor the process that started the stack
 */
export function functionProcesses(target?: string, ancestor = process.pid): number[] {
  const parents = readParents();
  const isDescendant = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || isDescendant(parent));
  };
  return [...parents.keys()].filter((pid) => {
    if (!isDescendant(pid)) return false;
    const isRuntime = read(`/proc/${pid}/cmdline`).includes('functionsEmulatorRuntime');
    const name = target === undefined ? 'FUNCTION_TARGET=' : `FUNCTION_TARGET=${target}\0`;
    return isRuntime && read(`/proc/${pid}/environ`).includes(name);
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
  return sumOfTree(pid, ownResidentBytes);
}

/** @returns the sum of the most resident memory that a process and each of its descendants ever had, bytes */
export function peakTreeBytes(pid: number): number {
  return sumOfTree(pid, peakResidentBytes);
}

/** Ticks per second in /proc/PID/stat (proc(5)). */
const TICKS_PER_SECOND = 100;

/** @returns user and system time of a process and its descendants, also of those that have ended, seconds */
export function cpuSeconds(pid: number): number {
  // Numbers 14 to 17: user and system time, of the process and of the children that it has waited for.
  return sumOfTree(pid, (id) => sumOfTicks(id, 4));
}

/** @returns user and system time of a process alone, seconds */
export function ownCpuSeconds(pid: number): number {
  return sumOfTicks(pid, 2);
}

/** @param count of fields, from number 14 on */
function sumOfTicks(pid: number, count: number): number {
  const times = statFields(pid).slice(11, 11 + count);
  return times.reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

/** Sums a figure of a process and its descendants. */
function sumOfTree(pid: number, figureOf: (pid: number) => number): number {
  const parents = readParents();
  const sumOf = (id: number): number => {
    const children = [...parents].filter(([, parent]) => parent === id);
    return children.reduce((sum, [child]) => sum + sumOf(child), figureOf(id));
  };
  return sumOf(pid);
}

/** @returns the parent of each process, by process id */
function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [, parent] = statFields(Number(name));
    parents.set(Number(name), Number(parent));
  }
  return parents;
}

/** The fields of /proc/PID/stat from the state on, which is number 3 in proc(5). */
function statFields(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  // The program's name is in parentheses and may itself contain parentheses and spaces.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended.
    return '';
  }
}
