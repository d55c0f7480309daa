/** A world of two images at rest; for tests of the doctor. */
import { openMemoryHarness, settle } from '../lifecycle/memory-harness.js';

export type Memory = ReturnType<typeof openMemoryHarness>;
export const CAT = 'originals/alice/cat';
export const DOG = 'originals/bob/dog';
export const CAT_RECORD = 'users/alice/images/cat';
/** What a folder of renditions could be called. */
export const UNKNOWN = 'unknown'.padEnd(43, '-');

export async function openSettled(): Promise<Memory> {
  const memory = openMemoryHarness();
  await memory.world.upload(CAT, 'cat');
  await memory.world.upload(DOG, 'dog');
  await settle(memory);
  return memory;
}

export function lifecycleContextOf({ world, backend, time }: Memory) {
  return { config: world.config, backend, now: () => time.now, log: () => {} };
}
