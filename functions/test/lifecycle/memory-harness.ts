/** A world that is all in memory. */
import { fakeLibrary } from '../gcp/in-memory-backend.js';
import { World } from './test-harness.js';

export const NOW = Date.UTC(2026, 0, 1);

export function openMemory(parameters: Record<string, string> = {}) {
  const time = { now: NOW };
  const now = () => time.now;
  const library = fakeLibrary({ now });
  let generation = 1_700_000_000_000_000;
  const bucket = {
    put(name: string, data: Buffer) {
      generation += 1;
      const time = now();
      library.originals.set(name, { generation: String(generation), data, locked: false, time });
      return Promise.resolve(String(generation));
    },
    delete(name: string) {
      library.originals.delete(name);
      return Promise.resolve();
    },
  };
  const deleteOriginal = library.objects.deleteOriginal.bind(library.objects);
  // As Storage does, whoever deletes.
  library.objects.deleteOriginal = async (name, deleted) => {
    await deleteOriginal(name, deleted);
    if (!library.originals.has(name)) world.noticeDeleted(name);
  };
  const world = new World({ library, bucket, tasks: library.tasks, now, parameters });
  return { world, library, time };
}

/** Handles all events and tasks there are, oldest first, until there are none; time passes for those that wait. */
export async function settle(
  { world, time }: Pick<ReturnType<typeof openMemory>, 'world' | 'time'>,
  handle = (job: Parameters<World['handle']>[0]) => world.handle(job),
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
