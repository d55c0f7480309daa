/**
 * Lets one process of a function handle several requests at once, as a 2nd gen function does in
 * production. The emulator starts one process per concurrent request instead: a page with eight
 * images would start eight, each a second of CPU time on both cores.
 */
import type { SingleRequestFunctions } from './messages.js';
import { loadModule, prototypeOf, replace } from './patch.js';

interface Worker {
  state: string;
}

interface Pool {
  getTriggerWorkers(triggerId: unknown, runtime: unknown): Worker[];
}

/**
 * Patches the selection of a worker and the start of a new one.
 * @param single functions that keep one process per request
 */
export function allowConcurrentRequests(single?: SingleRequestFunctions): void {
  const isSingle = (id: unknown) =>
    single?.functions.some((name) => String(id).endsWith(`-${name}`)) ?? false;
  const pool = prototypeOf(loadModule('emulator/functionsRuntimeWorker'), 'RuntimeWorkerPool');
  replace(
    pool,
    'getIdleWorker',
    (original) =>
      function getIdleWorker(this: unknown, triggerId, runtime) {
        const idle = original.call(this, triggerId, runtime);
        if (isSingle(triggerId)) return idle;
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
        if (isSingle(key)) return original.call(this, backend, trigger);
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
