/** A world of two images at rest; for tests of the doctor. */
import { openMemory, settle } from '../lifecycle/memory-harness.js';

export type Memory = ReturnType<typeof openMemory>;
export const CAT = 'originals/alice/cat';
export const DOG = 'originals/bob/dog';
export const CAT_RECORD = 'users/alice/images/cat';
/** What a folder of renditions could be called. */
export const UNKNOWN = 'unknown'.padEnd(43, '-');

export async function openSettled(): Promise<Memory> {
  const memory = openMemory();
  await memory.world.upload(CAT, 'cat');
  await memory.world.upload(DOG, 'dog');
  await settle(memory);
  return memory;
}

export function keeperOf({ world, library, time }: Memory) {
  return { config: world.config, library, now: () => time.now, log: () => {} };
}
