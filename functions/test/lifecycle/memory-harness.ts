/** A world that is all in memory. */
import { inMemoryBackend } from '../gcp/in-memory-backend.js';
import { TestHarness } from './test-harness.js';

export const NOW = Date.UTC(2026, 0, 1);

export function openMemoryHarness(parameters: Record<string, string> = {}) {
  const time = { now: NOW };
  const now = () => time.now;
  const backend = inMemoryBackend({ now });
  let generation = 1_700_000_000_000_000;
  const bucket = {
    put(name: string, data: Buffer) {
      generation += 1;
      const time = now();
      backend.originals.set(name, { generation: String(generation), data, locked: false, time });
      return Promise.resolve(String(generation));
    },
    delete(name: string) {
      backend.originals.delete(name);
      return Promise.resolve();
    },
  };
  const deleteOriginal = backend.objects.deleteOriginal.bind(backend.objects);
  // As Storage does, whoever deletes.
  backend.objects.deleteOriginal = async (name, deleted) => {
    await deleteOriginal(name, deleted);
    if (!backend.originals.has(name)) world.noticeDeleted(name);
  };
  const world = new TestHarness({ backend, bucket, tasks: backend.tasks, now, parameters });
  return { world, backend, time };
}

/** Handles all events and tasks there are, oldest first, until there are none; time passes for those that wait. */
export async function settle(
  { world, time }: Pick<ReturnType<typeof openMemoryHarness>, 'world' | 'time'>,
  handle = (job: Parameters<TestHarness['handle']>[0]) => world.handle(job),
): Promise<void> {
  for (let steps = 0; steps < 2000; steps++) {
    const event = world.events.shift();
    if (event) {
      await handle({ kind: 'event', event });
      continue;
    }
    const task = world.takeTask();
    if (task) {
      await handle({ kind: 'task', task });
      continue;
    }
    if (world.tasks.length === 0) return;
    time.now = Math.min(...world.tasks.map(({ at }) => at));
  }
  throw new Error('expected an end, found none after 2000 events and tasks');
}
