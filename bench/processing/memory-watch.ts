/** Renditions of one file in a bounded process of its own, and what that process took. */
import { readFileSync } from 'node:fs';
import type { IsolatedProcessor } from '../../functions/src/processing/isolated-processor.js';
import type {
  ProcessedImage,
  ProcessSettings,
} from '../../functions/src/processing/process-image.js';
import type { ImageFailure, ImageFailureCode } from '../../functions/src/errors.js';

export interface Watched {
  /** Another word when it failed in a way that it must not. */
  outcome: 'ready' | ImageFailureCode | 'crashed';
  /** Why it failed. */
  detail: string;
  derived?: ProcessedImage;
  seconds: number;
  /** The most that lay in memory at once, bytes; 0 elsewhere than on Linux. */
  peakBytes: number;
  /** The most that the process had asked for and might write to: what its limit counts. Bytes. */
  dataBytes: number;
}

const EVERY_MS = 5;

/** @param derive not used before: what earlier uploads took would be counted, too */
export async function watch(
  derive: IsolatedProcessor,
  bytes: Buffer,
  plan: ProcessSettings,
): Promise<Watched> {
  const { pid } = derive;
  const most = { peakBytes: 0, dataBytes: 0 };
  const look = () => {
    const status = statusOf(pid);
    most.peakBytes = Math.max(most.peakBytes, bytesOf('VmHWM', status));
    most.dataBytes = Math.max(most.dataBytes, bytesOf('VmData', status));
  };
  const timer = setInterval(look, EVERY_MS);
  const start = performance.now();
  try {
    const derived = await derive(bytes, plan);
    look();
    return { outcome: 'ready', detail: '', derived, seconds: secondsSince(start), ...most };
  } catch (error) {
    look();
    const known = isFailure(error) ? error : undefined;
    const { code: outcome, detail } = known ?? { code: 'crashed' as const, detail: String(error) };
    return { outcome, detail, seconds: secondsSince(start), ...most };
  } finally {
    clearInterval(timer);
  }
}

/** By its name: the product's classes are loaded more than once, from here and from there. */
const isFailure = (error: unknown): error is ImageFailure =>
  error instanceof Error && error.name === 'ImageFailure';

const secondsSince = (start: number) => (performance.now() - start) / 1000;

/** What Linux says of a process, proc_pid_status(5); nothing of one that is gone. */
function statusOf(pid: number | undefined): string {
  try {
    return pid === undefined ? '' : readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

function bytesOf(name: 'VmHWM' | 'VmData', status: string): number {
  const [, kilobytes = '0'] = new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status) ?? [];
  return Number(kilobytes) * 1024;
}
