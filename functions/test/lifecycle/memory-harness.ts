/** A TestHarness whose bucket, records and queues are all in memory. */
import { inMemoryBackend } from '../gcp/in-memory-backend.js';
import { TestHarness, type Job } from './test-harness.js';

/** The initial time, milliseconds since 1970. */
export const NOW = Date.UTC(2026, 0, 1);

export type MemoryHarness = ReturnType<typeof openMemoryHarness>;

export function openMemoryHarness(parameters: Record<string, string> = {}) {
  const time = { now: NOW };
  const now = () => time.now;
  const backend = inMemoryBackend({
    now,
    revocationSeconds: () => harness.config.revocationSeconds,
  });
  let generation = 1_700_000_000_000_000;
  const bucket = {
    put(name: string, data: Buffer) {
      generation += 1;
      backend.originals.set(name, {
        generation: String(generation),
        data,
        hasDownloadToken: true,
        time: now(),
      });
      return Promise.resolve(String(generation));
    },
    delete(name: string) {
      backend.originals.delete(name);
      return Promise.resolve();
    },
  };
  const deleteOriginal = backend.objects.deleteOriginal.bind(backend.objects);
  // Storage emits the same event whether a client or a function deletes an object.
  backend.objects.deleteOriginal = async (name, deleted) => {
    await deleteOriginal(name, deleted);
    if (!backend.originals.has(name)) harness.noticeDeleted(name);
  };
  const harness: TestHarness = new TestHarness({
    backend,
    bucket,
    tasks: backend.tasks,
    now,
    parameters,
  });
  return { harness, backend, time };
}

/**
 * Makes all calls, then delivers all events and tasks, oldest first, until none are left. Advances the time when only scheduled tasks
 * are left.
 */
export async function settle(
  { harness, time }: { harness: TestHarness; time: { now: number } },
  handle: (job: Job) => Promise<unknown> = (job) => harness.handle(job),
): Promise<void> {
  for (let steps = 0; steps < 2000; steps++) {
    const call = harness.calls.shift();
    if (call) {
      await handle({ kind: 'call', call });
      continue;
    }
    const event = harness.events.shift();
    if (event) {
      await handle({ kind: 'event', event });
      continue;
    }
    const task = harness.takeTask();
    if (task) {
      await handle({ kind: 'task', task });
      continue;
    }
    if (harness.tasks.length === 0) return;
    time.now = Math.min(...harness.tasks.map(({ at }) => at));
  }
  throw new Error('expected no more calls, events or tasks after 2000, found some');
}
