/** Processes a file in an isolated process and measures that process. */
import { readFileSync } from 'node:fs';
import type { IsolatedProcessor } from '../../functions/src/processing/isolated-processor.js';
import type {
  ProcessedImage,
  ProcessSettings,
} from '../../functions/src/processing/process-image.js';
import type { ImageFailure, ImageFailureCode } from '../../functions/src/errors.js';

export interface UploadMeasurement {
  /** `crashed`: any error other than an ImageFailure. */
  outcome: 'ready' | ImageFailureCode | 'crashed';
  /** The reason of a failure. */
  detail: string;
  result?: ProcessedImage;
  seconds: number;
  /** Peak resident memory, bytes; 0 on other systems than Linux. */
  peakBytes: number;
  /** Peak data memory, bytes: what the memory limit counts; 0 on other systems than Linux. */
  dataBytes: number;
}

const SAMPLE_INTERVAL_MS = 5;

/**
 * Processes one upload. The memory includes that of earlier uploads in the same process.
 * @param processUpload an idle processor
 */
export async function measureUpload(
  processUpload: IsolatedProcessor,
  bytes: Buffer,
  settings: ProcessSettings,
): Promise<UploadMeasurement> {
  const { pid } = processUpload;
  const peaks = { peakBytes: 0, dataBytes: 0 };
  const sample = () => {
    const status = readStatus(pid);
    peaks.peakBytes = Math.max(peaks.peakBytes, readBytes('VmHWM', status));
    peaks.dataBytes = Math.max(peaks.dataBytes, readBytes('VmData', status));
  };
  const timer = setInterval(sample, SAMPLE_INTERVAL_MS);
  const start = performance.now();
  try {
    const result = await processUpload(bytes, settings);
    sample();
    return { outcome: 'ready', detail: '', result, seconds: secondsSince(start), ...peaks };
  } catch (error) {
    sample();
    const { code: outcome, detail } = isImageFailure(error)
      ? error
      : { code: 'crashed' as const, detail: String(error) };
    return { outcome, detail, seconds: secondsSince(start), ...peaks };
  } finally {
    clearInterval(timer);
  }
}

/** Compares names: the compiled product and the sources have separate classes. */
const isImageFailure = (error: unknown): error is ImageFailure =>
  error instanceof Error && error.name === 'ImageFailure';

const secondsSince = (start: number) => (performance.now() - start) / 1000;

/** Reads proc_pid_status(5); empty when the process does not exist. */
function readStatus(pid: number | undefined): string {
  try {
    return pid === undefined ? '' : readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

function readBytes(field: 'VmHWM' | 'VmData', status: string): number {
  const [, kilobytes = '0'] = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status) ?? [];
  return Number(kilobytes) * 1024;
}
