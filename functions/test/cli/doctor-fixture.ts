/** An in-memory project with two processed images, for tests of the doctor command. */
import { openMemoryHarness, settle } from '../lifecycle/memory-harness.js';

export type Memory = ReturnType<typeof openMemoryHarness>;
export const CAT = 'originals/alice/cat';
export const DOG = 'originals/bob/dog';
export const CAT_RECORD = 'users/alice/images/cat';
/** A valid name of a rendition folder that belongs to no image. */
export const UNKNOWN = 'unknown'.padEnd(43, '-');

export async function openSettled(): Promise<Memory> {
  const memory = openMemoryHarness();
  await memory.harness.upload(CAT, 'cat');
  await memory.harness.upload(DOG, 'dog');
  await settle(memory);
  return memory;
}

export function lifecycleContextOf({ harness, backend, time }: Memory) {
  return { config: harness.config, backend, now: () => time.now, log: () => {} };
}
