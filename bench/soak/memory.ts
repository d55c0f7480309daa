/** Samples the resident memory of processes (Linux only). */
import { residentBytes } from '../lifecycle/workers.js';

const SAMPLE_INTERVAL_MS = 1000;

export interface MemoryWatch {
  /** One sample per second, bytes. */
  readonly samples: number[];
  stop: () => void;
}

/**
 * @param findProcesses returns the ids of the processes to sum up; called for each sample
 * @param bytesOf returns the memory of one of them, by default with its child processes
 */
export function watchMemory(
  findProcesses: () => number[],
  bytesOf: (pid: number) => number = residentBytes,
): MemoryWatch {
  const samples: number[] = [];
  const timer = setInterval(() => {
    samples.push(findProcesses().reduce((sum, pid) => sum + bytesOf(pid), 0));
  }, SAMPLE_INTERVAL_MS);
  return { samples, stop: () => clearInterval(timer) };
}
