/** Opens isolated processors for tests, and checks the outcome of the files in bench/processing. */
import { join } from 'node:path';
import type { Bomb } from '../../bench/processing/bomb.js';
import { BOMBS } from '../../bench/processing/bombs.js';
import { FOREIGN } from '../../bench/processing/disguised-files.js';
import { measureUpload } from '../../bench/processing/memory-watch.js';
import { parseConfig } from '../../functions/src/config/config.js';
import {
  openIsolatedProcessor,
  type IsolatedProcessor,
  type ProcessLimits,
} from '../../functions/src/processing/isolated-processor.js';
import type { ProcessSettings } from '../../functions/src/processing/process-image.js';
import { PROCESS_LIMITS } from '../../functions/src/processing/limits.js';

const root = join(__dirname, '..', '..');
/** The compiled child process; `npm test` builds it first. */
export const CHILD_SCRIPT = join(root, 'functions/lib/processing/isolated-processor-child.js');
export const SETTINGS: ProcessSettings = parseConfig({ BUCKET: 'bucket' });

export const open = (limits: Partial<ProcessLimits> = {}): IsolatedProcessor =>
  openIsolatedProcessor({ ...PROCESS_LIMITS, ...limits }, CHILD_SCRIPT);

export const bytesOf = async (name: string) =>
  (BOMBS.find((bomb) => bomb.name === name) as Bomb).make(root);

/** Expects one of the bomb's outcomes, within the memory limit and without the death of a process. */
export async function checkBomb(processUpload: IsolatedProcessor, bomb: Bomb): Promise<void> {
  const bytes = await bomb.make(root);
  const { pid } = processUpload;
  const measurement = await measureUpload(processUpload, bytes, { ...SETTINGS, ...bomb.limits });
  const { outcome, detail, result, seconds, peakBytes, dataBytes } = measurement;
  const isExpected = (bomb.expected as readonly string[]).includes(outcome);
  expect({ isExpected, outcome, detail }).toMatchObject({ isExpected: true });
  expect(seconds).toBeLessThan(bomb.maxSeconds ?? PROCESS_LIMITS.seconds);
  // A process that ends early is replaced, and the upload retried.
  if (pid !== undefined) expect([pid, undefined]).toContain(processUpload.pid);
  expect(peakBytes).toBeLessThan(PROCESS_LIMITS.memory);
  expect(dataBytes).toBeLessThanOrEqual(PROCESS_LIMITS.memory);
  for (const { data } of result?.renditions ?? []) {
    expect(data.length).toBeGreaterThan(0);
    expect(data.includes(FOREIGN)).toBe(false);
  }
}
