/**
 * Lets one process of a function handle several requests at once, as a 2nd gen function does in
 * production. The emulator starts one process per concurrent request instead: a page with eight
 * images would start eight, each a second of CPU time on both cores.
 */
import { loadModule, prototypeOf, replace } from './patch.js';

interface Worker {
  state: string;
}

interface Pool {
  getTriggerWorkers(triggerId: unknown, runtime: unknown): Worker[];
}

/** Patches the selection of a worker and the start of a new one. */
export function allowConcurrentRequests(): void {
  const pool = prototypeOf(loadModule('emulator/functionsRuntimeWorker'), 'RuntimeWorkerPool');
  replace(
    pool,
    'getIdleWorker',
    (original) =>
      function getIdleWorker(this: unknown, triggerId, runtime) {
        const idle = original.call(this, triggerId, runtime);
        const workers = (this as Pool).getTriggerWorkers(triggerId, runtime);
        return idle ?? workers.find(({ state }) => state === 'BUSY');
      },
  );

  const emulator = prototypeOf(loadModule('emulator/functionsEmulator'), 'FunctionsEmulator');
  const starting = new Map<unknown, Promise<unknown>>();
  replace(
    emulator,
    'startRuntime',
    (original) =>
      function startRuntime(this: unknown, backend, trigger) {
        const key = (trigger as { id?: string } | undefined)?.id;
        const pending = starting.get(key);
        if (pending) return pending;
        const start = Promise.resolve(original.call(this, backend, trigger));
        starting.set(key, start);
        const remove = () => void starting.delete(key);
        start.then(remove, remove);
        return start;
      },
  );
}
