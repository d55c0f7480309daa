/**
 * Bounds the memory of a process where the kernel does not: gVisor, which Cloud Run may use, accepts RLIMIT_DATA
 * and does not enforce it for mapped memory.
 */
import { readFileSync } from 'node:fs';

/** Between two looks at a process, milliseconds: a decoder fills some 100 MB in this time. */
const INTERVAL_MS = 50;

/**
 * Looks at the resident memory of a process until stopped. Does nothing where there is no /proc (macOS, Windows):
 * there, only the development of this project decodes images.
 * @param maxBytes resident memory, bytes
 * @param onExceeded called once, with the bytes that were found
 * @returns stops
 */
export function watchMemory(
  pid: number,
  maxBytes: number,
  onExceeded: (bytes: number) => void,
): () => void {
  const timer = setInterval(() => {
    const bytes = residentMemory(pid);
    if (bytes === undefined) clearInterval(timer);
    else if (bytes > maxBytes) {
      clearInterval(timer);
      onExceeded(bytes);
    }
  }, INTERVAL_MS);
  return () => clearInterval(timer);
}

/**
 * @returns resident memory, bytes; undefined when the process has ended or the system has no /proc
 * @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
function residentMemory(pid: number): number | undefined {
  try {
    const [, kib] = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
