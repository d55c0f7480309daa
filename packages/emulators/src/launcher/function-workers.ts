/**
 * Lets one process of a function answer several requests at once, as a 2nd-gen function does in
 * production. The emulator starts a process for each instead: a page with eight pictures would start
 * eight, a second of both cores each.
 */
import { loadModule, prototypeOf, replace } from './patch.js';

interface Worker {
  state: string;
}

interface Pool {
  getTriggerWorkers(triggerId: unknown, runtime: unknown): Worker[];
}

/** Replaces how a worker is found and how one is started. */
export function shareWorkers(): void {
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
        const running = starting.get(key);
        if (running) return running;
        const start = Promise.resolve(original.call(this, backend, trigger));
        starting.set(key, start);
        const done = () => void starting.delete(key);
        start.then(done, done);
        return start;
      },
  );
}
